//! What others read: the lines that archives already hold, to the byte.
#![allow(clippy::unwrap_used)]

use time::{OffsetDateTime, macros::datetime};
use xt211_line_protocol::{ErrorKind, LineError, Measurement, encode_reading, encode_status};
use xt211_message::{Battery, Decimal, ModuleStatus, Reading, Register, Registers, Value};

const TIME: OffsetDateTime = datetime!(2026-02-21 20:27:09 UTC);

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn reading<'a>(registers: &[(&str, Value<'a>)]) -> Reading<'a> {
    let register = |(code, value): &(&str, Value<'a>)| Register {
        code: code.parse().unwrap(),
        value: value.clone(),
    };
    Reading {
        time: TIME,
        first_boot: false,
        wait_time: None,
        registers: Registers::from_vec(registers.iter().map(register).collect()).unwrap(),
    }
}

fn encoded(meter: &str, reading: &Reading<'_>) -> Result<String, LineError> {
    let mut lines = String::new();
    encode_reading(&mut lines, &Measurement::HOME_ENERGY, meter, reading)?;
    Ok(lines)
}

#[test]
fn the_seed_reading() {
    let reading = reading(&[
        ("96.1.1", Value::Text("5100025085".into())),
        ("1.8.4", Value::Number(number("0"))),
        ("1.8.3", Value::Number(number("0"))),
        ("1.8.2", Value::Number(number("6031.06"))),
        ("1.8.1", Value::Number(number("1338.005"))),
        ("1.8.0", Value::Number(number("7369.066"))),
    ]);
    assert_eq!(
        encoded("5100025085", &reading).as_deref(),
        Ok(
            "home_energy,meter=5100025085 1_8_0=7369.066,1_8_1=1338.005,1_8_2=6031.06,1_8_3=0,1_8_4=0 1771705629000000000\n"
        )
    );
}

#[test]
fn full_codes_and_texts() {
    let reading = reading(&[
        ("1.8.0", Value::Number(number("-0.5"))),
        ("0-1:96.3.10", Value::Number(number("1"))),
        ("0-0:96.13.0", Value::Text("out \"1\"\nC:\\".into())),
        ("1-0:1.8.0.1", Value::Number(number("2"))),
        ("0-0:96.1.0", Value::Text("5100025085".into())),
    ]);
    assert_eq!(
        encoded("my meter", &reading).as_deref(),
        Ok(
            "home_energy,meter=my\\ meter 96_13_0=\"out \\\"1\\\"\\\\nC:\\\\\",0-1:96_3_10_255=1,1-0:1_8_0_1=2,1_8_0=-0.5 1771705629000000000\n"
        )
    );
}

#[test]
fn a_reading_without_a_value() {
    let reading = reading(&[("96.1.1", Value::Text("5100025085".into()))]);
    assert_eq!(
        encoded("5100025085", &reading).map_err(|error| (error.kind(), error.code())),
        Err((ErrorKind::NoFields, "line.no_fields"))
    );
}

#[test]
fn a_meter_with_any_name() {
    let reading = reading(&[("1.8.0", Value::Number(number("1")))]);
    let line = |meter| encoded(meter, &reading).unwrap();
    assert_eq!(line(""), "home_energy 1_8_0=1 1771705629000000000\n");
    assert_eq!(line("a\nb\\"), "home_energy,meter=a_b_ 1_8_0=1 1771705629000000000\n");
}

#[test]
fn every_status_field() {
    let status = ModuleStatus {
        status: Some("OK".into()),
        status_text: Some("After wakeup".into()),
        wakeups: Some(1072),
        resets: Some(0),
        last_wait: Some(number("8")),
        last_wait_min: Some(number("5")),
        last_wait_max: Some(number("53")),
        last_adaptive: Some(number("-20")),
        first_boot: Some(datetime!(2026-02-10 12:07:07 UTC)),
        build: Some("2025-12-08 13:05:39".into()),
        wifi: Some(number("-77")),
        rssi: Some(number("-104")),
        ntp_drift: Some(number("-0.13")),
        serial: Some("5100025085".into()),
        planned_start: Some("16:49:35".into()),
        real_start: Some("2026-04-26 16:49:35".into()),
    };
    let battery = Battery { voltage: Some(number("3.783")), soc: Some(number("35.78")) };
    let mut lines = String::new();
    encode_status(&mut lines, "5100025085", TIME, Some(&status), Some(&battery)).unwrap();
    assert_eq!(
        lines,
        "xt211_status,meter=5100025085 \
         battery_voltage=3.783,battery_soc=35.78,\
         status_status=\"OK\",status_statustext=\"After wakeup\",\
         status_wakeups=1072,status_resets=0,\
         status_lastwait=8,status_lastwaitmin=5,status_lastwaitmax=53,status_lastadaptive=-20,\
         status_firstboottime=\"2026-02-10T12:07:07Z\",\
         status_builddatetime=\"2025-12-08 13:05:39\",\
         status_wifi=-77,status_rssi=-104,status_ntpdrift=-0.13,\
         status_plannedstarttime=\"16:49:35\",status_realstarttime=\"2026-04-26 16:49:35\" \
         1771705629000000000\n"
    );
}

#[test]
fn a_status_that_says_nothing() {
    let mut lines = String::from("x");
    let serial = ModuleStatus { serial: Some("5100025085".into()), ..ModuleStatus::default() };
    for status in [None, Some(&serial)] {
        let error = encode_status(&mut lines, "5100025085", TIME, status, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoFields);
    }
    assert_eq!(lines, "x");
}

#[test]
fn a_first_boot_that_cannot_be_written() {
    let status = ModuleStatus {
        wakeups: Some(1),
        first_boot: Some(datetime!(-0001-01-01 00:00 UTC)),
        ..ModuleStatus::default()
    };
    let error = encode_status(&mut String::new(), "1", TIME, Some(&status), None).unwrap_err();
    assert_eq!((error.kind(), error.text()), (ErrorKind::Time, "status_firstboottime"));
}
