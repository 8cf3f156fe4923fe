//! Numbers.
//!
//! ```text
//! number = [ "-" ] ( "0" / digit1-9 *digit ) [ "." 1*digit ] [ ( "e" / "E" ) [ "+" / "-" ] 1*digit ]
//! ```

use super::{Reader, scalar::Shape, syntax::Syntax};
use crate::{Decimal, decode::Decoded};

impl Reader<'_> {
    /// Passes over a number. Its value is known at once unless it has an exponent, or more digits
    /// than most.
    #[inline]
    pub(super) fn pass_number(&mut self) -> Decoded<Shape> {
        let is_negative = self.pass(b'-');
        let mut digits = Digits::default();
        match self.rest {
            [b'0', b'0'..=b'9', ..] => {
                self.advance();
                return self.fail_at_next(Syntax::BadNumber);
            }
            [b'0'..=b'9', ..] => digits.take(&mut self.rest),
            _ => {
                self.advance();
                return self.fail(Syntax::BadNumber);
            }
        }
        let whole = digits.count;
        if self.pass(b'.') {
            if !matches!(self.rest, [b'0'..=b'9', ..]) {
                return self.fail_at_next(Syntax::BadNumber);
            }
            digits.take(&mut self.rest);
        }
        if let [b'e' | b'E', ..] = self.rest {
            return self.pass_exponent();
        }
        let places = digits.count - whole;
        Ok(Shape::Number(Decimal::from_digits(is_negative, digits.value, digits.count, places)))
    }

    #[cold]
    fn pass_exponent(&mut self) -> Decoded<Shape> {
        self.advance();
        if let [b'+' | b'-', ..] = self.rest {
            self.advance();
        }
        match self.next() {
            Some(b'0'..=b'9') => Digits::default().take(&mut self.rest),
            _ => return self.fail(Syntax::BadNumber),
        }
        Ok(Shape::Number(None))
    }

    /// Passes over a byte if it is the next one, and says whether it is.
    fn pass(&mut self, byte: u8) -> bool {
        match self.rest {
            [next, rest @ ..] if *next == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

/// The digits of a number so far.
#[derive(Default)]
struct Digits {
    /// What they make, if they are few enough.
    value: u64,
    count: usize,
}

impl Digits {
    /// Takes the digits that are next.
    #[inline]
    fn take(&mut self, bytes: &mut &[u8]) {
        let mut rest = *bytes;
        while let [digit @ b'0'..=b'9', tail @ ..] = rest {
            self.value = self.value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            rest = tail;
        }
        self.count += bytes.len() - rest.len();
        *bytes = rest;
    }
}
