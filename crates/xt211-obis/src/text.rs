//! Codes as text, on the stack.

use core::fmt;

use crate::ObisCode;

/// The canonical form of a code, on the stack; made by [`ObisCode::text`].
#[derive(Clone, Copy)]
pub struct CodeText {
    bytes: [u8; Self::ROOM],
    length: usize,
}

impl CodeText {
    /// More than the longest has, which is `255-255:255.255.255.255`.
    const ROOM: usize = 24;

    #[inline]
    pub(crate) fn canonical(code: ObisCode) -> Self {
        let mut bytes = [0; Self::ROOM];
        Self { length: write(code, b'.', &mut bytes), bytes }
    }

    pub(crate) fn full(code: ObisCode) -> Self {
        let mut bytes = [0; Self::ROOM];
        Self { length: write_full(code, b'.', &mut bytes), bytes }
    }

    /// The text, which is ASCII, as bytes.
    #[must_use]
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Cannot fail: nothing but ASCII was put in.
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl fmt::Debug for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl ObisCode {
    /// Writes the canonical form to the front of a room, with another byte for each dot, and returns
    /// its length; the rest of the room holds anything afterwards. For encoders, since room of a
    /// known size needs no checks.
    ///
    /// ```
    /// use xt211_obis::ObisCode;
    ///
    /// let mut room = [b' '; 24];
    /// let length = ObisCode::reduced(1, 8, 0).write_padded(b'_', &mut room);
    /// assert!(room.starts_with(b"1_8_0"));
    /// assert_eq!(length, 5);
    /// ```
    #[inline]
    pub fn write_padded(self, dot: u8, room: &mut [u8; 24]) -> usize {
        write(self, dot, room)
    }
}

/// Writes the canonical form.
#[inline]
fn write(code: ObisCode, dot: u8, room: &mut [u8; CodeText::ROOM]) -> usize {
    let [c, d, e] = [code.c(), code.d(), code.e()];
    if c > 99 || d > 9 || e > 9 || !code.is_reducible() {
        return write_any(code, dot, room);
    }
    // As modules send nearly every code.
    let [c_tens, c_ones, d, e] = [c / 10, c % 10, d, e].map(|digit| b'0' + digit);
    let word = u64::from_le_bytes([c_tens, c_ones, dot, d, dot, e, 0, 0]);
    let (word, length) = if c < 10 { (word >> 8, 5) } else { (word, 6) };
    if let Some(start) = room.first_chunk_mut() {
        *start = word.to_le_bytes();
    }
    length
}

#[cold]
fn write_any(code: ObisCode, dot: u8, room: &mut [u8; CodeText::ROOM]) -> usize {
    if !code.is_reducible() {
        return write_full(code, dot, room);
    }
    let mut text = Cursor { room, length: 0 };
    text.put_groups([code.c(), code.d(), code.e()], dot);
    text.length
}

/// Writes the full form.
fn write_full(code: ObisCode, dot: u8, room: &mut [u8; CodeText::ROOM]) -> usize {
    let mut text = Cursor { room, length: 0 };
    text.put_number(code.a());
    text.put(b'-');
    text.put_number(code.b());
    text.put(b':');
    text.put_groups([code.c(), code.d(), code.e(), code.f()], dot);
    text.length
}

/// What is written byte by byte.
struct Cursor<'r> {
    room: &'r mut [u8; CodeText::ROOM],
    length: usize,
}

impl Cursor<'_> {
    fn put_groups<const N: usize>(&mut self, groups: [u8; N], dot: u8) {
        for (index, group) in groups.into_iter().enumerate() {
            if index > 0 {
                self.put(dot);
            }
            self.put_number(group);
        }
    }

    fn put_number(&mut self, number: u8) {
        if number >= 100 {
            self.put(b'0' + number / 100);
        }
        if number >= 10 {
            self.put(b'0' + number / 10 % 10);
        }
        self.put(b'0' + number % 10);
    }

    /// Puts a byte behind the others, for which there is room.
    fn put(&mut self, byte: u8) {
        if let Some(place) = self.room.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn every_number() {
        for number in 0..=255 {
            let text = ObisCode::new(number, 7, 1, number, 0, 255).text();
            assert_eq!(text.as_str(), format!("{number}-7:1.{number}.0.255"));
        }
    }

    #[test]
    fn the_longest() {
        let text = ObisCode::new(255, 255, 255, 255, 255, 255).text();
        assert_eq!(text.as_bytes(), b"255-255:255.255.255.255");
        assert_eq!(format!("{text:?}"), "\"255-255:255.255.255.255\"");
    }
}
