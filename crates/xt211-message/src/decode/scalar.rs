//! Values that are not objects, and the types they are read as.

use std::borrow::Cow;

use ::time::OffsetDateTime;
use xt211_obis::{ObisCode, RegisterKind};

use super::{
    Decoded,
    context::Context,
    fault::{Fault, Part},
    json::{Reader, Scalar, Token},
};
use crate::{Decimal, DecimalError, Value, Zone, message::known_serial, parse_time, time};

impl<'a> Scalar<'a> {
    /// The value of a register, typed by what its code means.
    pub(super) fn register(self, code: ObisCode) -> Result<Value<'a>, Fault> {
        use RegisterKind as Kind;

        let kind = code.meaning().map(|meaning| meaning.kind);
        match (kind, self.token()?) {
            (Some(Kind::Text), Token::Text(text)) => Ok(Value::Text(text)),
            (Some(Kind::Text), Token::Number(_) | Token::Bool(_)) => {
                Ok(Value::Text(Cow::Borrowed(self.json())))
            }
            (_, Token::Nested) => Err(Fault::WrongType("a number or a text")),
            (_, Token::Number(number)) => decimal(number).map(Value::Number),
            (None | Some(Kind::Switch), Token::Bool(on)) => Ok(Value::Number(u32::from(on).into())),
            (Some(_), Token::Bool(_)) => Err(Fault::NotANumber),
            (Some(_), Token::Text(text)) => decimal(&text).map(Value::Number),
            // Digits that are too many for a number may be an identifier.
            (None, Token::Text(text)) => match decimal(&text) {
                Ok(number) => Ok(Value::Number(number)),
                Err(Fault::NotFinite) => Err(Fault::NotFinite),
                Err(_) => Ok(Value::Text(text)),
            },
        }
    }

    pub(super) fn time(self, zone: &dyn Zone) -> Result<OffsetDateTime, Fault> {
        if let Some(text) = self.plain_text() {
            return time::parse(text, zone).map_err(Fault::Time);
        }
        match self.token()? {
            Token::Text(text) => parse_time(&text, zone).map_err(Fault::Time),
            _ => Err(Fault::NotATime),
        }
    }

    fn decimal(self) -> Result<Decimal, Fault> {
        match self.token()? {
            Token::Number(number) => decimal(number),
            Token::Text(text) => decimal(&text),
            Token::Bool(_) | Token::Nested => Err(Fault::NotANumber),
        }
    }

    fn count(self) -> Result<u64, Fault> {
        let whole = match self.decimal()?.parts() {
            (number, 0) => u64::try_from(number).ok(),
            _ => None,
        };
        whole.ok_or(Fault::WrongType("a whole number from 0"))
    }

    fn flag(self) -> Result<bool, Fault> {
        match self.token()? {
            Token::Bool(flag) => Ok(flag),
            _ => Err(Fault::WrongType("true or false")),
        }
    }

    fn text(self) -> Result<Cow<'a, str>, Fault> {
        match self.token()? {
            Token::Text(text) => Ok(text),
            _ => Err(Fault::WrongType("a text")),
        }
    }

    /// A serial number, which may also be a number; `None` for one that says nothing.
    fn serial(self) -> Result<Option<Cow<'a, str>>, Fault> {
        match self.token()? {
            Token::Text(Cow::Borrowed(text)) => Ok(known_serial(text).map(Cow::Borrowed)),
            Token::Number(number) => Ok(known_serial(number).map(Cow::Borrowed)),
            Token::Text(text) => Ok(known_serial(&text).map(|text| Cow::Owned(text.to_owned()))),
            _ => Err(Fault::WrongType("a serial number")),
        }
    }
}

/// A number, from its JSON text or from that of a string.
fn decimal(text: &str) -> Result<Decimal, Fault> {
    let text = text.trim_ascii();
    match text.parse() {
        Ok(number) => Ok(number),
        Err(DecimalError::Syntax) if spells_not_finite(text) => Err(Fault::NotFinite),
        Err(DecimalError::Syntax) => Err(Fault::NotANumber),
        Err(DecimalError::Range) => Err(Fault::OutOfRange),
    }
}

/// Whether a text is how C or Rust print a float that is infinite or not a number.
fn spells_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    ["nan", "inf", "infinity"].iter().any(|name| unsigned.eq_ignore_ascii_case(name))
}

/// Where a value goes, and so the type it has to have.
pub(super) enum Slot<'s, 'a> {
    Count(&'s mut Option<u64>),
    Flag(&'s mut Option<bool>),
    Number(&'s mut Option<Decimal>),
    Serial(&'s mut Option<Cow<'a, str>>),
    Text(&'s mut Option<Cow<'a, str>>),
    Time(&'s mut Option<OffsetDateTime>),
    /// Read later.
    Later(&'s mut Option<Scalar<'a>>),
}

impl<'a> Slot<'_, 'a> {
    /// Puts the next value of an object here; `null` is nothing.
    #[inline(always)]
    pub(super) fn fill(
        self,
        json: &mut Reader<'a>,
        part: Part,
        context: &Context<'a, '_>,
    ) -> Decoded<bool> {
        if let Some(scalar) = json.value()? {
            let put = self.put(scalar, context.zone);
            put.map_err(|fault| context.fault(part, &fault, scalar))?;
        }
        Ok(true)
    }

    /// Puts a value here; a blank string is nothing.
    #[inline(always)]
    pub(super) fn put(self, scalar: Scalar<'a>, zone: &dyn Zone) -> Result<(), Fault> {
        match self {
            Self::Later(slot) => once(slot, scalar),
            _ if scalar.is_blank() => Ok(()),
            Self::Count(slot) => once(slot, scalar.count()?),
            Self::Flag(slot) => once(slot, scalar.flag()?),
            Self::Number(slot) => once(slot, scalar.decimal()?),
            Self::Serial(slot) => scalar.serial()?.map_or(Ok(()), |serial| once(slot, serial)),
            Self::Text(slot) => once(slot, scalar.text()?),
            Self::Time(slot) => once(slot, scalar.time(zone)?),
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), Fault> {
    match slot {
        Some(_) => Err(Fault::Duplicate),
        None => {
            *slot = Some(value);
            Ok(())
        }
    }
}
