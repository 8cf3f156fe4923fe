//! Runs: readings that were set aside one by one and agree with each other.

use time::{Duration, OffsetDateTime};
use xt211_obis::ObisCode;

use super::{Limit, Point};

/// How many readings it takes.
const READINGS: usize = 3;

/// How far apart the first and the last of them have to be.
const SPAN: Duration = Duration::minutes(15);

/// A value of a total that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'w> {
    pub(super) point: Point,
    /// The serial number in force.
    pub(super) serial: Option<&'w str>,
    /// Whether it is of a reading in which every total is zero. Such readings are what a module
    /// sends that has found nothing, however often; alone, they are no evidence.
    pub(super) is_zero: bool,
}

/// The longest run that ends in a member, as far as it matters.
#[derive(Clone, Copy)]
struct Chain {
    start: OffsetDateTime,
    readings: usize,
    /// Which member is the first that is no zero.
    first: Option<usize>,
}

/// Finds a run among values, sorted by time, that lie next to each other. Returns which of them is the
/// first that is no zero: with it, the total starts anew, as zeros before it need it for their witness.
pub(super) fn find(limit: Limit, code: ObisCode, members: &[Member<'_>]) -> Option<usize> {
    let mut chains: Vec<Chain> = Vec::with_capacity(members.len());
    for (place, member) in members.iter().enumerate() {
        let agrees = |earlier: &Member<'_>| {
            let one_meter = match (earlier.serial, member.serial) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            };
            one_meter
                && earlier.point.time < member.point.time
                && limit.check(code, earlier.point, member.point).is_ok()
        };
        let before = members.iter().zip(&chains).filter(|(earlier, _)| agrees(earlier));
        let longest = before.map(|(_, chain)| *chain).max_by_key(|chain| {
            (chain.readings, chain.first.is_some(), std::cmp::Reverse(chain.start))
        });
        let alone = Chain { start: member.point.time, readings: 0, first: None };
        let before = longest.unwrap_or(alone);
        let chain = Chain {
            readings: before.readings + 1,
            first: before.first.or((!member.is_zero).then_some(place)),
            ..before
        };
        let span = member.point.time - chain.start;
        if chain.readings >= READINGS && span >= SPAN && chain.first.is_some() {
            return chain.first;
        }
        chains.push(chain);
    }
    None
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-02-21 20:00 UTC);

    /// When a total starts anew by a run among values at these minutes; at 60 kW, a minute is worth
    /// 1 kWh.
    fn start(values: &[(i64, &str)]) -> Option<i64> {
        let member = |(minutes, value): &(i64, &str)| Member {
            point: Point {
                time: START + Duration::minutes(*minutes),
                value: value.parse().unwrap(),
            },
            serial: None,
            is_zero: *value == "0",
        };
        let members: Vec<_> = values.iter().map(member).collect();
        let first = find(Limit { max_power: 60.0 }, ObisCode::reduced(1, 8, 0), &members)?;
        Some(values[first].0)
    }

    #[test]
    fn three_that_agree_over_a_quarter_of_an_hour() {
        assert_eq!(start(&[(0, "5"), (7, "6"), (15, "7")]), Some(0));
        assert_eq!(start(&[(0, "5"), (7, "6"), (14, "7")]), None, "too short");
        assert_eq!(start(&[(0, "5"), (15, "7")]), None, "too few");
        assert_eq!(start(&[(0, "5"), (7, "4"), (15, "7")]), None, "one falls");
        assert_eq!(start(&[(0, "5"), (7, "500"), (15, "7")]), None, "one is far off");
        assert_eq!(start(&[(0, "5"), (0, "5"), (15, "7")]), None, "two of one time");
    }

    #[test]
    fn what_does_not_agree_is_left_out() {
        assert_eq!(
            start(&[(0, "9"), (1, "5"), (3, "900"), (8, "6"), (9, "0"), (17, "7")]),
            Some(1)
        );
    }

    #[test]
    fn zeros_alone_are_no_evidence() {
        assert_eq!(start(&[(0, "0"), (10, "0"), (20, "0"), (30, "0")]), None);
        assert_eq!(start(&[(0, "0"), (10, "0"), (20, "0"), (30, "0.2")]), Some(30));
    }

    #[test]
    fn two_meters_make_no_run() {
        let member = |minutes, serial| Member {
            point: Point { time: START + Duration::minutes(minutes), value: 5.into() },
            serial,
            is_zero: false,
        };
        let limit = Limit { max_power: 60.0 };
        let found = |serials: [Option<&'static str>; 3]| {
            let members = [0, 8, 16].into_iter().zip(serials);
            let members: Vec<_> =
                members.map(|(minutes, serial)| member(minutes, serial)).collect();
            find(limit, ObisCode::reduced(1, 8, 0), &members).is_some()
        };
        assert!(found([Some("1"), Some("1"), Some("1")]));
        assert!(found([None, Some("1"), None]));
        assert!(!found([Some("1"), Some("2"), Some("1")]));
    }
}
