//! The value of a field.

use std::fmt::Write;

use xt211_message::{Decimal, Value};

use crate::{ErrorKind, escape};

/// The value of a field, of one of the [types] of line protocol.
///
/// A database gives a field the type it was first written with and refuses others. Everything
/// that a meter counts is a float; integers are here for other uses.
///
/// [types]: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/#data-types-and-format
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum FieldValue<'a> {
    /// A float: `7369.066`.
    Float(f64),
    /// A float with exactly these digits.
    Decimal(Decimal),
    /// An integer: `5i`.
    Integer(i64),
    /// An integer without a sign: `5u`. InfluxDB 1 does not know it.
    Unsigned(u64),
    /// A string: `"T2"`. A newline in it becomes `\n`, a carriage return `\r`.
    String(&'a str),
    /// `true` or `false`.
    Boolean(bool),
}

impl FieldValue<'_> {
    pub(crate) fn push(self, out: &mut String) -> Result<(), ErrorKind> {
        match self {
            Self::Float(number) if number.is_finite() => {
                // Writing into a string cannot fail.
                let _ = write!(out, "{number}");
            }
            Self::Float(_) => return Err(ErrorKind::NotFinite),
            Self::Decimal(number) => number.write_to(out),
            Self::Integer(number) => {
                push_integer(out, number);
                out.push('i');
            }
            Self::Unsigned(number) => {
                push_integer(out, number);
                out.push('u');
            }
            Self::String(text) => escape::push_string(out, text),
            Self::Boolean(truth) => out.push_str(if truth { "true" } else { "false" }),
        }
        Ok(())
    }
}

pub(crate) fn push_integer(out: &mut String, number: impl itoa::Integer) {
    out.push_str(itoa::Buffer::new().format(number));
}

impl From<f64> for FieldValue<'_> {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<Decimal> for FieldValue<'_> {
    fn from(number: Decimal) -> Self {
        Self::Decimal(number)
    }
}

impl From<i64> for FieldValue<'_> {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u64> for FieldValue<'_> {
    fn from(number: u64) -> Self {
        Self::Unsigned(number)
    }
}

impl<'a> From<&'a str> for FieldValue<'a> {
    fn from(text: &'a str) -> Self {
        Self::String(text)
    }
}

impl From<bool> for FieldValue<'_> {
    fn from(truth: bool) -> Self {
        Self::Boolean(truth)
    }
}

impl<'a> From<&'a Value<'_>> for FieldValue<'a> {
    fn from(value: &'a Value<'_>) -> Self {
        match value {
            Value::Number(number) => Self::Decimal(*number),
            Value::Text(text) => Self::String(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<'a>(value: impl Into<FieldValue<'a>>) -> Result<String, ErrorKind> {
        let mut out = String::new();
        value.into().push(&mut out)?;
        Ok(out)
    }

    #[test]
    fn floats() {
        assert_eq!(written(0.0).as_deref(), Ok("0"));
        assert_eq!(written(-0.5).as_deref(), Ok("-0.5"));
        assert_eq!(written(7369.066).as_deref(), Ok("7369.066"));
        assert_eq!(written(1e21).as_deref(), Ok("1000000000000000000000"));
        assert_eq!(written(1e-7).as_deref(), Ok("0.0000001"));
        assert_eq!(written(f64::NAN), Err(ErrorKind::NotFinite));
        assert_eq!(written(f64::INFINITY), Err(ErrorKind::NotFinite));
        assert_eq!(written(f64::NEG_INFINITY), Err(ErrorKind::NotFinite));
    }

    #[test]
    fn decimals() {
        let decimal = |text: &str| written(text.parse::<Decimal>().unwrap()).unwrap();
        assert_eq!(decimal("0"), "0");
        assert_eq!(decimal("7369.0660"), "7369.066");
        assert_eq!(decimal("-0.13"), "-0.13");
        assert_eq!(decimal("0.5"), "0.5");
        assert_eq!(decimal("1e-18"), "0.000000000000000001");
        assert_eq!(decimal("-999999999999999999"), "-999999999999999999");
    }

    #[test]
    fn what_a_register_holds() {
        let number = Value::Number("7369.0660".parse().unwrap());
        assert_eq!(written(&number).as_deref(), Ok("7369.066"));
        assert_eq!(written(&Value::Text("T2".into())).as_deref(), Ok("\"T2\""));
    }

    #[test]
    fn others() {
        assert_eq!(written(i64::MIN).as_deref(), Ok("-9223372036854775808i"));
        assert_eq!(written(u64::MAX).as_deref(), Ok("18446744073709551615u"));
        assert_eq!(written("T2").as_deref(), Ok("\"T2\""));
        assert_eq!(written(true).as_deref(), Ok("true"));
        assert_eq!(written(false).as_deref(), Ok("false"));
    }
}
