//! Spans of time as people have them: days, weeks, months and years in their own time zone.

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, Weekday, date},
    tz::TimeZone,
};
use serde::Serialize;
use utoipa::ToSchema;

/// How long a time a chart shows at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum View {
    /// By the hour.
    Day,
    /// By the day, from Monday on.
    Week,
    /// By the day.
    Month,
    /// By the month.
    Year,
    /// By the year.
    All,
}

impl View {
    pub(crate) const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Year, Self::All];

    /// As in an address.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
            Self::All => "all",
        }
    }

    /// What its parts are.
    pub(crate) const fn part_name(self) -> &'static str {
        match self {
            Self::Day => "Hour",
            Self::Week | Self::Month => "Day",
            Self::Year => "Month",
            Self::All => "Year",
        }
    }

    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Day => "Day",
            Self::Week => "Week",
            Self::Month => "Month",
            Self::Year => "Year",
            Self::All => "All",
        }
    }
}

/// From one instant on, up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Span {
    /// When it begins.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) start: Timestamp,
    /// When it is over; no longer a part of it.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) end: Timestamp,
}

impl Span {
    pub(crate) fn duration(self) -> SignedDuration {
        self.end.duration_since(self.start)
    }
}

/// The first and the last day that can be shown. The store's times reach as far.
const FIRST: Date = date(1970, 1, 1);
const LAST: Date = date(2261, 12, 31);

/// Some days in a row, in a time zone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Period {
    pub(crate) view: View,
    pub(crate) zone: TimeZone,
    first: Date,
    /// The day after the last.
    after: Date,
}

impl Period {
    /// The one that a day is in. Of all years, the day's. `None` if it is too far away.
    pub(crate) fn of(view: View, day: Date, zone: TimeZone) -> Option<Self> {
        if !(FIRST..=LAST).contains(&day) {
            return None;
        }
        let (first, length) = match view {
            View::Day => (day, 1.day()),
            View::Week => (monday_of(day)?, 1.week()),
            View::Month => (day.first_of_month(), 1.month()),
            View::Year | View::All => (day.first_of_year(), 1.year()),
        };
        Some(Self { view, zone, first, after: first.checked_add(length).ok()? })
    }

    /// The years from that of one day to that of another.
    pub(crate) fn years(from: Date, to: Date, zone: TimeZone) -> Option<Self> {
        let last = Self::of(View::All, to.max(from), zone.clone())?;
        Some(Self { after: last.after, ..Self::of(View::All, from, zone)? })
    }

    pub(crate) const fn first(&self) -> Date {
        self.first
    }

    pub(crate) fn previous(&self) -> Option<Self> {
        Self::of(self.view, self.first.yesterday().ok()?, self.zone.clone())
    }

    pub(crate) fn next(&self) -> Option<Self> {
        Self::of(self.view, self.after, self.zone.clone())
    }

    /// All of it.
    pub(crate) fn span(&self) -> Span {
        Span { start: self.start_of(self.first), end: self.start_of(self.after) }
    }

    /// Its parts: each begins where the one before ends.
    pub(crate) fn parts(&self) -> Vec<Span> {
        let Span { start, end } = self.span();
        let starts = match self.view {
            View::Day => self.hours(start, end),
            View::Week | View::Month => self.starts(1.day()),
            View::Year => self.starts(1.month()),
            View::All => self.starts(1.year()),
        };
        let ends = starts.iter().copied().skip(1).chain([end]);
        let spans = starts.iter().zip(ends).map(|(start, end)| Span { start: *start, end });
        // A day that a place has skipped, when it moved across the date line, is none.
        spans.filter(|span| span.start < span.end).collect()
    }

    /// When a day begins: at midnight, or at the first moment after it that there is.
    fn start_of(&self, day: Date) -> Timestamp {
        // Cannot fail: the days are far from the ends of time.
        day.to_zoned(self.zone.clone()).map_or(Timestamp::MIN, |start| start.timestamp())
    }

    fn starts(&self, step: jiff::Span) -> Vec<Timestamp> {
        let days = self.first.series(step).take_while(|day| *day < self.after);
        days.map(|day| self.start_of(day)).collect()
    }

    /// When the hours begin: whenever a clock shows a full one, and whenever it is set, which need
    /// not be by a full hour.
    fn hours(&self, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
        let mut starts = Vec::new();
        let mut at = start;
        while at < end {
            starts.push(at);
            let clock = self.zone.to_datetime(at).time();
            let into = i64::from(clock.minute()) * 60 + i64::from(clock.second());
            let full = at + SignedDuration::from_secs(3_600 - into);
            let offset = self.zone.to_offset(at);
            let mut set = self.zone.following(at).take_while(|it| it.timestamp() < full);
            at = set.find(|it| it.offset() != offset).map_or(full, |it| it.timestamp());
        }
        starts
    }

