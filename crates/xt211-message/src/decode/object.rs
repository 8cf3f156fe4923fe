//! JSON objects that are read key by key.

use std::{borrow::Cow, fmt};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::context::Context;
use crate::ErrorKind;

/// What is collected from a JSON object.
pub(super) trait Object<'a> {
    /// The kind of error if something else is there.
    const WRONG_TYPE: ErrorKind = ErrorKind::PartWrongType;

    /// Takes the value of a key.
    fn take<A: MapAccess<'a>>(
        &mut self,
        key: &Cow<'a, str>,
        map: &mut A,
        context: &Context<'a, '_>,
    ) -> Result<(), A::Error>;
}

/// Reads an [`Object`] in place, and says whether it was there: `null` is not.
pub(super) struct ObjectSeed<'s, 'a, 'z, O> {
    pub(super) object: &'s mut O,
    pub(super) context: &'s Context<'a, 'z>,
}

impl<'a, O: Object<'a>> ObjectSeed<'_, 'a, '_, O> {
    fn wrong_type<E: de::Error>(&self, found: &str) -> Result<bool, E> {
        let detail = format!("expected an object, found {found}");
        Err(self.context.fail(O::WRONG_TYPE, detail))
    }
}

impl<'a, O: Object<'a>> DeserializeSeed<'a> for ObjectSeed<'_, 'a, '_, O> {
    type Value = bool;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a, O: Object<'a>> Visitor<'a> for ObjectSeed<'_, 'a, '_, O> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while let Some(key) = map.next_key_seed(KeySeed)? {
            if let Err(error) = self.object.take(&key, &mut map, self.context) {
                return Err(self.context.within(&key, error));
            }
        }
        Ok(true)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(false)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.wrong_type(if value { "true" } else { "false" })
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        self.wrong_type("a number")
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        self.wrong_type("a number")
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        self.wrong_type("a number")
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        self.wrong_type("a string")
    }

    fn visit_seq<A: de::SeqAccess<'a>>(self, _: A) -> Result<Self::Value, A::Error> {
        self.wrong_type("an array")
    }
}

/// Reads a part of a message that may be there once; `null` is none.
pub(super) fn part<'a, O: Object<'a> + Default, A: MapAccess<'a>>(
    slot: &mut Option<O>,
    map: &mut A,
    context: &Context<'a, '_>,
) -> Result<(), A::Error> {
    let mut object = O::default();
    if map.next_value_seed(ObjectSeed { object: &mut object, context })? {
        return put_part(slot, object, context);
    }
    Ok(())
}

/// Puts a part where there must not be one yet.
pub(super) fn put_part<T, E: de::Error>(
    slot: &mut Option<T>,
    part: T,
    context: &Context<'_, '_>,
) -> Result<(), E> {
    if slot.is_some() {
        let detail = "found an object a second time".to_owned();
        return Err(context.fail(ErrorKind::Duplicate, detail));
    }
    *slot = Some(part);
    Ok(())
}

/// Reads a key, borrowed unless it has escapes.
struct KeySeed;

impl<'a> DeserializeSeed<'a> for KeySeed {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for KeySeed {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: de::Error>(self, key: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
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
pub(super) fn ignore<'a, A: MapAccess<'a>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}
