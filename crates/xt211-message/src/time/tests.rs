use ::time::macros::{datetime, offset};
use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> OffsetDateTime {
    parse_time(text, &UtcOffset::UTC).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn failed(text: &str) -> String {
    parse_time(text, &UtcOffset::UTC).unwrap_err().to_string()
}

#[test]
fn forms() {
    let time = datetime!(2026-02-21 20:27:09 UTC);
    assert_eq!(parsed("Sat 2026-02-21 20:27:09 GMT"), time);
    assert_eq!(parsed("2026-02-21 20:27:09"), time);
    assert_eq!(parsed("2026-02-21T20:27:09Z"), time);
    assert_eq!(parsed("2026-02-21t20:27:09z"), time);
    assert_eq!(parsed("  Saturday   2026-02-21   20:27:09   UTC  "), time);
    assert_eq!(parsed("Mon 2026-02-21 20:27:09"), time);
    assert_eq!(parsed("Sat Feb 21 20:27:09 2026"), time);
    assert_eq!(parsed("sat feb 21 20:27:09 2026 gmt"), time);
    assert_eq!(parsed("Sat Aug  8 09:15:41 2026"), datetime!(2026-08-08 09:15:41 UTC));
    assert_eq!(parsed("Sat Aug 8 09:15:41 2026"), datetime!(2026-08-08 09:15:41 UTC));
    assert_eq!(parsed("Sat Aug 08 09:15:41 2026"), datetime!(2026-08-08 09:15:41 UTC));
    assert_eq!(parsed("2026-02-21T20:27:09.5Z"), datetime!(2026-02-21 20:27:09.5 UTC));
    assert_eq!(
        parsed("2026-02-21 20:27:09.1234567899 GMT"),
        datetime!(2026-02-21 20:27:09.123456789 UTC)
    );
    assert_eq!(parsed("Thu 1970-01-01 00:00:09 GMT"), datetime!(1970-01-01 00:00:09 UTC));
    assert_eq!(parsed("2024-02-29 00:00:00"), datetime!(2024-02-29 00:00:00 UTC));
    assert_eq!(parsed("9999-12-31 23:59:59Z"), datetime!(9999-12-31 23:59:59 UTC));
    assert_eq!(parsed("0000-01-01 00:00:00Z"), datetime!(0000-01-01 00:00:00 UTC));
}

#[test]
fn zones() {
    let hour = |text: &str| parsed(&format!("2026-08-08 12:00:00{text}")).hour();
    assert_eq!([hour(" GMT"), hour(" UTC"), hour("Z"), hour(" WET")], [12; 4]);
    assert_eq!([hour(" CET"), hour("cet"), hour(" WEST"), hour("+01")], [11; 4]);
    assert_eq!([hour(" CEST"), hour(" EET"), hour(" +0200"), hour("+02:00")], [10; 4]);
    assert_eq!([hour(" EEST"), hour("+0300")], [9; 2]);
    assert_eq!([hour("-05"), hour("-05:00"), hour(" -0530")], [17; 3]);
    assert_eq!(parsed("2026-08-08 12:00:00 -0530"), datetime!(2026-08-08 17:30:00 UTC));
}

#[test]
fn times_without_a_zone_are_local() {
    /// Summer time from April to September.
    struct Summer;
    impl Zone for Summer {
        fn offset(&self, local: PrimitiveDateTime) -> UtcOffset {
            let summer = (4..=9).contains(&u8::from(local.month()));
            if summer { offset!(+2) } else { offset!(+1) }
        }
    }
    let hour = |text| parse_time(text, &Summer).unwrap().hour();
    assert_eq!(hour("Sat Aug  8 12:00:00 2026"), 10);
    assert_eq!(hour("Sat Feb 21 12:00:00 2026"), 11);
    assert_eq!(hour("Sat 2026-08-08 12:00:00"), 10);
    assert_eq!(hour("Sat 2026-08-08 12:00:00 GMT"), 12);
}

#[test]
fn failures() {
    assert_eq!(failed(""), "expected a year of four digits, found the end at byte 0");
    assert_eq!(failed("soon"), "expected a date such as 2026-02-21, found the end at byte 4");
    assert_eq!(failed("Sat "), "expected a year of four digits, found the end at byte 4");
    assert_eq!(
        failed("Sat2026-02-21"),
        "expected a date such as 2026-02-21, found `2026` at byte 3"
    );
    assert_eq!(failed("26-02-21"), "expected a year of four digits, found `26` at byte 0");
    assert_eq!(failed("20260-02-21"), "expected `-`, found `0` at byte 4");
    assert_eq!(failed("-2026-02-21"), "expected a year of four digits, found `-` at byte 0");
    assert_eq!(failed("2026/02/21"), "expected `-`, found `/` at byte 4");
    assert_eq!(failed("2026-2-21"), "expected a month from 01 to 12, found `2` at byte 5");
    assert_eq!(failed("2026-13-21"), "expected a month from 01 to 12, found `13` at byte 5");
    assert_eq!(failed("2026-00-21"), "expected a month from 01 to 12, found `00` at byte 5");
    assert_eq!(failed("2026-02-30"), "expected a day of that month, found `30` at byte 8");
    assert_eq!(failed("2025-02-29"), "expected a day of that month, found `29` at byte 8");
    assert_eq!(failed("2026-02-00"), "expected a day of that month, found `00` at byte 8");
    assert_eq!(failed("2026-02-21"), "expected a space, found the end at byte 10");
    assert_eq!(
        failed("2026-02-21 24:00:00"),
        "expected an hour from 00 to 23, found `24` at byte 11"
    );
    assert_eq!(
        failed("2026-02-21 9:00:00"),
        "expected an hour from 00 to 23, found `9` at byte 11"
    );
    assert_eq!(failed("2026-02-21 20-27"), "expected `:`, found `-` at byte 13");
    assert_eq!(
        failed("2026-02-21 20:60:00"),
        "expected a minute from 00 to 59, found `60` at byte 14"
    );
    assert_eq!(
        failed("2026-02-21 20:27:60"),
        "expected a second from 00 to 59, found `60` at byte 17"
    );
    assert_eq!(failed("2026-02-21 20:27:09."), "expected a digit, found the end at byte 20");
    assert_eq!(failed("2026-02-21 20:27:09,5"), "expected the end, found `,` at byte 19");
    assert_eq!(
        failed("2026-02-21 20:27:09 +2"),
        "expected an offset such as +02:00, found `2` at byte 21"
    );
    assert_eq!(
        failed("2026-02-21 20:27:09 +02:"),
        "expected an offset such as +02:00, found the end at byte 24"
    );
    assert_eq!(
        failed("2026-02-21 20:27:09 +24"),
        "expected an offset such as +02:00, found `24` at byte 21"
    );
    assert_eq!(failed("2026-02-21 20:27:09 UTC+2"), "expected the end, found `+` at byte 23");
    assert_eq!(failed("2026-02-21 20:27:09 GMT GMT"), "expected the end, found `GMT` at byte 24");
    assert_eq!(failed("2026-02-21 20:27:09\n"), "expected the end, found `\\n` at byte 19");
    assert_eq!(
        failed("Feb 21 20:27:33 2026"),
        "expected a year of four digits, found `21` at byte 4"
    );
    assert_eq!(
        failed("Sat Fev 21 20:27:33 2026"),
        "expected a month from `Jan` to `Dec`, found `Fev` at byte 4"
    );
    assert_eq!(
        failed("Sat Feb 30 20:27:33 2026"),
        "expected a day of that month, found `30` at byte 8"
    );
    assert_eq!(
        failed("Sat Feb 0 20:27:33 2026"),
        "expected a day of that month, found `0` at byte 8"
    );
    assert_eq!(failed("Sat Feb 21 20:27:33 99999"), "expected the end, found `9` at byte 24");
    assert_eq!(
        failed("S\u{e1}t 2026-02-21"),
        "expected a date such as 2026-02-21, found `\u{e1}t` at byte 1"
    );
    assert_eq!(
        failed("9999-12-31 23:59:59 -01"),
        "expected a time from year 0 to 9999, found `9999` at byte 0"
    );
    assert_eq!(
        failed("0000-01-01 00:00:00 CET"),
        "expected a time from year 0 to 9999, found `0000` at byte 0"
    );
}

#[test]
fn an_unknown_zone_names_the_known() {
    assert_eq!(
        failed("Sat 2026-02-21 20:27:09 PST"),
        "expected a zone (GMT, UTC, Z, CET, CEST, WET, WEST, EET, EEST, or an offset such as \
             +02:00), found `PST` at byte 24"
    );
    let long = format!("2026-02-21 20:27:09 {}", "x".repeat(10_000));
    assert_eq!(parse_time(&long, &UtcOffset::UTC).unwrap_err().found(), "x".repeat(16));
}

proptest! {
    #[test]
    fn any_text_is_a_time_or_an_error_within_it(text in "[A-Za-z0-9 :.+-]{0,30}|.{0,12}") {
        if let Err(error) = parse_time(&text, &UtcOffset::UTC) {
            let rest = text.get(error.offset()..);
            prop_assert!(rest.is_some_and(|rest| rest.starts_with(error.found())));
        }
    }

    #[test]
    fn every_form_tells_the_same_time(seconds in 0..4_102_444_800i64, hours in -12..=14i8) {
        let utc = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let offset = UtcOffset::from_hms(hours, 0, 0).unwrap();
        let local = utc.to_offset(offset);
        let (date, clock) = (local.date(), format!("{:02}:{:02}:{:02}", local.hour(), local.minute(), local.second()));
        let name = &local.month().to_string()[..3];
        let sign = if hours < 0 { '-' } else { '+' };
        let hours = hours.abs();
        prop_assert_eq!(parse_time(&format!("Xyz {date} {clock}"), &offset), Ok(utc));
        prop_assert_eq!(parse_time(&format!("{date}T{clock}{sign}{hours:02}:00"), &UtcOffset::UTC), Ok(utc));
        prop_assert_eq!(parse_time(&format!("Xyz {name} {:2} {clock} {}", local.day(), local.year()), &offset), Ok(utc));
    }
}
