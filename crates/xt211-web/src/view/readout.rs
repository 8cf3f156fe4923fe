//! What a meter's registers held when they were last read.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    ops::ControlFlow,
};

use serde::Serialize;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use xt211_message::{Decimal, Register, Value};
use xt211_obis::{Direction, Meaning, ObisCode, Phase, Quantity, RegisterKind, Tariff, Unit};
use xt211_store::{EraOf, MeterKey, Queries, StoreError};

use super::Moment;
use crate::chart::{EXPORT, IMPORT};

/// How many readings are looked through for a register that the newest of them lack.
const LOOK_THROUGH: usize = 100;

/// How far ahead of our clock the newest reading may be; the decision takes none beyond.
const AHEAD: Duration = Duration::minutes(10);

/// What a meter's registers held when they were last read.
#[derive(Clone, Debug)]
pub(crate) struct Readout {
    /// When the newest of them was read.
    pub(crate) at: OffsetDateTime,
    /// By code.
    pub(crate) registers: Vec<RegisterView>,
}

/// What a register held when it was last read.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RegisterView {
    /// Its OBIS code, as short as it can be.
    #[schema(value_type = String, example = "1.8.0")]
    pub(crate) code: ObisCode,
    /// Its name in English; the code if it has none.
    #[schema(example = "Total Import Energy")]
    pub(crate) name: String,
    /// A number, or a text. A switch is 1 or 0.
    #[schema(value_type = RegisterValue)]
    pub(crate) value: Value<'static>,
    /// Its unit; empty if it has none.
    #[schema(example = "kWh")]
    pub(crate) unit: &'static str,
    /// When it was read.
    pub(crate) time: Moment,
}

/// A number, or a text.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it describes what is sent")]
pub(crate) enum RegisterValue {
    Number(f64),
    Text(String),
}

impl RegisterView {
    pub(crate) fn new(register: &Register<'_>, time: OffsetDateTime) -> Self {
        let code = register.code;
        let meaning = code.meaning();
        Self {
            code,
            name: meaning.map_or_else(|| code.to_string(), |meaning| meaning.name().to_string()),
            value: register.clone().into_owned().value,
            unit: meaning.map_or("", |meaning| meaning.unit().symbol()),
            time: Moment(time),
        }
    }

    pub(crate) fn number(&self) -> Option<Decimal> {
        match self.value {
            Value::Number(number) => Some(number),
            Value::Text(_) => None,
        }
    }

    pub(crate) fn meaning(&self) -> Option<Meaning> {
        self.code.meaning()
    }

    /// Its value for people, without the unit.
    pub(crate) fn text(&self) -> String {
        let kind = self.meaning().map(|meaning| meaning.kind);
        match &self.value {
            Value::Number(number) if kind == Some(RegisterKind::Switch) => {
                if number.is_zero() {
                    "off".into()
                } else {
                    "on".into()
                }
            }
            Value::Number(number) => number.text().as_str().into(),
            Value::Text(text) => super::as_text(text.as_bytes()),
        }
    }

    /// What sets it apart from others of its [group](Group): its phase or tariff.
    pub(crate) fn part(&self) -> String {
        let Some(meaning) = self.meaning() else { return self.name.clone() };
        match (meaning.tariff, meaning.phase) {
            (Some(Tariff::Rate(rate)), Some(phase)) => format!("Tariff {rate}, {phase}"),
            (Some(Tariff::Rate(rate)), None) => format!("Tariff {rate}"),
            (_, Some(phase)) => phase.to_string(),
            (_, None) => "Total".into(),
        }
    }
}

/// Registers of one quantity: its phases, its tariffs.
#[derive(Debug)]
pub(crate) struct Group<'r> {
    pub(crate) name: String,
    pub(crate) registers: Vec<&'r RegisterView>,
}

/// What was used since a time of the past.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Used {
    /// In kWh.
    #[schema(value_type = f64)]
    pub(crate) energy: Decimal,
    /// Since this reading, which was the last one of the day before.
    pub(crate) since: Moment,
}

