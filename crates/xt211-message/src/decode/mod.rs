//! From bytes to a [`Message`], in one pass over the JSON.
//!
//! ```text
//! message = { datetime, data, Status, Battery, debug }      ; each may be missing
//!         / { datetime, first_boot, obis_C_D_E… }           ; the flat form of a reading
//! data    = { reading_datetime, first_boot, waittime, values: { CODE: value… } }
//! ```
//!
//! Keys match in either case, unknown ones are passed over, `null` is the same as nothing.

mod context;
mod excerpt;
mod fault;
mod json;
mod object;
mod position;
#[cfg(test)]
mod properties;
mod reading;
mod scalar;
mod status;
#[cfg(test)]
mod tests;

use time::OffsetDateTime;
use xt211_obis::ObisCode;

pub(crate) use self::excerpt::Segment;
use self::{
    context::Context,
    excerpt::Excerpt,
    fault::Part,
    json::{Reader, Scalar},
    object::{Object, object, part, put_part},
    reading::{Data, register, registers, time_missing},
    scalar::Slot,
};
use crate::{ErrorKind, Message, MessageError, Reading, Register, Zone};

/// What was decoded, or why it cannot be: boxed, since that is rare.
pub(crate) type Decoded<T = ()> = Result<T, Box<MessageError>>;

impl<'a> Message<'a> {
    /// Decodes a message of the module, in any of its dialects. Texts are borrowed from `bytes`
    /// where they have no escapes.
    ///
    /// Times without a zone are local times of `zone`.
    ///
    /// # Errors
    ///
    /// Says what is wrong where; see [`ErrorKind`].
    pub fn decode(bytes: &'a [u8], zone: &dyn Zone) -> Result<Self, MessageError> {
        decode(bytes, zone, Vec::new())
    }
}

/// Decodes a message whose registers are put into this empty room.
#[inline]
pub(crate) fn decode<'a>(
    bytes: &'a [u8],
    zone: &dyn Zone,
    room: Vec<Register<'a>>,
) -> Result<Message<'a>, MessageError> {
    let mut draft = Draft::default();
    match draft.read(bytes, zone, room) {
        Ok(()) => Ok(draft.message),
        Err(error) => Err(*error),
    }
}

/// Whether nothing but ASCII is there. The standard library looks at many bytes at once, but for those
/// behind the last 64: so these are the last ones a second time.
fn is_ascii(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks::<64>();
    let last = bytes.last_chunk::<64>().map_or(rest, <[u8; 64]>::as_slice);
    chunks.as_flattened().is_ascii() && last.is_ascii()
}

#[cold]
fn not_utf8(bytes: &[u8], offset: usize) -> Box<MessageError> {
    let byte = bytes.get(offset).copied().unwrap_or_default();
    let detail = format!("expected UTF-8, found the byte 0x{byte:02x} at byte {offset}");
    let before = bytes.get(..offset).unwrap_or_default();
    MessageError::new(ErrorKind::NotUtf8, detail).at(position::behind(before))
}

/// A message of which not all keys are read, so that it is not clear yet whose time is whose.
#[derive(Default)]
struct Draft<'a> {
    message: Message<'a>,
    datetime: Option<Scalar<'a>>,
    first_boot: Option<Scalar<'a>>,
    flat: Vec<Register<'a>>,
    debug: Option<Scalar<'a>>,
}

impl<'a> Object<'a> for Draft<'a> {
    const WRONG_TYPE: ErrorKind = ErrorKind::UnknownShape;

    fn take(
        &mut self,
        key: &[u8],
        json: &mut Reader<'a>,
        context: &Context<'a, '_>,
    ) -> Decoded<bool> {
        let slot = match key {
            b"data" => return self.take_data(json, context),
            b"status" => return put_part(&mut self.message.status, part(json, context)?),
            b"battery" => return put_part(&mut self.message.battery, part(json, context)?),
            b"debug" => Slot::Later(&mut self.debug),
            b"datetime" => Slot::Later(&mut self.datetime),
            b"first_boot" => Slot::Later(&mut self.first_boot),
            _ => {
                return match flat_code(key) {
                    Some(code) => register(&mut self.flat, code, json, context),
                    None => Ok(false),
                };
            }
        };
        slot.fill(json, Part::Message, context)
    }
}

