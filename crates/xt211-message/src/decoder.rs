//! One message after the other.

use crate::{Message, MessageError, Register, Zone, decode::decode};

/// Decodes one message after the other, in the same memory.
///
/// A message that is not needed any more is given back by [`reclaim`](Self::reclaim), and the next
/// one is decoded without asking for memory: unless it has more registers than any before, escapes in
/// its texts, or an error. Who decodes now and then does well with [`Message::decode`].
///
/// ```
/// use time::UtcOffset;
/// use xt211_message::Decoder;
///
/// let mut decoder = Decoder::default();
/// for (bytes, count) in [
///     (&br#"{"data":{"reading_datetime":"2026-02-21 20:27:09","values":{"1.8.0":1}}}"#[..], 1),
///     (br#"{"data":{"reading_datetime":"2026-02-21 20:30:09","values":{"1.8.0":2,"2.8.0":0}}}"#, 2),
/// ] {
///     let message = decoder.decode(bytes, &UtcOffset::UTC)?;
///     assert_eq!(message.reading.as_ref().map(|reading| reading.registers.len()), Some(count));
///     decoder.reclaim(message);
/// }
/// # Ok::<(), xt211_message::MessageError>(())
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    /// Empty.
    room: Vec<Register<'static>>,
}

impl Decoder {
    /// Decodes a message, as [`Message::decode`] does.
    ///
    /// # Errors
    ///
    /// Says what is wrong where; see [`ErrorKind`](crate::ErrorKind).
    #[inline]
    pub fn decode<'a>(
        &mut self,
        bytes: &'a [u8],
        zone: &dyn Zone,
    ) -> Result<Message<'a>, MessageError> {
        decode(bytes, zone, std::mem::take(&mut self.room))
    }

    /// Takes back the memory of a message.
    #[inline]
    pub fn reclaim(&mut self, message: Message<'_>) {
        if let Some(reading) = message.reading {
            self.room = reading.registers.into_room();
        }
    }
}

#[cfg(test)]
mod tests {
    use time::UtcOffset;

    use super::*;

    #[test]
    fn one_after_the_other_and_each_as_if_it_were_alone() {
        let mut decoder = Decoder::default();
        for text in [
            r#"{"data":{"reading_datetime":"2026-02-21 20:27:09","values":{"1.8.0":1,"2.8.0":2}}}"#,
            r#"{"data":{"reading_datetime":"2026-02-21 20:30:09","values":{"16.7.0":3}}}"#,
            r#"{"Status":{"WakeUps":7}}"#,
            r#"{"data":5}"#,
        ] {
            let decoded = decoder.decode(text.as_bytes(), &UtcOffset::UTC);
            assert_eq!(decoded, Message::decode(text.as_bytes(), &UtcOffset::UTC));
            if let Ok(message) = decoded {
                decoder.reclaim(message);
            }
        }
    }

    #[test]
    fn memory_is_given_back() {
        let text = br#"{"data":{"reading_datetime":"2026-02-21 20:27:09","values":{"1.8.0":1}}}"#;
        let mut decoder = Decoder::default();
        let message = decoder.decode(text, &UtcOffset::UTC).unwrap();
        assert_eq!(decoder.room.capacity(), 0);
        decoder.reclaim(message);
        assert!(decoder.room.is_empty() && decoder.room.capacity() > 0);
    }
}
