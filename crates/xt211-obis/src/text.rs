//! Codes as text, on the stack.

use core::fmt;

use crate::ObisCode;

/// The canonical form of a code, on the stack; made by [`ObisCode::text`].
#[derive(Clone, Copy)]
pub struct CodeText {
    bytes: [u8; Self::MAX],
    length: usize,
}

impl CodeText {
    /// `255-255:255.255.255.255`
    const MAX: usize = 23;

    #[inline]
    pub(crate) fn canonical(code: ObisCode) -> Self {
        let mut writer = Writer { bytes: &mut [0; Self::MAX], length: 0 };
        if code.is_reducible() {
            writer.put_groups([code.c(), code.d(), code.e()]);
        } else {
            writer.put_full(code);
        }
        Self { length: writer.length, bytes: *writer.bytes }
    }

    #[inline]
    pub(crate) fn full(code: ObisCode) -> Self {
        let mut writer = Writer { bytes: &mut [0; Self::MAX], length: 0 };
        writer.put_full(code);
        Self { length: writer.length, bytes: *writer.bytes }
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

/// Where a text is put together, for which there is room.
struct Writer<'b> {
    bytes: &'b mut [u8; CodeText::MAX],
    length: usize,
}

impl Writer<'_> {
    #[inline]
    fn put(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn put_full(&mut self, code: ObisCode) {
        self.put_number(code.a());
        self.put(b'-');
        self.put_number(code.b());
        self.put(b':');
        self.put_groups([code.c(), code.d(), code.e(), code.f()]);
    }

    #[inline]
    fn put_groups<const N: usize>(&mut self, groups: [u8; N]) {
        for (index, group) in groups.into_iter().enumerate() {
            if index > 0 {
                self.put(b'.');
            }
            self.put_number(group);
        }
    }

    #[inline]
    fn put_number(&mut self, number: u8) {
        if number < 10 {
            return self.put(b'0' + number);
        }
        if number >= 100 {
            self.put(b'0' + number / 100);
        }
        self.put(b'0' + number / 10 % 10);
        self.put(b'0' + number % 10);
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
