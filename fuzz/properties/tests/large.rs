//! Inputs as long as a broker lets through by default, of what may cost more than its length: the
//! properties bound the memory that is asked for, and the questions to the history.

use std::iter;

use xt211_properties::{message, obis, time, whole_way};

/// About so many bytes.
const LENGTH: usize = 64 * 1024;

/// A text, over and over.
fn repeated(text: &str) -> String {
    text.repeat(LENGTH / text.len())
}

/// A reading with these values, at some minute.
fn reading(minute: usize, values: impl Iterator<Item = (String, usize)>) -> String {
    let values: Vec<_> = values.map(|(code, value)| format!("\"{code}\":{value}")).collect();
    let time = format!("2026-11-24 {:02}:{:02}:00", minute / 60, minute % 60);
    format!("{{\"data\":{{\"reading_datetime\":\"{time}\",\"values\":{{{}}}}}}}", values.join(","))
}

/// Many registers that only rise.
fn totals(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("{}-{}:1.8.{}.255", 1, number / 64, number % 64))
}

#[test]
fn messages() {
    for text in [
        format!("{{\"other\":{}", repeated("[")),
        format!("{{\"other\":{}", repeated("{\"a\":")),
        format!("{{\"other\":{}1,\"debug\":1}}", repeated("1e9")),
        format!("{{\"Status\":{{\"Status\":\"{}\"}}}}", repeated("\\u0041")),
        format!("{{\"Status\":{{\"Wifi\":\"{}\"}}}}", repeated("x")),
        format!("{{\"Status\":{{\"Wifi\":{}}}}}", repeated("9")),
        format!("{{{}\"debug\":1}}", repeated("\"a\":1,")),
        format!("{{{}\"debug\":1}}", repeated("\"obis_1_8_0\":1,")),
        format!("{{\"datetime\":\"{}\"}}", repeated(" ")),
        format!("{}{{}}", repeated("\n")),
    ] {
        message(text.as_bytes());
        whole_way(text.as_bytes());
    }
}

#[test]
fn readings_of_many_registers() {
    let count = LENGTH / 24;
    let all = reading(0, totals(count).zip(iter::repeat(7)));
    message(all.as_bytes());
    let zero = reading(3, totals(count).zip(iter::repeat(0)));
    let next = reading(6, totals(count).zip(7..));
    let twice = reading(6, totals(count).zip(8..));
    whole_way([all, zero, next, twice].join("\x1e").as_bytes());
}

#[test]
fn many_readings_that_wait() {
    let falling = |minute: usize| {
        reading(minute, totals(8).map(move |code| (code, 900_000_000 - minute * 10_000_000)))
    };
    let all: Vec<_> = (0..50).map(falling).collect();
    whole_way(all.join("\x1e").as_bytes());
}

#[test]
fn codes_and_times() {
    for text in ["1", "1.", "1-0:", " ", "0", "Sat ", "a", "\u{e9}"].map(repeated) {
        obis(text.as_bytes());
        time(text.as_bytes());
    }
    time(format!("2026-11-24 00:00:00.{}", repeated("9")).as_bytes());
}
