//! ASCII on its way into a line.

/// How much is put together at once: some fields.
pub(crate) const ROOM: usize = 256;

/// The room that a key or a value is written to.
const PADDED: usize = 24;

/// A few fields, put together byte by byte on the stack: a string would have to look at each
/// character and at its room each time.
pub(crate) struct Ascii<'b> {
    /// Apart from the length, which can stay in a register then.
    bytes: &'b mut [u8; ROOM],
    length: usize,
}

impl<'b> Ascii<'b> {
    /// The room for a field with its separator and its equals sign.
    const FIELD: usize = PADDED + PADDED + 2;

    #[inline]
    pub(crate) fn new(bytes: &'b mut [u8; ROOM]) -> Self {
        Self { bytes, length: 0 }
    }

    /// Appends what there is to a buffer, if there is no room for another field.
    #[inline]
    pub(crate) fn make_room(&mut self, buffer: &mut String) {
        if ROOM - self.length < Self::FIELD {
            self.flush(buffer);
        }
    }

    /// Appends what there is to a buffer.
    #[inline]
    pub(crate) fn flush(&mut self, buffer: &mut String) {
        // Cannot fail: all of it is ASCII.
        let text = self.bytes.get(..self.length).and_then(|bytes| str::from_utf8(bytes).ok());
        buffer.push_str(text.unwrap_or_default());
        self.length = 0;
    }

    /// Puts a byte, for which there has to be room.
    #[inline]
    pub(crate) fn put(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    /// Puts what is written to the front of a room and is as long as is returned.
    #[inline]
    pub(crate) fn put_padded(&mut self, write: impl FnOnce(&mut [u8; PADDED]) -> usize) {
        let place = self.bytes.get_mut(self.length..).and_then(<[u8]>::first_chunk_mut);
        if let Some(place) = place {
            self.length += write(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use xt211_message::Decimal;
    use xt211_obis::ObisCode;

    use super::*;

    #[test]
    fn more_than_there_is_room_for_at_once() {
        let key = ObisCode::new(255, 255, 255, 255, 255, 255);
        let value: Decimal = "-0.123456789012345678".parse().unwrap();
        let mut room = [0; ROOM];
        let (mut ascii, mut text) = (Ascii::new(&mut room), String::new());
        for _ in 0..20 {
            ascii.make_room(&mut text);
            ascii.put(b',');
            ascii.put_padded(|room| key.write_padded(b'_', room));
            ascii.put(b'=');
            ascii.put_padded(|room| value.write_padded(room));
        }
        ascii.flush(&mut text);
        assert_eq!(text, ",255-255:255_255_255_255=-0.123456789012345678".repeat(20));
    }
}
