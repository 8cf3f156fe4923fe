//! Counters, and what they can do.

use time::{Duration, OffsetDateTime};
use xt211_message::{Decimal, Register, Value};
use xt211_obis::{Direction, Meaning, ObisCode, RegisterKind};

use super::{Point, Reason};

/// How often the meter pushes its registers. A reading's energy may be older than its time by that
/// much, and so may its predecessor's.
pub const PUSH_INTERVAL: Duration = Duration::MINUTE;

/// The value of a register that can only rise.
pub(super) fn total(register: &Register<'_>) -> Option<Decimal> {
    let Value::Number(value) = register.value else { return None };
    let meaning = register.code.meaning()?;
    let Meaning { kind: RegisterKind::Total, direction, .. } = meaning else { return None };
    (direction != Some(Direction::Net)).then_some(value)
}

/// The most that can flow through a meter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// In kW, or kVA.
    pub max_power: f64,
}

impl Limit {
    /// Whether a total can have gone from one value to the other.
    ///
    /// # Errors
    ///
    /// It fell, or rose too fast.
    pub fn check(self, code: ObisCode, from: Point, to: Point) -> Result<(), Reason> {
        if to.value < from.value {
            return Err(Reason::Fell { code, from, to });
        }
        let rise = to.value.to_f64() - from.value.to_f64();
        if rise > self.most_energy(from.time, to.time) {
            return Err(Reason::RoseTooFast { code, from, to });
        }
        Ok(())
    }

    /// In kWh, or what else belongs to the unit of `max_power`.
    fn most_energy(self, from: OffsetDateTime, to: OffsetDateTime) -> f64 {
        let hours = (to - from + PUSH_INTERVAL).as_seconds_f64() / 3_600.0;
        self.max_power * hours
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-02-21 20:00 UTC);

    fn check(from: &str, minutes: i64, to: &str) -> Result<(), &'static str> {
        let point = |minutes, value: &str| Point {
            time: START + Duration::minutes(minutes),
            value: value.parse().unwrap(),
        };
        let limit = Limit { max_power: 60.0 };
        limit
            .check(ObisCode::reduced(1, 8, 0), point(0, from), point(minutes, to))
            .map_err(Reason::code)
    }

    #[test]
    fn a_total_rises_by_as_much_as_can_flow() {
        assert_eq!(check("7369.066", 3, "7369.066"), Ok(()));
        assert_eq!(check("7369.066", 3, "7369.067"), Ok(()));
        // 60 kW for three minutes, and for the push before.
        assert_eq!(check("0", 3, "4"), Ok(()));
        assert_eq!(check("0", 3, "4.001"), Err("reading.total.rose_too_fast"));
        assert_eq!(check("7369.066", 3, "7369.065"), Err("reading.total.fell"));
        assert_eq!(check("7369.066", 3, "0"), Err("reading.total.fell"));
        assert_eq!(check("100", 60 * 24 * 365, "500000"), Ok(()));
    }

    #[test]
    fn what_can_only_rise() {
        let is_total = |code: &str| {
            let register = Register { code: code.parse().unwrap(), value: Value::Number(1.into()) };
            total(&register).is_some()
        };
        for code in ["1.8.0", "1.8.4", "2.8.0", "3.8.0", "9.8.0", "15.8.0", "21.8.0"] {
            assert!(is_total(code), "{code}");
        }
        for code in ["16.8.0", "16.7.0", "1.6.0", "32.7.0", "96.3.10", "1.99.0", "0-1:24.2.1"] {
            assert!(!is_total(code), "{code}");
        }
        let text = Register { code: ObisCode::reduced(1, 8, 0), value: Value::Text("1".into()) };
        assert_eq!(total(&text), None);
    }
}
