//! Long inputs of what may cost more than its length. The properties bound the memory that is asked
//! for and the questions to the history; here, thirty-two times the input must not take the time of its
//! square. It is the thread's own time, so that it does not matter what else the machine does.

use std::{iter, time::Duration};

use rustix::time::{ClockId, clock_gettime};
use xt211_properties::{message, obis, time, whole_way};

/// The length of the shorter inputs, in bytes.
const LENGTH: usize = 4 * 1024;

/// How often it is tried. Whatever else the machine does may make one run slow, and hardly ten; a square
/// is one each time.
const TRIES: usize = 10;

/// Gives a property an input and another that is thirty-two times as long.
fn grows_with(property: fn(&[u8]), input: impl Fn(usize) -> String) {
    let inputs = [LENGTH, 32 * LENGTH].map(input);
    let mut least = [Duration::MAX; 2];
    let fits = (0..TRIES).any(|_| {
        for (least, input) in least.iter_mut().zip(&inputs) {
            let start = now();
            property(input.as_bytes());
            *least = (*least).min(now() - start);
        }
        // With the square, it were a thousand times; and what takes no time at all is fine.
        let [short, long] = least;
        long < 128 * short + Duration::from_millis(5)
    });
    let [short, _] = &inputs;
    assert!(fits, "{least:?}: {}", short.chars().take(60).collect::<String>());
}

fn now() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// A text, over and over, between others.
fn repeated(start: &str, text: &str, end: &str, length: usize) -> String {
    format!("{start}{}{end}", text.repeat(length / text.len()))
}

/// A reading with these values, at some minute.
fn reading(minute: usize, values: impl Iterator<Item = (String, usize)>) -> String {
    let values: Vec<_> = values.map(|(code, value)| format!("\"{code}\":{value}")).collect();
    let time = format!("2026-11-24 {:02}:{:02}:00", minute / 60, minute % 60);
    format!("{{\"data\":{{\"reading_datetime\":\"{time}\",\"values\":{{{}}}}}}}", values.join(","))
}

/// Registers that only rise.
fn totals(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("1-{}:1.8.{}.255", number / 64, number % 64))
}

#[test]
fn messages() {
    for (start, text, end) in [
        ("{\"other\":", "[", ""),
        ("{\"other\":", "{\"a\":", ""),
        ("{\"other\":", "9", ",\"debug\":1}"),
        ("{\"Status\":{\"Status\":\"", "\\u0041", "\"}}"),
        ("{\"Status\":{\"Wifi\":\"", "x", "\"}}"),
        ("{\"Status\":{\"Wifi\":", "9", "}}"),
        ("{", "\"a\":1,", "\"debug\":1}"),
        ("{", "\"obis_1_8_0\":1,", "\"debug\":1}"),
        ("{\"datetime\":\"", " ", "\"}"),
        ("", "\n", "{}"),
    ] {
        grows_with(message, |length| repeated(start, text, end, length));
        grows_with(whole_way, |length| repeated(start, text, end, length));
    }
}

#[test]
fn readings_of_many_registers() {
    grows_with(whole_way, |length| {
        let count = length / 24;
        let all = reading(0, totals(count).zip(iter::repeat(7)));
        let zero = reading(3, totals(count).zip(iter::repeat(0)));
        let next = reading(6, totals(count).zip(7..));
        let mixed = reading(9, totals(count).zip([3, 5_000].into_iter().cycle()));
        [all, zero, next, mixed].join("\x1e")
    });
}

#[test]
fn many_readings_that_wait() {
    // Of these, there are never more than a few: what waits is compared with each other.
    let falling = |minute: usize| {
        reading(minute, totals(8).map(move |code| (code, 900_000_000 - minute * 10_000_000)))
    };
    let all: Vec<_> = (0..50).map(falling).collect();
    whole_way(all.join("\x1e").as_bytes());
}

#[test]
fn codes_and_times() {
    for text in ["1", "1.", "1-0:", " ", "0", "Sat ", "a", "\u{e9}"] {
        grows_with(obis, |length| repeated("", text, "", length));
        grows_with(time, |length| repeated("", text, "", length));
    }
    grows_with(time, |length| repeated("2026-11-24 00:00:00.", "9", "", length));
}
