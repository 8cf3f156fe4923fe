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
mod object;
#[cfg(test)]
mod properties;
mod reading;
mod scalar;
mod status;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::de::{self, DeserializeSeed, MapAccess};
use serde_json::Deserializer;
use time::OffsetDateTime;
use xt211_obis::ObisCode;

use self::{
    context::{Context, position},
    excerpt::Excerpt,
    fault::Part,
    object::{KEY_MAX, Object, ObjectSeed, ignore, lowered, part, put_part},
    reading::{Data, register, registers, time_missing},
    scalar::{Scalar, Slot},
};
use crate::{ErrorKind, Message, MessageError, Reading, Register, Zone};

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
        let text = str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
        if text.trim_ascii().is_empty() {
            let detail = "expected a message, found nothing".to_owned();
            return Err(MessageError::new(ErrorKind::Empty, String::new(), detail, None));
        }
        let context = Context::new(text, zone);
        let mut draft = Draft::default();
        let mut json = Deserializer::from_str(text);
        let seed = ObjectSeed { object: &mut draft, context: &context };
        let whole = seed
            .deserialize(&mut json)
            .and_then(|found| json.end().map(|()| found))
            .and_then(|found| draft.finish(found, &context));
        match whole {
            Ok(()) => Ok(draft.message),
            Err(error) => Err(context.into_error(&error)),
        }
    }
}

#[cold]
fn not_utf8(bytes: &[u8], offset: usize) -> MessageError {
    let byte = bytes.get(offset).copied().unwrap_or_default();
    let detail = format!("expected UTF-8, found the byte 0x{byte:02x} at byte {offset}");
    // Cannot fail: it is valid up to there.
    let before = bytes.get(..offset).and_then(|before| str::from_utf8(before).ok());
    MessageError::new(ErrorKind::NotUtf8, String::new(), detail, before.map(position))
}

/// A message of which not all keys are read, so that it is not clear yet whose time is whose.
#[derive(Default)]
struct Draft<'a> {
    message: Message<'a>,
    datetime: Option<Scalar<'a>>,
    first_boot: Option<Scalar<'a>>,
    flat: Vec<Register<'a>>,
    debug: Option<Scalar<'a>>,
    keys: FirstKeys<'a>,
}

impl<'a> Object<'a> for Draft<'a> {
    const WRONG_TYPE: ErrorKind = ErrorKind::UnknownShape;

    fn take<A: MapAccess<'a>>(
        &mut self,
        key: &Cow<'a, str>,
        map: &mut A,
        context: &Context<'a, '_>,
    ) -> Result<(), A::Error> {
        self.keys.note(key.clone());
        let slot = match lowered(key, &mut [0; KEY_MAX]) {
            b"data" => return self.take_data(map, context),
            b"status" => return part(&mut self.message.status, map, context),
            b"battery" => return part(&mut self.message.battery, map, context),
            b"debug" => Slot::Later(&mut self.debug),
            b"datetime" => Slot::Later(&mut self.datetime),
            b"first_boot" => Slot::Later(&mut self.first_boot),
            _ => {
                return match flat_code(key) {
                    Some(code) => register(&mut self.flat, code, map, context),
                    None => ignore(map),
                };
            }
        };
        slot.fill(map, Part::Message, context)
    }
}

impl<'a> Draft<'a> {
    fn take_data<A: MapAccess<'a>>(
        &mut self,
        map: &mut A,
        context: &Context<'a, '_>,
    ) -> Result<(), A::Error> {
        let mut data: Option<Data<'a>> = None;
        part(&mut data, map, context)?;
        match data {
            Some(data) => put_part(&mut self.message.reading, data.into_reading(context)?, context),
            None => Ok(()),
        }
    }

    /// Completes the message after its last key, if an object was found.
    fn finish<E: de::Error>(&mut self, found: bool, context: &Context<'a, '_>) -> Result<(), E> {
        if !found {
            let detail = "expected an object, found null".to_owned();
            return Err(context.fail(ErrorKind::UnknownShape, detail));
        }
        self.message.sent = match (self.flat.is_empty(), &self.message.reading) {
            (true, Some(_)) => self.datetime.and_then(|sent| sent.time(context.zone).ok()),
            (true, None) => self.time(Part::Message, context)?,
            (false, None) => Some(self.take_flat(context)?),
            (false, Some(_)) => {
                let detail = "expected one reading, found `data` and `obis_` keys".to_owned();
                return Err(context.fail(ErrorKind::TwoReadings, detail));
            }
        };
        self.message.debug = self.debug.is_some();
        match &self.message {
            Message { reading: None, status: None, battery: None, debug: false, .. } => {
                let detail = format!(
                    "expected `data`, `Status`, `battery` or `debug`, found {}",
                    self.keys.list()
                );
                Err(context.fail(ErrorKind::UnknownShape, detail))
            }
            _ => Ok(()),
        }
    }

    /// Makes the reading of a flat message, and returns its time.
    fn take_flat<E: de::Error>(&mut self, context: &Context<'a, '_>) -> Result<OffsetDateTime, E> {
        let Some(time) = self.time(Part::Reading, context)? else {
            return Err(context.within("datetime", time_missing(context)));
        };
        let mut first_boot = None;
        if let Some(scalar) = self.first_boot {
            let put = Slot::Flag(&mut first_boot).put(scalar, context.zone);
            put.map_err(|fault| {
                context.within("first_boot", context.fault(Part::Reading, &fault, scalar.json()))
            })?;
        }
        self.message.reading = Some(Reading {
            time,
            first_boot: first_boot.unwrap_or_default(),
            wait_time: None,
            registers: registers(std::mem::take(&mut self.flat), context)?,
        });
        Ok(time)
    }

    /// `datetime`, as the time of a part of the message.
    fn time<E: de::Error>(
        &self,
        part: Part,
        context: &Context<'a, '_>,
    ) -> Result<Option<OffsetDateTime>, E> {
        let mut time = None;
        if let Some(scalar) = self.datetime {
            let put = Slot::Time(&mut time).put(scalar, context.zone);
            put.map_err(|fault| {
                context.within("datetime", context.fault(part, &fault, scalar.json()))
            })?;
        }
        Ok(time)
    }
}

/// The code of a flat key, `obis_C_D_E`.
fn flat_code(key: &str) -> Option<ObisCode> {
    let (prefix, groups) = key.split_at_checked("obis_".len())?;
    if !prefix.eq_ignore_ascii_case("obis_") {
        return None;
    }
    let mut groups = groups.split('_').map(|group| {
        let is_number = group.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| group.parse().ok()).flatten()
    });
    let code = ObisCode::reduced(groups.next()??, groups.next()??, groups.next()??);
    groups.next().is_none().then_some(code)
}

/// The first keys of a message, to tell what it is if it is none of ours.
#[derive(Default)]
struct FirstKeys<'a> {
    keys: [Option<Cow<'a, str>>; 4],
    more: bool,
}

impl<'a> FirstKeys<'a> {
    fn note(&mut self, key: Cow<'a, str>) {
        match self.keys.iter_mut().find(|slot| slot.is_none()) {
            Some(slot) => *slot = Some(key),
            None => self.more = true,
        }
    }

    fn list(&self) -> String {
        let quoted = |key: &Cow<'a, str>| format!("`{}`", Excerpt(key));
        let mut list: Vec<_> = self.keys.iter().flatten().map(quoted).collect();
        match (list.is_empty(), self.more) {
            (true, _) => "no key".to_owned(),
            (false, false) => list.join(", "),
            (false, true) => {
                list.push("…".to_owned());
                list.join(", ")
            }
        }
    }
}