    /// Whether the clocks are set within it.
    pub(crate) fn is_clock_set(&self) -> bool {
        let Span { start, end } = self.span();
        self.zone.to_offset(start) != self.zone.to_offset(end)
    }
}

fn monday_of(day: Date) -> Option<Date> {
    match day.weekday() {
        Weekday::Monday => Some(day),
        _ => day.nth_weekday(-1, Weekday::Monday).ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn period(view: View, day: Date, zone: &str) -> Period {
        Period::of(view, day, TimeZone::get(zone).unwrap()).unwrap()
    }

    /// How many minutes the parts have, each that is not 60 with its number.
    fn odd_hours(day: Date, zone: &str) -> (usize, Vec<(usize, i64)>) {
        let parts = period(View::Day, day, zone).parts();
        let minutes = parts.iter().map(|span| span.duration().as_mins()).enumerate();
        (parts.len(), minutes.filter(|(_, minutes)| *minutes != 60).collect())
    }

    #[test]
    fn days_have_as_many_hours_as_their_clocks_say() {
        assert_eq!(odd_hours(date(2026, 11, 26), "Europe/Prague"), (24, vec![]));
        assert_eq!(odd_hours(date(2026, 3, 29), "Europe/Prague"), (23, vec![]));
        assert_eq!(odd_hours(date(2026, 10, 25), "Europe/Prague"), (25, vec![]));
        // Half an hour there, and half an hour back.
        let zone = "Australia/Lord_Howe";
        assert_eq!(odd_hours(date(2026, 10, 4), zone), (24, vec![(2, 30)]));
        assert_eq!(odd_hours(date(2026, 4, 5), zone), (25, vec![(2, 30)]));
        // Clocks are set at midnight.
        assert_eq!(odd_hours(date(2018, 11, 4), "America/Sao_Paulo"), (23, vec![]));
        assert_eq!(odd_hours(date(2018, 2, 17), "America/Sao_Paulo"), (25, vec![]));
        // By two hours.
        assert_eq!(odd_hours(date(2026, 10, 25), "Antarctica/Troll"), (26, vec![]));
        assert_eq!(odd_hours(date(2026, 11, 26), "Asia/Kathmandu"), (24, vec![]));
    }

    #[test]
    fn parts_of_each_view() {
        let count = |view, day| period(view, day, "Europe/Prague").parts().len();
        assert_eq!(count(View::Week, date(2026, 11, 26)), 7);
        assert_eq!(count(View::Month, date(2026, 2, 26)), 28);
        assert_eq!(count(View::Month, date(2028, 2, 26)), 29);
        assert_eq!(count(View::Year, date(2026, 2, 26)), 12);
        let zone = TimeZone::get("Europe/Prague").unwrap();
        let years = Period::years(date(2024, 5, 5), date(2026, 1, 1), zone).unwrap();
        assert_eq!(years.parts().len(), 3);
        // Samoa had no 30 December.
        assert_eq!(period(View::Month, date(2011, 12, 1), "Pacific/Apia").parts().len(), 30);
    }

    #[test]
    fn weeks_begin_on_mondays() {
        for day in [date(2026, 11, 23), date(2026, 11, 26), date(2026, 11, 29)] {
            assert_eq!(period(View::Week, day, "UTC").first(), date(2026, 11, 23), "{day}");
        }
    }

    #[test]
    fn too_far_away() {
        for day in [date(1969, 12, 31), date(2262, 1, 1), date(-9999, 1, 1), date(9999, 12, 31)] {
            assert_eq!(Period::of(View::Day, day, TimeZone::UTC), None);
        }
    }

    const ZONES: [&str; 8] = [
        "UTC",
        "Europe/Prague",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Sao_Paulo",
        "Pacific/Apia",
        "Antarctica/Troll",
        "Africa/Casablanca",
    ];

    proptest! {
        #[test]
        fn nothing_is_lost_between_parts(
            view in prop::sample::select(&View::ALL[..]),
            zone in prop::sample::select(&ZONES[..]),
            days in 0..22_000i32,
        ) {
            let day = date(1980, 1, 1) + days.days();
            let period = period(view, day, zone);
            let parts = period.parts();
            let span = period.span();
            prop_assert_eq!(parts.first().map(|part| part.start), Some(span.start));
            prop_assert_eq!(parts.last().map(|part| part.end), Some(span.end));
            for pair in parts.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
            }
            prop_assert!(parts.iter().all(|part| part.start < part.end));
            // Neighbours touch.
            prop_assert_eq!(period.previous().unwrap().span().end, span.start);
            prop_assert_eq!(period.next().unwrap().span().start, span.end);
        }
    }
}
