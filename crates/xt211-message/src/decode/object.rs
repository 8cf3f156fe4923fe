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

    /// Takes the value of a key, which is next; or says that the key has no meaning. Names are in
    /// lower case here.
    fn take(
        &mut self,
        key: &[u8],
        json: &mut Reader<'a>,
        context: &Context<'a, '_>,
    ) -> Decoded<bool>;

    /// Takes the next keys and their values as long as they are as modules mostly write them, for
    /// what there is much of; leaves others to [`take`](Self::take). Says whether it took one.
    #[inline]
    fn take_plain(&mut self, _: &mut Reader<'a>, _: &Context<'a, '_>, _is_first: bool) -> bool {
        false
    }
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
    loop {
        is_first &= !object.take_plain(json, context, is_first);
        let Some(key) = json.key(is_first)? else { return Ok(true) };
        is_first = false;
        if let Err(error) = member(object, &key, json, context) {
            // Where nothing else is known, it is where reading stopped.
            json.pass_if(b'}');
            return Err(error.or_at(json.position()).within(&String::from_utf8_lossy(&key)));
        }
    }
}

/// Reads what follows a key. As modules mostly write keys in lower case, that is tried first.
#[inline]
fn member<'a, O: Object<'a>>(
    object: &mut O,
    key: &[u8],
    json: &mut Reader<'a>,
    context: &Context<'a, '_>,
) -> Decoded {
    json.colon()?;
    if object.take(key, json, context)?
        || object.take(lowered(key, &mut [0; KEY_MAX]), json, context)?
    {
        return Ok(());
    }
    json.value().map(drop)
}

/// Reads a part of a message; `null` is none.
pub(super) fn part<'a, O: Object<'a> + Default>(
    json: &mut Reader<'a>,
    context: &Context<'a, '_>,
) -> Decoded<Option<O>> {
    let mut part = O::default();
    Ok(object(&mut part, json, context)?.then_some(part))
}

/// Puts a part, if there is one, where there must not be one yet.
pub(super) fn put_part<T>(slot: &mut Option<T>, part: Option<T>) -> Decoded<bool> {
    match (&slot, part) {
        (_, None) => {}
        (None, part) => *slot = part,
        (Some(_), Some(_)) => {
            let detail = "found an object a second time".to_owned();
            return Err(MessageError::new(ErrorKind::Duplicate, detail));
        }
    }
    Ok(true)
}

/// The longest key that has a meaning: `reading_datetime`, `PlannedStartTime`.
const KEY_MAX: usize = 16;

/// A key in lower case, for comparison; empty for one that is too long to be known.
#[cold]
fn lowered<'b>(key: &[u8], buffer: &'b mut [u8; KEY_MAX]) -> &'b [u8] {
    match buffer.get_mut(..key.len()) {
        Some(lowered) => {
            lowered.copy_from_slice(key);
            lowered.make_ascii_lowercase();
            lowered
        }
        None => &[],
    }
}
