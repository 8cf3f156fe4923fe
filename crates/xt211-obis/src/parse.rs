//! The grammar, and what an error says.
//!
//! ```text
//! code   = [ number "-" number ":" ] number "." number "." number [ ( "." | "*" ) number ]
//!            A          B            C          D          E                      F
//! number = 1*digit, from 0 to 255
//! ```

use core::{fmt, str::FromStr};

use nom::{
    IResult, Parser,
    bytes::complete::take_while1,
    character::complete::{char, one_of},
    combinator::opt,
    error::ErrorKind,
    sequence::{preceded, terminated},
};

use crate::ObisCode;

/// What stands in a text where a part of an OBIS code should.
///
/// ```
/// use xt211_obis::{Expected, ObisCode};
///
/// let error = "1.8.x".parse::<ObisCode>().unwrap_err();
/// assert_eq!(error.offset(), 4);
/// assert_eq!(error.expected(), Expected::Number);
/// assert_eq!(error.to_string(), "expected a number from 0 to 255, found `x` at byte 4");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {} at byte {offset}", Found(*found))]
pub struct ParseError {
    offset: usize,
    expected: Expected,
    found: Option<char>,
}

impl ParseError {
    /// Where in the text, in bytes from its start.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What would have been right there.
    #[must_use]
    pub const fn expected(&self) -> Expected {
        self.expected
    }

    /// What is there; `None` at the end of the text.
    #[must_use]
    pub const fn found(&self) -> Option<char> {
        self.found
    }
}

/// The part of a code that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// A value group: a number from 0 to 255.
    Number,
    /// The `-` between A and B or the `.` between C and D.
    FirstSeparator,
    /// The `:` between B and C.
    Colon,
    /// The `.` between C and D or D and E.
    Dot,
    /// Nothing more.
    End,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "a number from 0 to 255",
            Self::FirstSeparator => "`-` or `.`",
            Self::Colon => "`:`",
            Self::Dot => "`.`",
            Self::End => "the end",
        })
    }
}

/// A character in back-quotes, or the end.
struct Found(Option<char>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(character) => write!(f, "`{}`", character.escape_debug()),
            None => f.write_str("the end"),
        }
    }
}

impl FromStr for ObisCode {
    type Err = ParseError;

    /// Reads a text that is an OBIS code from its first to its last byte.
    ///
    /// # Errors
    ///
    /// Says at which byte what was expected.
    #[inline]
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_ascii(text.as_bytes())
    }
}

impl ObisCode {
    /// Reads the form in which modules send nearly every code, at the beginning of bytes: `C.D.E` of
    /// one or two digits, one and one. Returns it with what follows; that may make it another form.
    /// `None` if the bytes begin with something else.
    ///
    /// It takes a tenth of the time of [`parse_prefix`](Self::parse_prefix).
    ///
    /// ```
    /// use xt211_obis::ObisCode;
    ///
    /// let (code, rest) = ObisCode::reduced_prefix(b"1.8.0\":7369.066").ok_or("another form")?;
    /// assert_eq!(code, ObisCode::reduced(1, 8, 0));
    /// assert_eq!(rest, b"\":7369.066");
    /// # Ok::<(), &str>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn reduced_prefix(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (c, rest) = match bytes {
            [c @ b'0'..=b'9', b'.', rest @ ..] => (c - b'0', rest),
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', b'.', rest @ ..] => {
                ((tens - b'0') * 10 + (ones - b'0'), rest)
            }
            _ => return None,
        };
        match rest {
            [_, b'.', _, b'0'..=b'9', ..] => None,
            [d @ b'0'..=b'9', b'.', e @ b'0'..=b'9', rest @ ..] => {
                Some((Self::reduced(c, d - b'0', e - b'0'), rest))
            }
            _ => None,
        }
    }

    /// Reads a code from bytes that are all of it, such as a key within a message.
    ///
    /// ```
    /// use xt211_obis::ObisCode;
    ///
    /// assert_eq!(ObisCode::from_ascii(b"1-0:1.8.0*255"), Ok(ObisCode::reduced(1, 8, 0)));
    /// assert!(ObisCode::from_ascii(b"1.8.0 ").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// Says at which byte what was expected.
    #[inline]
    pub fn from_ascii(bytes: &[u8]) -> Result<Self, ParseError> {
        // Modules send nearly every code in this form.
        match Self::reduced_prefix(bytes) {
            Some((code, [])) => Ok(code),
            _ => whole(bytes),
        }
    }
}