impl Readout {
    /// Of a meter; none if it was never read.
    pub(crate) fn of(
        store: &Queries,
        meter: MeterKey,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, StoreError> {
        let latest = now.saturating_add(AHEAD);
        match Self::up_to(store, meter, latest)? {
            Some(readout) => Ok(Some(readout)),
            // Our clock is wrong.
            None => Self::up_to(store, meter, time::macros::datetime!(2262-01-01 0:00 UTC)),
        }
    }

    fn up_to(
        store: &Queries,
        meter: MeterKey,
        latest: OffsetDateTime,
    ) -> Result<Option<Self>, StoreError> {
        let mut newest = None;
        let mut found: BTreeMap<ObisCode, RegisterView> = BTreeMap::new();
        let mut room = LOOK_THROUGH;
        store.readings_before(meter, latest, &mut |time, registers| {
            newest.get_or_insert(time);
            for register in registers {
                if let Entry::Vacant(place) = found.entry(register.code) {
                    place.insert(RegisterView::new(register, time));
                }
            }
            room -= 1;
            if room == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        Ok(newest.map(|at| Self { at, registers: found.into_values().collect() }))
    }

    pub(crate) fn get(&self, code: ObisCode) -> Option<&RegisterView> {
        self.registers.iter().find(|register| register.code == code)
    }

    /// The total of what came from the grid.
    pub(crate) fn import(&self) -> Option<&RegisterView> {
        self.get(IMPORT)
    }

    /// The total of what went to the grid.
    pub(crate) fn export(&self) -> Option<&RegisterView> {
        self.get(EXPORT)
    }

    /// The power at the moment, of all phases.
    pub(crate) fn power(&self) -> Option<&RegisterView> {
        [(16, 7, 0), (15, 7, 0), (1, 7, 0)]
            .into_iter()
            .find_map(|(c, d, e)| self.get(ObisCode::reduced(c, d, e)))
    }

    /// What was used since the last reading before a time, if that one is not older than a day and
    /// can be compared: not if the meter is another one since, or was set back.
    pub(crate) fn used_since(
        &self,
        store: &Queries,
        meter: MeterKey,
        time: OffsetDateTime,
    ) -> Result<Option<Used>, StoreError> {
        let Some(now) = self.import() else { return Ok(None) };
        let Some(value) = now.number() else { return Ok(None) };
        let mut before = None;
        let mut room = LOOK_THROUGH;
        store.readings_before(meter, time, &mut |at, registers| {
            room -= 1;
            before = match registers.get(IMPORT) {
                Some(Value::Number(number)) => Some((at, *number)),
                _ => None,
            };
            let is_over = before.is_some() || room == 0 || time - at > Duration::DAY;
            if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        let Some((since, before)) = before else { return Ok(None) };
        if time - since > Duration::DAY || now.time.0 < time {
            return Ok(None);
        }
        let is_anew = store.eras(meter)?.into_iter().any(|era| {
            let is_ours = matches!(era.what, EraOf::Register(IMPORT) | EraOf::Meter(_));
            is_ours && era.since > since && era.since <= now.time.0
        });
        let energy = if is_anew { None } else { difference(value, before) };
        Ok(energy.map(|energy| Used { energy, since: Moment(since) }))
    }

    /// All but those that were shown already, in groups; what is alone in its group comes last,
    /// together.
    pub(crate) fn groups(&self, shown: &[ObisCode]) -> Vec<Group<'_>> {
        let mut groups: Vec<(Option<Key>, Group<'_>)> = Vec::new();
        for register in self.registers.iter().filter(|it| !shown.contains(&it.code)) {
            let key = register.meaning().filter(|it| it.quantity != Quantity::SerialNumber);
            let key = key.map(|meaning| Key::of(&meaning));
            match groups.iter_mut().find(|(other, _)| key.is_some() && *other == key) {
                Some((_, group)) => group.registers.push(register),
                None => {
                    let name = register.meaning().map_or_else(String::new, group_name);
                    groups.push((key, Group { name, registers: vec![register] }));
                }
            }
        }
        let (mut many, alone): (Vec<_>, Vec<_>) =
            groups.into_iter().map(|(_, group)| group).partition(|it| it.registers.len() > 1);
        let alone: Vec<_> = alone.into_iter().flat_map(|group| group.registers).collect();
        if !alone.is_empty() {
            many.push(Group { name: String::new(), registers: alone });
        }
        many
    }
}

/// What registers of one group have in common.
#[derive(PartialEq, Eq)]
struct Key(Quantity, Option<Direction>, RegisterKind, u8, Unit);

impl Key {
    fn of(meaning: &Meaning) -> Self {
        let Meaning { quantity, direction, kind, channel, .. } = *meaning;
        Self(quantity, direction, kind, channel, meaning.unit())
    }
}

fn group_name(meaning: Meaning) -> String {
    let phase: Option<Phase> = None;
    Meaning { phase, tariff: None, ..meaning }.name().to_string()
}

/// What is left of a number, exactly; none if that is less than nothing.
fn difference(one: Decimal, other: Decimal) -> Option<Decimal> {
    let ((one, one_scale), (other, other_scale)) = (one.parts(), other.parts());
    let scale = one_scale.max(other_scale);
    let raise = |mantissa: i64, from: u8| {
        mantissa.checked_mul(10_i64.checked_pow(u32::from(scale - from))?)
    };
    let left = raise(one, one_scale)?.checked_sub(raise(other, other_scale)?)?;
    if left < 0 { None } else { Decimal::from_parts(left, scale) }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use xt211_message::Registers;
    use xt211_store::{Store, StoredEra};

    use super::*;

    const MIDNIGHT: OffsetDateTime = datetime!(2026-02-21 23:00 UTC);

    /// A meter whose total was read at these minutes.
    fn used(totals: &[(i64, &str)], set_back: Option<i64>) -> Option<(String, i64)> {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("a.db")).unwrap().store;
        let minute = |minutes| MIDNIGHT + Duration::minutes(minutes);
        let meter = store
            .write(|store| {
                let meter = store.add_meter("meter", None)?;
                for (minutes, total) in totals {
                    let value = Value::Number(total.parse().unwrap());
                    let total = Registers::from_vec(vec![Register { code: IMPORT, value }]);
                    store.append_reading(meter, minute(*minutes), &total.unwrap(), None)?;
                }
                if let Some(minutes) = set_back {
                    let era = StoredEra { what: EraOf::Register(IMPORT), since: minute(minutes) };
                    store.set_eras(meter, &[era])?;
                }
                Ok::<_, StoreError>(meter)
            })
            .unwrap();
        let readout = Readout::of(&store, meter, minute(600)).unwrap()?;
        let used = readout.used_since(&store, meter, MIDNIGHT).unwrap()?;
        let since = (used.since.0 - MIDNIGHT).whole_minutes();
        Some((used.energy.text().as_str().to_owned(), since))
    }

    #[test]
    fn what_was_used_today() {
        let day = [(-90, "99"), (-5, "100.5"), (10, "101"), (500, "103.25")];
        assert_eq!(used(&day, None), Some(("2.75".into(), -5)));
        assert_eq!(used(&day[..2], None), None);
        assert_eq!(used(&day[2..], None), None);
        // That would be of two days.
        assert_eq!(used(&[(-1500, "99"), (10, "101")], None), None);
        assert_eq!(used(&day, Some(10)), None);
        assert_eq!(used(&day, Some(-5)), Some(("2.75".into(), -5)));
    }

    #[test]
    fn differences_are_exact() {
        let difference = |one: &str, other: &str| {
            let left = difference(one.parse().unwrap(), other.parse().unwrap());
            left.map(|left| left.text().as_str().to_owned())
        };
        assert_eq!(difference("7369.066", "7363.1").as_deref(), Some("5.966"));
        assert_eq!(difference("5", "5.000").as_deref(), Some("0"));
        assert_eq!(difference("5", "5.001"), None);
    }
}
