//! `data`, and its registers.

use time::OffsetDateTime;
use xt211_obis::ObisCode;

use super::{
    Decoded,
    context::Context,
    fault::Part,
    json::Reader,
    object::{Object, part, put_part},
    scalar::Slot,
};
use crate::{Decimal, ErrorKind, MessageError, Reading, Register, Registers, Value};

/// What `data` says of a reading.
#[derive(Default)]
pub(super) struct Data<'a> {
    time: Option<OffsetDateTime>,
    first_boot: Option<bool>,
    wait_time: Option<Decimal>,
    values: Option<Values<'a>>,
}

impl<'a> Object<'a> for Data<'a> {
    fn take(
        &mut self,
        key: &[u8],
        json: &mut Reader<'a>,
        context: &Context<'a, '_>,
    ) -> Decoded<bool> {
        let slot = match key {
            b"reading_datetime" => Slot::Time(&mut self.time),
            b"first_boot" => Slot::Flag(&mut self.first_boot),
            b"waittime" | b"wait_time" => Slot::Number(&mut self.wait_time),
            b"values" => return put_part(&mut self.values, part(json, context)?),
            _ => return Ok(false),
        };
        slot.fill(json, Part::Reading, context)
    }
}

impl<'a> Data<'a> {
    /// Makes the reading of it.
    pub(super) fn into_reading(self) -> Decoded<Reading<'a>> {
        let Some(time) = self.time else {
            return Err(time_missing().within("reading_datetime"));
        };
        Ok(Reading {
            time,
            first_boot: self.first_boot.unwrap_or_default(),
            wait_time: self.wait_time,
            registers: registers(self.values.unwrap_or_default().0)
                .map_err(|error| error.within("values"))?,
        })
    }
}

/// The registers under `values`.
#[derive(Default)]
struct Values<'a>(Vec<Register<'a>>);

impl<'a> Object<'a> for Values<'a> {
    fn take(
        &mut self,
        key: &[u8],
        json: &mut Reader<'a>,
        context: &Context<'a, '_>,
    ) -> Decoded<bool> {
        match ObisCode::from_ascii(key) {
            Ok(code) => register(&mut self.0, code, json, context),
            Err(_) => Ok(false),
        }
    }

    fn take_plain(
        &mut self,
        json: &mut Reader<'a>,
        context: &Context<'a, '_>,
        is_first: bool,
    ) -> bool {
        let Self(registers) = self;
        // Abstract ones may hold texts, and a number would be one there.
        json.codes_and_numbers(
            is_first,
            |code| !code.is_abstract(),
            |code, number| {
                push(registers, Register { code, value: Value::Number(number) }, context)
            },
        )
    }
}

/// Reads the value of a register; `null` is none.
pub(super) fn register<'a>(
    registers: &mut Vec<Register<'a>>,
    code: ObisCode,
    json: &mut Reader<'a>,
    context: &Context<'a, '_>,
) -> Decoded<bool> {
    let Some(scalar) = json.value()? else {
        return Ok(true);
    };
    let value = scalar.register(code);
    let value = value.map_err(|fault| context.fault(Part::Register, &fault, scalar))?;
    push(registers, Register { code, value }, context);
    Ok(true)
}

#[inline(always)]
fn push<'a>(registers: &mut Vec<Register<'a>>, register: Register<'a>, context: &Context<'a, '_>) {
    if registers.capacity() == 0 {
        make_room(registers, context);
    }
    Registers::put(registers, register);
}

#[cold]
fn make_room<'a>(registers: &mut Vec<Register<'a>>, context: &Context<'a, '_>) {
    /// As many as a module sends at most, without some of the phases; one allocation holds them.
    const USUAL: usize = 20;

    *registers = context.room.take();
    registers.reserve(USUAL);
}

/// Sorts what was collected.
pub(super) fn registers(registers: Vec<Register<'_>>) -> Decoded<Registers<'_>> {
    if registers.is_empty() {
        let detail = "expected a register, found none".to_owned();
        return Err(MessageError::new(ErrorKind::RegistersNone, detail));
    }
    Registers::from_vec(registers).map_err(|code| {
        let detail = format!("expected one value of register {code}, found two");
        MessageError::new(ErrorKind::RegisterContradiction, detail)
    })
}

pub(super) fn time_missing() -> Box<MessageError> {
    let detail = "expected the time of the reading, found none".to_owned();
    MessageError::new(ErrorKind::ReadingTimeMissing, detail)
}
