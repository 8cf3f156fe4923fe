//! Numbers.
//!
//! ```text
//! number = [ "-" ] ( "0" / digit1-9 *digit ) [ "." 1*digit ] [ ( "e" / "E" ) [ "+" / "-" ] 1*digit ]
//! ```

use super::{Reader, scalar::Shape, syntax::Syntax};
use crate::{Decimal, decode::Decoded};

impl Reader<'_> {
    /// Passes over a number.
    pub(super) fn pass_number(&mut self) -> Decoded<Shape> {
        if let [b'-', ..] = self.rest {
            self.advance();
        }
        match self.next() {
            Some(b'0') if self.is_at_digit() => return self.fail_at_next(Syntax::BadNumber),
            Some(b'0') => {}
            Some(b'1'..=b'9') => self.pass_digits(),
            _ => return self.fail(Syntax::BadNumber),
        }
        if let [b'.', ..] = self.rest {
            self.advance();
            if !self.is_at_digit() {
                return self.fail_at_next(Syntax::BadNumber);
            }
            self.pass_digits();
        }
        if let [b'e' | b'E', ..] = self.rest {
            self.advance();
            if let [b'+' | b'-', ..] = self.rest {
                self.advance();
            }
            match self.next() {
                Some(b'0'..=b'9') => self.pass_digits(),
                _ => return self.fail(Syntax::BadNumber),
            }
        }
        Ok(Shape::Number)
    }

    fn is_at_digit(&self) -> bool {
        matches!(self.rest, [b'0'..=b'9', ..])
    }

    fn pass_digits(&mut self) {
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }
}

/// The number that a text begins with, and what follows it; `None` if there is none, or one that has
/// an exponent or too many digits to be taken as they are.
#[inline]
pub(super) fn plain_number(text: &[u8]) -> Option<(Decimal, &[u8])> {
    let (is_negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        _ => (false, text),
    };
    let (whole, behind) = digits(text, 0);
    let count = text.len() - behind.len();
    if count == 0 || (count > 1 && text.starts_with(b"0")) {
        return None;
    }
    let (number, places, rest) = match behind {
        [b'.', fraction @ ..] => {
            let (number, rest) = digits(fraction, whole);
            let places = fraction.len() - rest.len();
            (places > 0).then_some((number, places, rest))?
        }
        _ => (whole, 0, behind),
    };
    if let [b'e' | b'E', ..] = rest {
        return None;
    }
    Some((Decimal::from_digits(is_negative, number, count + places, places)?, rest))
}

/// The number that the digits make which a text begins with, behind those of another number; and
/// what follows them. It is not right if they are more than 18.
#[inline]
fn digits(text: &[u8], mut number: u64) -> (u64, &[u8]) {
    let mut rest = text;
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        rest = tail;
    }
    (number, rest)
}
