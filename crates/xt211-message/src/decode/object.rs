//! JSON objects that are read key by key.

use super::{
    Decoded,
    context::Context,
    json::{Reader, Start},
};
use crate::{ErrorKind, MessageError};

/// What is collected from a JSON object.
pub(super) trait Object<'a> {
    /// The kind of error if something else is there.
    const WRONG_TYPE: ErrorKind = ErrorKind::PartWrongType;

    /// Takes the value of a key, which is next.
    fn take(&mut self, key: &str, json: &mut Reader<'a>, context: &Context<'a, '_>) -> Decoded;
}

/// Reads an [`Object`], and says whether it was there: `null` is not.
pub(super) fn object<'a, O: Object<'a>>(
    object: &mut O,
    json: &mut Reader<'a>,
    context: &Context<'a, '_>,
) -> Decoded<bool> {
    match json.start()? {
        Start::Object => {}
        Start::Null => return Ok(false),
        Start::Other(found) => {
            let detail = format!("expected an object, found {found}");
            return Err(MessageError::new(O::WRONG_TYPE, detail).at(json.position()));
        }
    }
    let mut is_first = true;
    while let Some(key) = json.key(is_first)? {
        is_first = false;
        if let Err(error) = json.colon().and_then(|()| object.take(&key, json, context)) {
            // Where nothing else is known, it is where reading stopped.
            json.pass_if(b'}');
            return Err(error.or_at(json.position()).within(&key));
        }
    }
    Ok(true)
}

/// Reads a part of a message that may be there once; `null` is none.
pub(super) fn part<'a, O: Object<'a> + Default>(
    slot: &mut Option<O>,
    json: &mut Reader<'a>,
    context: &Context<'a, '_>,
) -> Decoded {
    let mut part = O::default();
    if object(&mut part, json, context)? {
        return put_part(slot, part);
    }
    Ok(())
}

/// Puts a part where there must not be one yet.
pub(super) fn put_part<T>(slot: &mut Option<T>, part: T) -> Decoded {
    if slot.is_some() {
        let detail = "found an object a second time".to_owned();
        return Err(MessageError::new(ErrorKind::Duplicate, detail));
    }
    *slot = Some(part);
    Ok(())
}

/// The longest key that has a meaning: `reading_datetime`, `PlannedStartTime`.
pub(super) const KEY_MAX: usize = 16;

/// A key in lower case, for comparison; empty for one that is too long to be known.
pub(super) fn lowered<'b>(key: &str, buffer: &'b mut [u8; KEY_MAX]) -> &'b [u8] {
    match buffer.get_mut(..key.len()) {
        Some(lowered) => {
            lowered.copy_from_slice(key.as_bytes());
            lowered.make_ascii_lowercase();
            lowered
        }
        None => &[],
    }
}

/// Passes over the value of a key that has no meaning.
pub(super) fn ignore(json: &mut Reader<'_>) -> Decoded {
    json.value().map(drop)
}