/// Reads a text of any form.
fn whole(text: &[u8]) -> Result<ObisCode, ParseError> {
    match prefix(text)? {
        (code, []) => Ok(code),
        (_, rest) => Err(Stop { rest, expected: Expected::End }.within(text)),
    }
}

impl ObisCode {
    /// Reads the code that a text begins with and returns it with the rest of the text.
    ///
    /// ```
    /// use xt211_obis::ObisCode;
    ///
    /// let (code, rest) = ObisCode::parse_prefix("1-0:1.8.0*255(007369.066*kWh)")?;
    /// assert_eq!(code, ObisCode::reduced(1, 8, 0));
    /// assert_eq!(rest, "(007369.066*kWh)");
    /// # Ok::<(), xt211_obis::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Says at which byte what was expected.
    pub fn parse_prefix(text: &str) -> Result<(Self, &str), ParseError> {
        let (code, rest) = prefix(text.as_bytes())?;
        // Cannot fail: up to there it is ASCII.
        Ok((code, text.get(offset(rest, text.as_bytes())..).unwrap_or_default()))
    }
}

fn prefix(text: &[u8]) -> Result<(ObisCode, &[u8]), ParseError> {
    match code(text) {
        Ok((rest, code)) => Ok((code, rest)),
        Err(nom::Err::Error(stop) | nom::Err::Failure(stop)) => Err(stop.within(text)),
        // Complete parsers never ask for more; if one did, the text would have ended early.
        Err(nom::Err::Incomplete(_)) => {
            Err(Stop { rest: &[], expected: Expected::Number }.within(text))
        }
    }
}

/// Where in the text its tail `rest` begins.
fn offset(rest: &[u8], text: &[u8]) -> usize {
    text.len().saturating_sub(rest.len())
}

/// Where a parser stopped, and what it would have gone on with.
#[derive(Clone, Copy, Debug)]
struct Stop<'a> {
    rest: &'a [u8],
    expected: Expected,
}

impl Stop<'_> {
    fn within(self, text: &[u8]) -> ParseError {
        let offset = offset(self.rest, text);
        let found = self
            .rest
            .utf8_chunks()
            .next()
            .map(|chunk| chunk.valid().chars().next().unwrap_or(char::REPLACEMENT_CHARACTER));
        ParseError { offset, expected: self.expected, found }
    }
}

impl<'a> nom::error::ParseError<&'a [u8]> for Stop<'a> {
    fn from_error_kind(rest: &'a [u8], _: ErrorKind) -> Self {
        Self { rest, expected: Expected::Number }
    }

    fn append(_: &'a [u8], _: ErrorKind, inner: Self) -> Self {
        inner
    }
}

type Parsed<'a, T> = IResult<&'a [u8], T, Stop<'a>>;

fn code(input: &[u8]) -> Parsed<'_, ObisCode> {
    let (rest, first) = number(input)?;
    let (rest, dash) = opt(char('-')).parse(rest)?;
    let (rest, medium, c) = if dash.is_some() {
        let (rest, b) = terminated(number, mark(':', Expected::Colon)).parse(rest)?;
        let (rest, c) = terminated(number, mark('.', Expected::Dot)).parse(rest)?;
        (rest, Some((first, b)), c)
    } else {
        let (rest, _) = mark('.', Expected::FirstSeparator).parse(rest)?;
        (rest, None, first)
    };
    let (rest, d) = terminated(number, mark('.', Expected::Dot)).parse(rest)?;
    let (rest, e) = number(rest)?;
    let (rest, f) = opt(preceded(one_of(".*"), number)).parse(rest)?;
    let usual = ObisCode::reduced(c, d, e);
    let (a, b) = medium.unwrap_or((usual.a(), usual.b()));
    Ok((rest, ObisCode::new(a, b, c, d, e, f.unwrap_or(usual.f()))))
}

