//! `data`, and its registers.

use std::borrow::Cow;

use serde::de::{self, MapAccess};
use time::OffsetDateTime;
use xt211_obis::ObisCode;

use super::{
    context::Context,
    fault::Part,
    object::{KEY_MAX, Object, ignore, lowered, part},
    scalar::{Scalar, Slot},
};
use crate::{Decimal, ErrorKind, Reading, Register, Registers};

/// What `data` says of a reading.
#[derive(Default)]
pub(super) struct Data<'a> {
    time: Option<OffsetDateTime>,
    first_boot: Option<bool>,
    wait_time: Option<Decimal>,
    values: Option<Values<'a>>,
}

impl<'a> Object<'a> for Data<'a> {
    fn take<A: MapAccess<'a>>(
        &mut self,
        key: &Cow<'a, str>,
        map: &mut A,
        context: &Context<'a, '_>,
    ) -> Result<(), A::Error> {
        let slot = match lowered(key, &mut [0; KEY_MAX]) {
            b"reading_datetime" => Slot::Time(&mut self.time),
            b"first_boot" => Slot::Flag(&mut self.first_boot),
            b"waittime" | b"wait_time" => Slot::Number(&mut self.wait_time),
            b"values" => return part(&mut self.values, map, context),
            _ => return ignore(map),
        };
        slot.fill(map, Part::Reading, context)
    }
}

impl<'a> Data<'a> {
    /// Makes the reading of it.
    pub(super) fn into_reading<E: de::Error>(
        self,
        context: &Context<'a, '_>,
    ) -> Result<Reading<'a>, E> {
        let Some(time) = self.time else {
            return Err(context.within("reading_datetime", time_missing(context)));
        };
        Ok(Reading {
            time,
            first_boot: self.first_boot.unwrap_or_default(),
            wait_time: self.wait_time,
            registers: registers(self.values.unwrap_or_default().0, context)
                .map_err(|error| context.within("values", error))?,
        })
    }
}

/// The registers under `values`.
#[derive(Default)]
struct Values<'a>(Vec<Register<'a>>);

impl<'a> Object<'a> for Values<'a> {
    fn take<A: MapAccess<'a>>(
        &mut self,
        key: &Cow<'a, str>,
        map: &mut A,
        context: &Context<'a, '_>,
    ) -> Result<(), A::Error> {
        match key.parse() {
            Ok(code) => register(&mut self.0, code, map, context),
            Err(_) => ignore(map),
        }
    }
}

/// Reads the value of a register; `null` is none.
pub(super) fn register<'a, A: MapAccess<'a>>(
    registers: &mut Vec<Register<'a>>,
    code: ObisCode,
    map: &mut A,
    context: &Context<'a, '_>,
) -> Result<(), A::Error> {
    /// As many as a module sends at most, without some of the phases; one allocation holds them.
    const USUAL: usize = 20;

    let Some(scalar) = Scalar::next(map)? else {
        return Ok(());
    };
    let value = scalar.register(code);
    let value = value.map_err(|fault| context.fault(Part::Register, &fault, scalar.json()))?;
    if registers.is_empty() {
        registers.reserve(USUAL);
    }
    registers.push(Register { code, value });
    Ok(())
}

/// Sorts what was collected.
pub(super) fn registers<'a, E: de::Error>(
    registers: Vec<Register<'a>>,
    context: &Context<'a, '_>,
) -> Result<Registers<'a>, E> {
    if registers.is_empty() {
        let detail = "expected a register, found none".to_owned();
        return Err(context.fail(ErrorKind::RegistersNone, detail));
    }
    Registers::from_vec(registers).map_err(|code| {
        let detail = format!("expected one value of register {code}, found two");
        context.fail(ErrorKind::RegisterContradiction, detail)
    })
}

pub(super) fn time_missing<E: de::Error>(context: &Context<'_, '_>) -> E {
    let detail = "expected the time of the reading, found none".to_owned();
    context.fail(ErrorKind::ReadingTimeMissing, detail)
}
