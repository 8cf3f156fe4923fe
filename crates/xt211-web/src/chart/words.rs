//! Numbers and times for people.

use jiff::{
    Timestamp, Zoned,
    civil::Date,
    tz::{Offset, TimeZone},
};

use super::period::{Period, Span, View};

/// A number with so many decimals, and never a zero below zero.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_zero = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    let digits = text.trim_start_matches('-');
    if value < 0.0 && !is_zero { format!("−{digits}") } else { digits.to_owned() }
}

/// An energy as a meter counts it, in kWh.
pub(crate) fn energy(kilowatt_hours: f64) -> String {
    number(kilowatt_hours, 3)
}

/// An energy to look at, in kWh.
pub(crate) fn rough_energy(kilowatt_hours: f64) -> String {
    let decimals = match kilowatt_hours.abs() {
        value if value < 10.0 => 2,
        value if value < 1_000.0 => 1,
        _ => 0,
    };
    number(kilowatt_hours, decimals)
}

/// How one amount is to another, that of a time before: `8 % less than the day before`.
pub(crate) fn comparison(amount: f64, before: f64, of_what: &str) -> Option<String> {
    // Of nothing, or next to nothing, no per cent make sense.
    if before < 0.05 {
        return None;
    }
    let percent = ((amount / before - 1.0) * 100.0).round();
    Some(match percent {
        0.0 => format!("as much as {of_what}"),
        percent if percent < 0.0 => format!("{} % less than {of_what}", -percent),
        percent if percent > 400.0 => {
            format!("{} times as much as {of_what}", number(amount / before, 1))
        }
        percent => format!("{percent} % more than {of_what}"),
    })
}

/// A moment: `3 Mar 14:00`, and with its year if that is not the one of the period.
pub(crate) fn moment(time: Timestamp, period: &Period) -> String {
    let time = time.to_zoned(period.zone.clone());
    let is_near = time.year() == period.first().year();
    time.strftime(if is_near { "%-d %b %H:%M" } else { "%-d %b %Y %H:%M" }).to_string()
}

/// A period as a headline.
pub(crate) fn title(period: &Period) -> String {
    let first = period.first();
    let last = period.next().and_then(|next| next.first().yesterday().ok()).unwrap_or(first);
    match period.view {
        View::Day => first.strftime("%A, %-d %B %Y").to_string(),
        View::Week => week(first, last),
        View::Month => first.strftime("%B %Y").to_string(),
        View::Year => first.strftime("%Y").to_string(),
        View::All => "All years".to_owned(),
    }
}

fn week(first: Date, last: Date) -> String {
    let form = if first.year() != last.year() {
        "%-d %B %Y"
    } else if first.month() != last.month() {
        "%-d %B"
    } else {
        "%-d"
    };
    format!("{} – {}", first.strftime(form), last.strftime("%-d %B %Y"))
}

/// The period before, in a sentence.
pub(crate) const fn the_one_before(view: View) -> &'static str {
    match view {
        View::Day => "the day before",
        View::Week => "the week before",
        View::Month => "the month before",
        View::Year | View::All => "the year before",
    }
}

/// A part of a period, in full: `14:00–15:00`, `Thu 26 November`.
pub(crate) fn part(part: Span, period: &Period) -> String {
    let start = part.start.to_zoned(period.zone.clone());
    match period.view {
        View::Day => hour(part, period, &start),
        View::Week | View::Month => start.strftime("%a %-d %B").to_string(),
        View::Year => start.strftime("%B %Y").to_string(),
        View::All => start.strftime("%Y").to_string(),
    }
}

/// An hour by the clock that showed it. On days on which clocks are set, it says by which.
fn hour(part: Span, period: &Period, start: &Zoned) -> String {
    let end = start.offset().to_datetime(part.end);
    let clock = if period.is_clock_set() { " %Z" } else { "" };
    format!("{}–{}{}", start.strftime("%H:%M"), end.strftime("%H:%M"), start.strftime(clock))
}

