//! The forms of a time.

use arbitrary::{Arbitrary, Unstructured};
use time::{Duration, PrimitiveDateTime, UtcOffset, macros::datetime};
use xt211_message::parse_time;

use crate::memory;

/// The most that an error needs, for the word that it quotes.
const MEMORY: usize = 256;

/// Any text is a time that can be printed and read again, or an error within it; and any time is
/// read from each of its forms.
///
/// # Panics
///
/// This does not hold.
pub fn time(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        any_text(text);
    }
    if let Ok(written) = Written::arbitrary(&mut Unstructured::new(data)) {
        any_time(&written);
    }
}

fn any_text(text: &str) {
    let zone = UtcOffset::from_whole_seconds(3_600).expect("an hour");
    match memory::within(MEMORY, || parse_time(text, &zone)) {
        Ok(time) => {
            assert_eq!(time.offset(), UtcOffset::UTC);
            let local = PrimitiveDateTime::new(time.date(), time.time());
            assert_eq!(parse_time(&iso(local, "T", 9, "Z"), &zone), Ok(time));
        }
        Err(error) => {
            let rest = text.get(error.offset()..).expect("a character's beginning");
            assert!(rest.starts_with(error.found()), "{error:?}");
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
    }
}

/// A time, and how it is written.
#[derive(Arbitrary, Debug)]
struct Written {
    seconds: u64,
    nanoseconds: u32,
    form: Form,
    zone: Zone,
    weekday: bool,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Form {
    /// With so many digits of a second's fraction.
    Iso { places: u8, is_spaced: bool },
    /// C's `%c`.
    C,
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Zone {
    /// Not told: local time, so many minutes ahead of UTC.
    None(i16),
    Named(u8),
    Minutes {
        ahead: i16,
        has_colon: bool,
    },
}

const NAMES: [(&str, i16); 9] = [
    ("GMT", 0),
    ("utc", 0),
    ("Z", 0),
    ("CET", 60),
    ("cest", 120),
    ("WET", 0),
    ("WEST", 60),
    ("EET", 120),
    ("EEST", 180),
];

impl Zone {
    /// How many minutes it is ahead of UTC, and how it is written.
    fn parts(self) -> (i16, String) {
        /// Less than a day.
        const LIMIT: i16 = 24 * 60;

        match self {
            Self::None(ahead) => (ahead % LIMIT, String::new()),
            Self::Named(number) => {
                let (name, ahead) = NAMES[usize::from(number) % NAMES.len()];
                (ahead, name.to_owned())
            }
            Self::Minutes { ahead, has_colon } => {
                let ahead = ahead % LIMIT;
                let (sign, size) = (if ahead < 0 { '-' } else { '+' }, ahead.unsigned_abs());
                let colon = if has_colon { ":" } else { "" };
                (ahead, format!("{sign}{:02}{colon}{:02}", size / 60, size % 60))
            }
        }
    }
}

fn any_time(written: &Written) {
    let Written { seconds, nanoseconds, form, zone, weekday } = *written;
    let start = datetime!(0000-01-01 0:00 UTC);
    let most = (datetime!(9999-12-31 23:59:59 UTC) - start).whole_seconds().unsigned_abs();
    let whole = start + Duration::seconds((seconds % (most + 1)).cast_signed());
    let nanoseconds = nanoseconds % 1_000_000_000;

    let (ahead, zone) = zone.parts();
    let offset = UtcOffset::from_whole_seconds(i32::from(ahead) * 60).expect("less than a day");
    let Some(local) = whole.checked_to_offset(offset).filter(|it| (0..=9_999).contains(&it.year()))
    else {
        return;
    };
    let local = PrimitiveDateTime::new(local.date(), local.time());
    let (text, time) = match form {
        Form::Iso { places, is_spaced } => {
            let places = places % 13;
            let kept = 10_u32.pow(9 - u32::from(places.min(9)));
            let nanoseconds = nanoseconds / kept * kept;
            let local = local.replace_nanosecond(nanoseconds).expect("less than a second");
            let text = iso(local, if is_spaced { " " } else { "T" }, places, &zone);
            (text, whole.replace_nanosecond(nanoseconds).expect("less than a second"))
        }
        Form::C => (c(local, &zone), whole),
    };
    let needs_weekday = weekday || matches!(form, Form::C);
    let text = if needs_weekday { format!("{} {text}", local.weekday()) } else { text };
    assert_eq!(parse_time(&text, &offset), Ok(time), "{text}");
}

/// As ISO 8601 has it. Digits behind the ninth are of no account.
fn iso(local: PrimitiveDateTime, between: &str, places: u8, zone: &str) -> String {
    let (year, month, day) = local.to_calendar_date();
    let (hour, minute, second) = local.as_hms();
    let date = format!("{year:04}-{:02}-{day:02}", u8::from(month));
    let digits = format!("{:09}789", local.nanosecond());
    let fraction = match usize::from(places) {
        0 => String::new(),
        places => format!(".{}", &digits[..places]),
    };
    format!("{date}{between}{hour:02}:{minute:02}:{second:02}{fraction}{zone}")
}

fn c(local: PrimitiveDateTime, zone: &str) -> String {
    let (year, month, day) = local.to_calendar_date();
    let (hour, minute, second) = local.as_hms();
    let month = &month.to_string()[..3];
    format!("{month} {day} {hour:02}:{minute:02}:{second:02} {year:04} {zone}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        for form in [Form::C, Form::Iso { places: 12, is_spaced: true }] {
            for zone in
                [Zone::None(-90), Zone::Named(4), Zone::Minutes { ahead: 345, has_colon: true }]
            {
                any_time(&Written {
                    seconds: 64_000_000_000,
                    nanoseconds: 123_456_789,
                    form,
                    zone,
                    weekday: true,
                });
            }
        }
    }
}
