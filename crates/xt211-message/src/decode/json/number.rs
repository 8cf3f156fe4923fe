//! Numbers.
//!
//! ```text
//! number = [ "-" ] ( "0" / digit1-9 *digit ) [ "." 1*digit ] [ ( "e" / "E" ) [ "+" / "-" ] 1*digit ]
//! ```

use super::{Reader, scalar::Shape, syntax::Syntax};
use crate::decode::Decoded;

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