/// A moment within a period: `14:03`, or with its day if there are more of these.
pub(crate) fn clock(time: Timestamp, period: &Period) -> String {
    let time = time.to_zoned(period.zone.clone());
    let form = match period.view {
        View::Day if period.is_clock_set() => "%H:%M %Z",
        View::Day => "%H:%M",
        View::Week | View::Month => "%a %-d %b %H:%M",
        View::Year | View::All => "%-d %b %Y %H:%M",
    };
    time.strftime(form).to_string()
}

/// Where a label stands on a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Everywhere.
    Narrow,
    /// Where there is room.
    Wide,
}

/// What is written below a part of a period, if anything.
pub(crate) fn label(part: Span, period: &Period) -> Option<(String, Room)> {
    let start = part.start.to_zoned(period.zone.clone());
    let room = |is_for_all| if is_for_all { Room::Narrow } else { Room::Wide };
    Some(match period.view {
        View::Day => {
            if start.minute() != 0 || start.hour() % 3 != 0 {
                return None;
            }
            (start.strftime("%H:%M").to_string(), room(start.hour() % 6 == 0))
        }
        View::Week => (start.strftime("%a %-d").to_string(), Room::Narrow),
        View::Month => {
            let day = start.day();
            (day.to_string(), room(day == 1 || day % 5 == 0))
        }
        View::Year => (start.strftime("%b").to_string(), Room::Narrow),
        View::All => (start.year().to_string(), Room::Narrow),
    })
}

/// What a zone is called: its name, or how far it is from UTC.
pub(crate) fn zone_name(zone: &TimeZone) -> String {
    let offset = || zone.to_fixed_offset().unwrap_or(Offset::UTC).to_string();
    zone.iana_name().map_or_else(offset, str::to_owned)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn period(view: View, day: Date) -> Period {
        Period::of(view, day, TimeZone::get("Europe/Prague").unwrap()).unwrap()
    }

    #[test]
    fn numbers() {
        assert_eq!(number(1.25, 1), "1.2");
        assert_eq!(number(-1.26, 1), "−1.3");
        assert_eq!(number(-0.04, 1), "0.0");
        assert_eq!(
            [5.126, 51.26, 512.6, 5126.0].map(rough_energy),
            ["5.13", "51.3", "512.6", "5126"]
        );
    }

    #[test]
    fn comparisons() {
        let compare = |amount, before| comparison(amount, before, "the day before");
        assert_eq!(compare(9.2, 10.0).as_deref(), Some("8 % less than the day before"));
        assert_eq!(compare(11.0, 10.0).as_deref(), Some("10 % more than the day before"));
        assert_eq!(compare(10.01, 10.0).as_deref(), Some("as much as the day before"));
        assert_eq!(compare(100.0, 10.0).as_deref(), Some("10.0 times as much as the day before"));
        assert_eq!(compare(1.0, 0.0), None);
    }

    #[test]
    fn titles() {
        let day = date(2026, 11, 26);
        let titles = View::ALL.map(|view| title(&period(view, day)));
        let expected = [
            "Thursday, 26 November 2026",
            "23 – 29 November 2026",
            "November 2026",
            "2026",
            "All years",
        ];
        assert_eq!(titles, expected);
        assert_eq!(title(&period(View::Week, date(2026, 10, 1))), "28 September – 4 October 2026");
        assert_eq!(
            title(&period(View::Week, date(2026, 1, 1))),
            "29 December 2025 – 4 January 2026"
        );
    }

    #[test]
    fn hours_on_days_when_clocks_are_set() {
        let hours = |day, from: usize| {
            let period = period(View::Day, day);
            let parts = period.parts().into_iter().skip(from).take(3);
            parts.map(|it| part(it, &period)).collect::<Vec<_>>()
        };
        assert_eq!(hours(date(2026, 11, 26), 22), ["22:00–23:00", "23:00–00:00"]);
        let spring = ["01:00–02:00 CET", "03:00–04:00 CEST", "04:00–05:00 CEST"];
        assert_eq!(hours(date(2026, 3, 29), 1), spring);
        let autumn = ["01:00–02:00 CEST", "02:00–03:00 CEST", "02:00–03:00 CET"];
        assert_eq!(hours(date(2026, 10, 25), 1), autumn);
    }
}
