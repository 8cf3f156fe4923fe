//! The weather of a place in Bohemia, as far as a house feels it. Times are in seconds since 1970.

use std::f64::consts::{PI, TAU};

use super::noise::Noise;

/// A winter solstice, 2024-12-21 09:20 UTC.
const SOLSTICE: i64 = 1_734_772_800;

/// A tropical year, in seconds.
const YEAR: f64 = 31_556_926.0;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// 50° north and 15° east: the sun is highest at 11:00 UTC.
const LATITUDE: f64 = 50.0 * PI / 180.0;
const NOON: i64 = 11 * HOUR;

/// How steep the roof is, which looks to the south.
const TILT: f64 = 35.0 * PI / 180.0;

/// How far the earth's axis leans.
const OBLIQUITY: f64 = 23.44 * PI / 180.0;

/// The time of year as an angle, 0 at the winter solstice.
fn season(second: i64) -> f64 {
    TAU * (second - SOLSTICE) as f64 / YEAR
}

/// The time of day as an angle, 0 when the sun is highest.
fn hour_angle(second: i64) -> f64 {
    TAU * (second - NOON).rem_euclid(DAY) as f64 / DAY as f64
}

/// Outside, in °C.
pub(super) fn temperature(second: i64) -> f64 {
    // The earth is slow: the coldest weeks come a month after the solstice, the warmest hour three
    // after noon.
    let of_season = 9.5 - 10.5 * (season(second) - 0.5).cos();
    let of_day = 3.5 * (hour_angle(second) - 0.8).cos();
    of_season + of_day + (Noise(1).smooth(second, 4 * DAY) - 0.5) * 13.0
}

/// What the sun gives to the roof, as a part of what solar modules are rated for: 1 kW/m².
pub(super) fn sunshine(second: i64) -> f64 {
    let declination = -OBLIQUITY * season(second).cos();
    let (up, hour) = (declination.sin(), declination.cos() * hour_angle(second).cos());
    let elevation = LATITUDE.sin() * up + LATITUDE.cos() * hour;
    let incidence = (LATITUDE - TILT).sin() * up + (LATITUDE - TILT).cos() * hour;
    if elevation <= 0.0 || incidence <= 0.0 {
        return 0.0;
    }
    // Meinel's formula for what passes the air at sea level.
    let air = 1.353 * 0.7_f64.powf(elevation.recip().powf(0.678));
    air * incidence * clearness(second)
}

/// What clouds let through: from 0.08 to 1.
fn clearness(second: i64) -> f64 {
    // Winter is grey.
    let fine = Noise(2).smooth(second, 30 * HOUR) * (1.3 - 0.3 * season(second).cos());
    // Between grey and blue, single clouds pass.
    let broken = (1.0 - (2.0 * fine - 1.0).abs()).max(0.0);
    let passing = 1.0 - 0.8 * broken * Noise(3).smooth(second, 400);
    (fine * passing).clamp(0.08, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its mean over a span, given in hours after the solstice.
    fn mean(of: fn(i64) -> f64, from: i64, to: i64) -> f64 {
        (from..to).map(|hour| of(SOLSTICE + hour * HOUR)).sum::<f64>() / (to - from) as f64
    }

    #[test]
    fn the_year_has_seasons() {
        let (winter, summer) = ((0, 60 * 24), (182 * 24, 242 * 24));
        let january = mean(temperature, winter.0, winter.1);
        let july = mean(temperature, summer.0, summer.1);
        assert!((-5.0..4.0).contains(&january), "{january}");
        assert!((16.0..24.0).contains(&july), "{july}");
        let ratio = mean(sunshine, summer.0, summer.1) / mean(sunshine, winter.0, winter.1);
        assert!((2.5..9.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn a_year_has_as_many_hours_of_sunshine_as_it_should() {
        let hours = mean(sunshine, 0, 365 * 24) * 8_760.0;
        assert!((900.0..1_200.0).contains(&hours), "{hours}");
    }

    #[test]
    fn the_sun_does_not_shine_at_night_and_never_too_much() {
        for second in (SOLSTICE..SOLSTICE + 365 * DAY).step_by(1_800) {
            let sunshine = sunshine(second);
            assert!((0.0..1.1).contains(&sunshine), "{second}");
            let hour = second.rem_euclid(DAY) / HOUR;
            assert!(sunshine == 0.0 || (2..20).contains(&hour), "{second}");
        }
    }
}
