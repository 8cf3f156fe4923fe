//! ASCII on its way into a line.

/// How much is put together at once: some fields.
pub(crate) const ROOM: usize = 256;

/// A few fields, put together byte by byte on the stack: a string would have to look at each
/// character and at its room each time.
pub(crate) struct Ascii<'b> {
    /// Apart from the length, which can stay in a register then.
    bytes: &'b mut [u8; ROOM],
    length: usize,
}

impl<'b> Ascii<'b> {
    /// The longest field with its separator: `,255-255:255_255_255_255=-0.123456789012345678`.
    const FIELD: usize = 46;

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

    /// Puts bytes, for which there has to be room.
    #[inline]
    pub(crate) fn put_all(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_there_is_room_for_at_once() {
        let field = b",255-255:255_255_255_255=-0.123456789012345678";
        assert_eq!(field.len(), Ascii::FIELD);
        let mut room = [0; ROOM];
        let (mut ascii, mut text) = (Ascii::new(&mut room), String::new());
        for _ in 0..20 {
            ascii.make_room(&mut text);
            ascii.put_all(field);
        }
        ascii.flush(&mut text);
        assert_eq!(text.into_bytes(), field.repeat(20));
    }
}