/// A value group. Digits that make too large a number are a failure, not something else's start.
fn number(input: &[u8]) -> Parsed<'_, u8> {
    let (rest, digits) = take_while1(|byte: u8| byte.is_ascii_digit()).parse(input)?;
    let append = |number: u8, digit: &u8| number.checked_mul(10)?.checked_add(digit - b'0');
    match digits.iter().try_fold(0, append) {
        Some(number) => Ok((rest, number)),
        None => Err(nom::Err::Failure(Stop { rest: input, expected: Expected::Number })),
    }
}

fn mark<'a>(
    mark: char,
    expected: Expected,
) -> impl Parser<&'a [u8], Output = char, Error = Stop<'a>> {
    move |input: &'a [u8]| {
        let stop = |_: nom::Err<Stop<'a>>| nom::Err::Error(Stop { rest: input, expected });
        char(mark).parse(input).map_err(stop)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> ObisCode {
        text.parse().unwrap()
    }

    fn failed(text: &str) -> std::string::String {
        text.parse::<ObisCode>().unwrap_err().to_string()
    }

    #[test]
    fn forms() {
        let total = ObisCode::new(1, 0, 1, 8, 0, 255);
        assert_eq!(parsed("1.8.0"), total);
        assert_eq!(parsed("1-0:1.8.0"), total);
        assert_eq!(parsed("1-0:1.8.0.255"), total);
        assert_eq!(parsed("1-0:1.8.0*255"), total);
        assert_eq!(parsed("1.8.0.255"), total);
        assert_eq!(parsed("1.8.0*255"), total);
        assert_eq!(parsed("01.08.000"), total);
        assert_eq!(parsed("1.8.0*7"), ObisCode::new(1, 0, 1, 8, 0, 7));
        assert_eq!(parsed("255-255:255.255.255.255"), ObisCode::new(255, 255, 255, 255, 255, 255));
        assert_eq!(parsed("0-6:96.3.10*255"), ObisCode::new(0, 6, 96, 3, 10, 255));
    }

    #[test]
    fn failures() {
        assert_eq!(failed(""), "expected a number from 0 to 255, found the end at byte 0");
        assert_eq!(failed("x"), "expected a number from 0 to 255, found `x` at byte 0");
        assert_eq!(failed("1"), "expected `-` or `.`, found the end at byte 1");
        assert_eq!(failed("1:"), "expected `-` or `.`, found `:` at byte 1");
        assert_eq!(failed("1."), "expected a number from 0 to 255, found the end at byte 2");
        assert_eq!(failed("1.8"), "expected `.`, found the end at byte 3");
        assert_eq!(failed("1.8-0"), "expected `.`, found `-` at byte 3");
        assert_eq!(failed("1.8."), "expected a number from 0 to 255, found the end at byte 4");
        assert_eq!(failed("1.8.256"), "expected a number from 0 to 255, found `2` at byte 4");
        assert_eq!(failed("1.8.0 "), "expected the end, found ` ` at byte 5");
        assert_eq!(failed("1.8.0."), "expected the end, found `.` at byte 5");
        assert_eq!(failed("1.8.0*"), "expected the end, found `*` at byte 5");
        assert_eq!(failed("1.8.0.256"), "expected a number from 0 to 255, found `2` at byte 6");
        assert_eq!(failed("1.8.0.1.2"), "expected the end, found `.` at byte 7");
        assert_eq!(failed("1-0"), "expected `:`, found the end at byte 3");
        assert_eq!(failed("1-:1.8.0"), "expected a number from 0 to 255, found `:` at byte 2");
        assert_eq!(failed("1-0:1-8"), "expected `.`, found `-` at byte 5");
        assert_eq!(failed("1-0:1.8"), "expected `.`, found the end at byte 7");
        assert_eq!(failed("-1.8.0"), "expected a number from 0 to 255, found `-` at byte 0");
        assert_eq!(failed("+1.8.0"), "expected a number from 0 to 255, found `+` at byte 0");
        assert_eq!(failed("1.8.0\u{e9}"), "expected the end, found `\u{e9}` at byte 5");
        assert_eq!(failed("1.8.\n"), "expected a number from 0 to 255, found `\\n` at byte 4");
        assert_eq!(
            failed("\u{661}.8.0"),
            "expected a number from 0 to 255, found `\u{661}` at byte 0"
        );
        assert_eq!(
            failed("99999999999999999999.8.0"),
            "expected a number from 0 to 255, found `9` at byte 0"
        );
    }

    #[test]
    fn an_error_tells_what_and_where() {
        let error = "1-0:1.x".parse::<ObisCode>().unwrap_err();
        assert_eq!(
            (error.offset(), error.expected(), error.found()),
            (6, Expected::Number, Some('x'))
        );
        let error = "1-0".parse::<ObisCode>().unwrap_err();
        assert_eq!((error.offset(), error.expected(), error.found()), (3, Expected::Colon, None));
    }

    #[test]
    fn prefixes() {
        let prefix = |text| ObisCode::parse_prefix(text).unwrap();
        let total = ObisCode::reduced(1, 8, 0);
        assert_eq!(prefix("1.8.0(1*kWh)"), (total, "(1*kWh)"));
        assert_eq!(prefix("1.8.0*255(1*kWh)"), (total, "(1*kWh)"));
        assert_eq!(prefix("1.8.0."), (total, "."));
        assert_eq!(prefix("1.8.0*"), (total, "*"));
        assert_eq!(prefix("1.8.0"), (total, ""));
    }

    #[test]
    fn what_the_quick_way_knows() {
        let quick = |text: &'static str| {
            let (code, rest) = ObisCode::reduced_prefix(text.as_bytes())?;
            Some((code, str::from_utf8(rest).unwrap()))
        };
        assert_eq!(quick("1.8.0"), Some((ObisCode::reduced(1, 8, 0), "")));
        assert_eq!(quick("1.8.0*255"), Some((ObisCode::reduced(1, 8, 0), "*255")));
        assert_eq!(quick("36.7.0\":5"), Some((ObisCode::reduced(36, 7, 0), "\":5")));
        assert_eq!(quick("96.1.1"), Some((ObisCode::reduced(96, 1, 1), "")));
        for other in
            ["", "1", "1.8", "1.8.", "x.8.0", "1.x.0", "1.8.x", "1.8.10", "1.10.0", "100.8.0"]
        {
            assert_eq!(quick(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_is_the_same(text in "[0-9]{0,3}[.][0-9]{0,3}[.][0-9]{0,3}.{0,3}") {
            if let Some((code, rest)) = ObisCode::reduced_prefix(text.as_bytes()) {
                let end = text.len() - rest.len();
                prop_assert_eq!(super::code(&text.as_bytes()[..end]).unwrap(), (&[][..], code));
                prop_assert!(!rest.first().is_some_and(u8::is_ascii_digit));
            }
            let whole = super::whole(text.as_bytes());
            prop_assert_eq!(ObisCode::from_ascii(text.as_bytes()), whole);
        }

        #[test]
        fn any_text_is_a_code_or_an_error_within_it(text in "[0-9.:*x-]{0,24}|.{0,12}") {
            match text.parse::<ObisCode>() {
                Ok(code) => prop_assert_eq!(code.to_string().parse(), Ok(code)),
                Err(error) => {
                    prop_assert!(error.offset() <= text.len());
                    prop_assert_eq!(text.get(error.offset()..).and_then(|rest| rest.chars().next()), error.found());
                }
            }
        }
    }
}
