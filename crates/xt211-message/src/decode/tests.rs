//! What messages become. What fails, and how, is in the corpus: `failures.txt`.

use std::borrow::Cow;

use time::{UtcOffset, macros::datetime};

use super::*;
use crate::{Battery, ModuleStatus, Value};

fn decoded(text: &str) -> Message<'_> {
    Message::decode(text.as_bytes(), &UtcOffset::UTC)
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn failed(bytes: &[u8]) -> MessageError {
    Message::decode(bytes, &UtcOffset::UTC).unwrap_err()
}

/// A message with these values.
fn with_values(values: &str) -> String {
    format!(r#"{{"data":{{"reading_datetime":"2026-02-21 20:27:09","values":{{{values}}}}}}}"#)
}

/// The registers of such a message, as text.
fn registers_of(values: &str) -> String {
    let text = with_values(values);
    let reading = decoded(&text).reading.unwrap();
    let shown = reading.registers.iter().map(|register| match &register.value {
        Value::Number(number) => format!("{}={number}", register.code),
        Value::Text(text) => format!("{}={text:?}", register.code),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The fields of a status that are there, as JSON.
fn status_of(fields: &str) -> String {
    let text = format!(r#"{{"Status":{{{fields}}}}}"#);
    let status = serde_json::to_value(decoded(&text).status).unwrap();
    let present = status.as_object().unwrap().iter().filter(|(_, value)| !value.is_null());
    present.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn keys_in_either_case() {
    let message = decoded(
        r#"{"DATA":{"READING_DATETIME":"2026-02-21 20:27:09","Values":{"1.8.0":1}},
        "STATUS":{"STATUS":"OK"},"bATTERY":{"soc":50},"Debug":0}"#,
    );
    assert_eq!(message.reading.unwrap().registers.len(), 1);
    assert_eq!(message.status.unwrap().status.as_deref(), Some("OK"));
    assert_eq!(message.battery.unwrap().soc, Some(50.into()));
    assert!(message.debug);
}

#[test]
fn nothing_is_not_a_first_time() {
    let message =
        decoded(r#"{"Status":null,"Status":{"Wifi":null,"Wifi":" ","Wifi":1},"Status":null}"#);
    assert_eq!(message.status.unwrap().wifi, Some(1.into()));
}

#[test]
fn unknown_keys_are_passed_over() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let text = format!(
        r#"{{"x":{deep},"data":{{"y":{{"z":1e999}},"reading_datetime":"2026-02-21 20:27:09",
        "values":{{"1.8":{deep},"1.8.0.0.0":"a","one":1,"1.8.0":1}}}},"debug":{deep}}}"#
    );
    let message = decoded(&text);
    assert!(message.debug);
    assert_eq!(message.reading.unwrap().registers.len(), 1);
    assert_eq!(status_of(r#""Humidity":[1],"Wakeups":1"#), "wakeups=1");
}

#[test]
fn values_of_numbers() {
    assert_eq!(registers_of(r#""1.8.0":7369.0660"#), "1.8.0=7369.066");
    assert_eq!(registers_of(r#""1.8.0":" 7369.066 ""#), "1.8.0=7369.066");
    assert_eq!(registers_of(r#""1.8.0":"\u0031\n""#), "1.8.0=1");
    assert_eq!(registers_of(r#""1.8.0":1.5e3"#), "1.8.0=1500");
    assert_eq!(registers_of(r#""16.7.0":-1240"#), "16.7.0=-1240");
    assert_eq!(registers_of(r#""1.6.0":0.1"#), "1.6.0=0.1");
    assert_eq!(registers_of(r#""1.8.0":123456789012.345678"#), "1.8.0=123456789012.345678");
    assert_eq!(registers_of(r#""1.8.0":null,"1.8.1":1"#), "1.8.1=1");
}

#[test]
fn values_of_switches() {
    assert_eq!(registers_of(r#""0-0:96.3.10":true"#), "96.3.10=1");
    assert_eq!(registers_of(r#""0-0:96.3.10":false"#), "96.3.10=0");
    assert_eq!(registers_of(r#""0-1:96.3.10":1"#), "0-1:96.3.10.255=1");
    assert_eq!(registers_of(r#""0-1:96.3.10":"0""#), "0-1:96.3.10.255=0");
}

#[test]
fn values_of_texts() {
    assert_eq!(registers_of(r#""96.1.1":"0051""#), r#"96.1.1="0051""#);
    assert_eq!(registers_of(r#""96.1.1":5100025085"#), r#"96.1.1="5100025085""#);
    assert_eq!(registers_of(r#""96.1.1":-1.50e3"#), r#"96.1.1="-1.50e3""#);
    assert_eq!(registers_of(r#""96.13.0":true"#), r#"96.13.0="true""#);
    assert_eq!(registers_of(r#""96.13.0":"""#), r#"96.13.0="""#);
    assert_eq!(registers_of(r#""96.13.0":"a\"b\u010d""#), r#"96.13.0="a\"bč""#);
}

#[test]
fn values_without_a_meaning() {
    assert_eq!(registers_of(r#""9.9.9":1.50"#), "9.9.9=1.5");
    assert_eq!(registers_of(r#""9.9.9":" 1.50""#), "9.9.9=1.5");
    assert_eq!(registers_of(r#""9.9.9":true"#), "9.9.9=1");
    assert_eq!(registers_of(r#""9.9.9":"on""#), r#"9.9.9="on""#);
    assert_eq!(registers_of(r#""9.9.9":"""#), r#"9.9.9="""#);
    assert_eq!(registers_of(r#""9.9.9":"information""#), r#"9.9.9="information""#);
    // More digits than a number has: an identifier.
    assert_eq!(
        registers_of(r#""9.9.9":"12345678901234567890""#),
        r#"9.9.9="12345678901234567890""#
    );
}

#[test]
fn a_register_that_comes_twice() {
    assert_eq!(registers_of(r#""1.8.0":1,"1-0:1.8.0.255":1.0,"1.8.0*255":"1""#), "1.8.0=1");
    assert_eq!(registers_of(r#""96.1.1":51,"0-0:96.1.1*255":"51""#), r#"96.1.1="51""#);
    assert_eq!(registers_of(r#""1.8.0":1,"1.8.0*1":2"#), "1-0:1.8.0.1=2 1.8.0=1");
}

#[test]
fn times_without_a_zone_are_local() {
    let summer = UtcOffset::from_hms(2, 0, 0).unwrap();
    let text = r#"{"datetime":"Sat Aug  8 12:00:00 2026","data":{
        "reading_datetime":"2026-08-08 11:00:00","values":{"1.8.0":1}},
        "Status":{"FirstBootTime":"2026-08-08 10:00:00"}}"#;
    let message = Message::decode(text.as_bytes(), &summer).unwrap();
    assert_eq!(message.sent, Some(datetime!(2026-08-08 10:00 UTC)));
    assert_eq!(message.reading.unwrap().time, datetime!(2026-08-08 09:00 UTC));
    assert_eq!(message.status.unwrap().first_boot, Some(datetime!(2026-08-08 08:00 UTC)));
}

#[test]
fn times_with_escapes() {
    let text = r#"{"Status":{},"datetime":"2026-02-21 20:27:0\u0039"}"#;
    assert_eq!(decoded(text).sent, Some(datetime!(2026-02-21 20:27:09 UTC)));
}

#[test]
fn a_reading_with_its_own_time_needs_no_other() {
    let sent = |datetime: &str| {
        let text = with_values(r#""1.8.0":1"#);
        decoded(&text.replacen('{', &format!("{{\"datetime\":{datetime},"), 1)).sent
    };
    assert_eq!(sent(r#""Sat Feb 21 20:27:33 2026""#), Some(datetime!(2026-02-21 20:27:33 UTC)));
    assert_eq!(sent(r#""soon""#), None);
    assert_eq!(sent(r#""Sat 2026-02-21 20:27:33 PST""#), None);
    assert_eq!(sent(r#""\ud800""#), None);
    assert_eq!(sent(r#""""#), None);
    assert_eq!(sent("17"), None);
    assert_eq!(sent("null"), None);
}

#[test]
fn the_flat_form() {
    let message = decoded(
        r#"{"obis_1_8_0":1.50,"OBIS_96_1_1":51,"obis_1_8":"x","obis_1_8_1":null,"first_boot":true,
        "datetime":"Fri 2025-09-19 08:44:03 GMT","data":null}"#,
    );
    let time = datetime!(2025-09-19 08:44:03 UTC);
    let reading = message.reading.unwrap();
    assert_eq!((reading.time, message.sent), (time, Some(time)));
    assert!(reading.first_boot);
    assert_eq!(reading.serial(), Some("51"));
    assert_eq!(reading.registers.len(), 2);
    // In the other forms, this key means nothing.
    assert!(decoded(r#"{"first_boot":"maybe","debug":1}"#).debug);
}

#[test]
fn fields_of_the_status() {
    assert_eq!(status_of(r#""Wakeups":"104","Resets":1e3"#), "resets=1000 wakeups=104");
    assert_eq!(status_of(r#""Wifi":"-77","NTPDrift":" 0.00""#), "ntp_drift=0 wifi=-77");
    assert_eq!(status_of(r#""StatusText":"","Wifi":"","FirstBootTime":" ","Resets":null"#), "");
    assert_eq!(status_of(r#""StatusText":"\u0020\n","Wifi":"\t","FirstBootTime":"\r""#), "");
    assert_eq!(status_of(r#""SerialNo":"5100025085 ""#), r#"serial="5100025085""#);
    assert_eq!(status_of(r#""SerialNo":5100025085"#), r#"serial="5100025085""#);
    assert_eq!(status_of(r#""SerialNo":"\u0035""#), r#"serial="5""#);
    assert_eq!(status_of(r#""SerialNo":"0","SerialNo":"","SerialNo":0"#), "");
    assert_eq!(status_of(r#""StatusText":"a\tb""#), r#"status_text="a\tb""#);
}

#[test]
fn empty_parts_are_parts() {
    assert_eq!(decoded(r#"{"Status":{}}"#).status, Some(ModuleStatus::default()));
    assert_eq!(decoded(r#"{"battery":{}}"#).battery, Some(Battery::default()));
    assert!(decoded(r#"{"debug":""}"#).debug);
    assert!(decoded(r#"{"debug":{"a":[]}}"#).debug);
}

#[test]
fn texts_are_borrowed_where_they_can_be() {
    let text = with_values(r#""96.1.1":"51","96.13.0":"\u0041""#);
    let reading = decoded(&text).reading.unwrap();
    let borrowed = |code| match reading.registers.get(code) {
        Some(Value::Text(text)) => matches!(text, Cow::Borrowed(_)),
        other => panic!("{other:?}"),
    };
    assert!(borrowed(ObisCode::reduced(96, 1, 1)));
    assert!(!borrowed(ObisCode::reduced(96, 13, 0)));
    let status = decoded(r#"{"Status":{"SerialNo":"51"}}"#).status.unwrap();
    assert!(matches!(status.serial, Some(Cow::Borrowed("51"))));
}

#[test]
fn bytes_that_are_no_text() {
    let error = failed(b"{\"debug\":\n\"\xe9\"}");
    assert_eq!(error.code(), "message.not_utf8");
    assert_eq!(error.to_string(), "expected UTF-8, found the byte 0xe9 at byte 11");
    assert_eq!(error.position(), Some((2, 2)));
    assert_eq!(failed(b"").code(), "message.empty");
    assert_eq!(failed(b" \r\n\t").to_string(), "expected a message, found nothing");
    assert_eq!(failed(b"{\"debug\":1}\0").code(), "message.syntax");
    assert_eq!(failed("\u{feff}{\"debug\":1}".as_bytes()).code(), "message.syntax");
    assert_eq!(failed(b"{\"debug\":\"\n\"}").code(), "message.syntax");
}

#[test]
fn places_are_found_across_lines() {
    let error = failed(b"{\"data\":{\n  \"values\":{\r\n\t\"1.8.0\": [\n1,\n2]}}}");
    assert_eq!(
        error.to_string(),
        "data.values[\"1.8.0\"]: expected a number or a text, found [\\n1,\\n2]"
    );
    assert_eq!(error.place(), "data.values[\"1.8.0\"]");
    assert_eq!(error.position(), Some((3, 11)));
}

#[test]
fn truncated_messages() {
    let whole = with_values(r#""1.8.0":1,"96.1.1":"\u0035",  "x":[{}]"#);
    for end in 1..whole.len() {
        let error = failed(&whole.as_bytes()[..end]);
        assert_eq!(error.code(), "message.syntax", "{end}");
        assert!(error.to_string().contains("EOF while parsing"), "{error}");
    }
}

#[test]
fn large_messages() {
    let many = |value: fn(usize) -> usize| {
        let one = |index: usize| {
            let [_, c, d, e] = u32::try_from(index).unwrap().to_be_bytes();
            format!("\"1-9:{c}.{d}.{e}\":{}", value(index))
        };
        with_values(&(0..40_000).map(|index| one(index % 20_000)).collect::<Vec<_>>().join(","))
    };
    assert_eq!(decoded(&many(|index| index)).reading.unwrap().registers.len(), 20_000);
    let same = with_values(&vec!["\"1.8.0\":1"; 40_000].join(","));
    assert_eq!(decoded(&same).reading.unwrap().registers.len(), 1);
    let differing = with_values(&format!("{}\"1.8.0\":2", "\"1.8.0\":1,".repeat(40_000)));
    assert_eq!(failed(differing.as_bytes()).code(), "reading.register.contradiction");
    let deep = "{\"data\":".repeat(100_000);
    assert_eq!(failed(deep.as_bytes()).code(), "message.syntax");
    let deep = "[".repeat(200_000);
    assert_eq!(failed(deep.as_bytes()).code(), "message.unknown_shape");
    let long = format!("{{\"{}\":1}}", "k".repeat(200_000));
    assert!(failed(long.as_bytes()).to_string().len() < 200);
    let long = with_values(&format!("\"1.8.0\":\"{}\"", "\\u0000".repeat(40_000)));
    assert!(failed(long.as_bytes()).to_string().len() < 200);
}
