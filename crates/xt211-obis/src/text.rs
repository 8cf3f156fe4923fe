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
        let (mut bytes, mut length) = ([0; Self::MAX], 0);
        code.spell(b'.', put_into(&mut bytes, &mut length));
        Self { bytes, length }
    }

    pub(crate) fn full(code: ObisCode) -> Self {
        let (mut bytes, mut length) = ([0; Self::MAX], 0);
        code.spell_full(b'.', put_into(&mut bytes, &mut length));
        Self { bytes, length }
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

/// Puts a byte behind the others, for which there is room.
#[inline]
fn put_into(bytes: &mut [u8; CodeText::MAX], length: &mut usize) -> impl FnMut(u8) {
    |byte| {
        if let Some(place) = bytes.get_mut(*length) {
            *place = byte;
            *length += 1;
        }
    }
}

impl ObisCode {
    /// Hands the canonical form to an encoder byte by byte, with another byte for each dot.
    ///
    /// ```
    /// use xt211_obis::ObisCode;
    ///
    /// let mut key = Vec::new();
    /// ObisCode::reduced(1, 8, 0).spell(b'_', |byte| key.push(byte));
    /// assert_eq!(key, b"1_8_0");
    /// ```
    #[inline]
    pub fn spell(self, dot: u8, mut put: impl FnMut(u8)) {
        if self.is_reducible() {
            spell_groups([self.c(), self.d(), self.e()], dot, &mut put);
        } else {
            self.spell_full(dot, put);
        }
    }

    fn spell_full(self, dot: u8, mut put: impl FnMut(u8)) {
        spell_number(self.a(), &mut put);
        put(b'-');
        spell_number(self.b(), &mut put);
        put(b':');
        spell_groups([self.c(), self.d(), self.e(), self.f()], dot, &mut put);
    }
}

#[inline]
fn spell_groups<const N: usize>(groups: [u8; N], dot: u8, put: &mut impl FnMut(u8)) {
    for (index, group) in groups.into_iter().enumerate() {
        if index > 0 {
            put(dot);
        }
        spell_number(group, put);
    }
}

#[inline]
fn spell_number(number: u8, put: &mut impl FnMut(u8)) {
    if number < 10 {
        return put(b'0' + number);
    }
    if number >= 100 {
        put(b'0' + number / 100);
    }
    put(b'0' + number / 10 % 10);
    put(b'0' + number % 10);
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