impl<'a> Draft<'a> {
    fn read(&mut self, bytes: &'a [u8], zone: &dyn Zone, room: Vec<Register<'a>>) -> Decoded {
        // Most messages are, which is seen at once.
        if !is_ascii(bytes) {
            str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
        }
        if bytes.trim_ascii().is_empty() {
            return Err(MessageError::new(ErrorKind::Empty, "expected a message, found nothing"));
        }
        let context = Context::new(bytes, zone, room);
        let mut json = Reader::new(bytes);
        let is_there = object(self, &mut json, &context)?;
        json.end()?;
        if !is_there {
            let detail = "expected an object, found null";
            return Err(MessageError::new(ErrorKind::UnknownShape, detail));
        }
        self.finish(&context)
    }

    fn take_data(&mut self, json: &mut Reader<'a>, context: &Context<'a, '_>) -> Decoded<bool> {
        let data = part::<Data<'_>>(json, context)?;
        put_part(&mut self.message.reading, data.map(Data::into_reading).transpose()?)
    }

    /// Completes the message after its last key.
    fn finish(&mut self, context: &Context<'a, '_>) -> Decoded {
        self.message.sent = match (self.flat.is_empty(), &self.message.reading) {
            (true, Some(_)) => self.datetime.and_then(|sent| sent.time(context.zone).ok()),
            (true, None) => self.time(Part::Message, context)?,
            (false, None) => Some(self.take_flat(context)?),
            (false, Some(_)) => {
                let detail = "expected one reading, found `data` and `obis_` keys".to_owned();
                return Err(MessageError::new(ErrorKind::TwoReadings, detail));
            }
        };
        self.message.debug = self.debug.is_some();
        match &self.message {
            Message { reading: None, status: None, battery: None, debug: false, .. } => {
                let detail = format!(
                    "expected `data`, `Status`, `battery` or `debug`, found {}",
                    first_keys(context.text)
                );
                Err(MessageError::new(ErrorKind::UnknownShape, detail))
            }
            _ => Ok(()),
        }
    }

    /// Makes the reading of a flat message, and returns its time.
    fn take_flat(&mut self, context: &Context<'a, '_>) -> Decoded<OffsetDateTime> {
        let Some(time) = self.time(Part::Reading, context)? else {
            return Err(time_missing().within("datetime"));
        };
        let mut first_boot = None;
        if let Some(scalar) = self.first_boot {
            let put = Slot::Flag(&mut first_boot).put(scalar, context.zone);
            put.map_err(|fault| context.fault(Part::Reading, &fault, scalar).within("first_boot"))?;
        }
        self.message.reading = Some(Reading {
            time,
            first_boot: first_boot.unwrap_or_default(),
            wait_time: None,
            registers: registers(std::mem::take(&mut self.flat))?,
        });
        Ok(time)
    }

    /// `datetime`, as the time of a part of the message.
    fn time(&self, part: Part, context: &Context<'a, '_>) -> Decoded<Option<OffsetDateTime>> {
        let mut time = None;
        if let Some(scalar) = self.datetime {
            let put = Slot::Time(&mut time).put(scalar, context.zone);
            put.map_err(|fault| context.fault(part, &fault, scalar).within("datetime"))?;
        }
        Ok(time)
    }
}

/// The code of a flat key, `obis_C_D_E`.
fn flat_code(key: &[u8]) -> Option<ObisCode> {
    let (prefix, groups) = key.split_at_checked("obis_".len())?;
    if !prefix.eq_ignore_ascii_case(b"obis_") {
        return None;
    }
    let mut groups = str::from_utf8(groups).ok()?.split('_').map(|group| {
        let is_number = group.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| group.parse().ok()).flatten()
    });
    let code = ObisCode::reduced(groups.next()??, groups.next()??, groups.next()??);
    groups.next().is_none().then_some(code)
}

/// The first keys of a message, to tell what it is if it is none of ours.
fn first_keys(text: &[u8]) -> String {
    /// More are not told.
    const MAX: usize = 4;

    let mut json = Reader::new(text);
    // Cannot fail: it was read before.
    let _ = json.start();
    let mut list = String::new();
    for count in 0.. {
        let Ok(Some(key)) = json.key(count == 0) else { break };
        let _ = json.colon().and_then(|()| json.value());
        list += if count == 0 { "" } else { ", " };
        if count == MAX {
            list.push('…');
            break;
        }
        list += &format!("`{}`", Excerpt(&String::from_utf8_lossy(&key)));
    }
    if list.is_empty() { "no key".to_owned() } else { list }
}
