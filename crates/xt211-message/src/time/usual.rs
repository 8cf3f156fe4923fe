//! The forms in which modules write nearly every time, read at once: their parts have fixed places.
//!
//! ```text
//! Sun 2026-04-26 16:40:22
//! Sun Apr 26 16:49:55 2026
//! ```
//!
//! Nothing else is read here, and no error told: that is for the grammar, of which this takes a
//! seventh of the time.

use time::{Date, Month, PrimitiveDateTime, Time};

/// The date and clock that a text begins with, if it is one of the usual forms; and what follows.
#[inline]
pub(super) fn date_and_clock(text: &[u8]) -> Option<(PrimitiveDateTime, &[u8])> {
    let (weekday, text) = text.split_first_chunk::<4>()?;
    let [_, _, _, b' '] = weekday else { return None };
    let is_word = weekday.iter().take(3).all(u8::is_ascii_alphabetic);
    let mut digits = Digits::default();
    let (date, clock, rest) = match text.split_first_chunk::<20>() {
        // The place of the year is a place of digits in one form and of letters in the other.
        Some(([m0, m1, m2, b' ', d0, d1, b' ', clock @ .., b' ', y0, y1, y2, y3], rest)) => {
            let month = month([*m0, *m1, *m2])?;
            ((digits.four(*y0, *y1, *y2, *y3), month, digits.two(*d0, *d1)), clock, rest)
        }
        _ => {
            let (chunk, rest) = text.split_first_chunk::<19>()?;
            let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b' ', clock @ ..] = chunk else {
                return None;
            };
            let month = Month::try_from(digits.two(*m0, *m1)).ok()?;
            ((digits.four(*y0, *y1, *y2, *y3), month, digits.two(*d0, *d1)), clock, rest)
        }
    };
    let [h0, h1, b':', m0, m1, b':', s0, s1] = clock else { return None };
    let clock = (digits.two(*h0, *h1), digits.two(*m0, *m1), digits.two(*s0, *s1));
    if !is_word || !digits.are_digits() {
        return None;
    }
    let date = Date::from_calendar_date(i32::from(date.0), date.1, date.2).ok()?;
    let clock = Time::from_hms(clock.0, clock.1, clock.2).ok()?;
    Some((PrimitiveDateTime::new(date, clock), rest))
}

fn month(name: [u8; 3]) -> Option<Month> {
    Some(match &name {
        b"Jan" => Month::January,
        b"Feb" => Month::February,
        b"Mar" => Month::March,
        b"Apr" => Month::April,
        b"May" => Month::May,
        b"Jun" => Month::June,
        b"Jul" => Month::July,
        b"Aug" => Month::August,
        b"Sep" => Month::September,
        b"Oct" => Month::October,
        b"Nov" => Month::November,
        b"Dec" => Month::December,
        _ => return None,
    })
}

/// Makes numbers of digits, and looks only once whether all of them were some.
#[derive(Default)]
struct Digits {
    /// The greatest of them, less `0`.
    greatest: u8,
}

impl Digits {
    #[inline]
    fn two(&mut self, tens: u8, ones: u8) -> u8 {
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        self.greatest = self.greatest.max(tens).max(ones);
        tens.wrapping_mul(10).wrapping_add(ones)
    }

    #[inline]
    fn four(&mut self, thousands: u8, hundreds: u8, tens: u8, ones: u8) -> u16 {
        u16::from(self.two(thousands, hundreds)) * 100 + u16::from(self.two(tens, ones))
    }

    #[inline]
    fn are_digits(&self) -> bool {
        self.greatest < 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMS: [&str; 2] = ["Sun 2026-04-26 16:40:22", "Sun Apr 26 16:40:22 2026"];

    fn read(text: &str) -> Option<PrimitiveDateTime> {
        let (time, rest) = date_and_clock(text.as_bytes())?;
        assert_eq!(rest, b" GMT");
        Some(time)
    }

    #[test]
    fn both_forms_of_each_month() {
        for month in 1..=12 {
            let date = Date::from_calendar_date(2026, Month::try_from(month).unwrap(), 26).unwrap();
            let name = date.month().to_string();
            let time = Some(date.with_hms(16, 40, 22).unwrap());
            assert_eq!(read(&format!("Sun 2026-{month:02}-26 16:40:22 GMT")), time);
            assert_eq!(read(&format!("Sun {} 26 16:40:22 2026 GMT", &name[..3])), time);
        }
    }

    #[test]
    fn nothing_but_digits_where_they_have_to_be() {
        for form in FORMS {
            assert!(read(&format!("{form} GMT")).is_some());
            for (place, _) in form.match_indices(|c: char| c.is_ascii_digit()) {
                for wrong in ["/", ":", " ", "é"] {
                    let mut text = format!("{form} GMT");
                    text.replace_range(place..place + 1, wrong);
                    assert_eq!(date_and_clock(text.as_bytes()), None, "{text}");
                }
            }
        }
    }
}
