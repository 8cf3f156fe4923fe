//! A message as a module writes it.

use serde_json::Value as Json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use xt211_message::{Battery, Decimal, Message, ModuleStatus, Reading, Value};

/// The JSON of a message, in the nested form.
pub(super) fn written(message: &Message<'_>) -> String {
    let Message { sent, reading, status, battery, debug } = message;
    object([
        ("datetime", sent.map(time)),
        ("data", reading.as_ref().map(data)),
        ("Status", status.as_ref().map(module)),
        ("Battery", battery.as_ref().map(charge)),
        ("debug", debug.then(|| "{}".to_owned())),
    ])
}

fn data(reading: &Reading<'_>) -> String {
    let Reading { time: read, first_boot, wait_time, registers } = reading;
    let values = registers.iter().map(|register| {
        let value = match &register.value {
            Value::Number(number) => number.to_string(),
            Value::Text(value) => text(value),
        };
        (register.code.to_string(), Some(value))
    });
    object([
        ("reading_datetime", Some(time(*read))),
        ("first_boot", first_boot.then(|| "true".to_owned())),
        ("waittime", number(*wait_time)),
        ("values", Some(object(values))),
    ])
}

fn module(status: &ModuleStatus<'_>) -> String {
    let some_text = |field: &Option<std::borrow::Cow<'_, str>>| field.as_deref().map(text);
    object([
        ("Status", some_text(&status.status)),
        ("StatusText", some_text(&status.status_text)),
        ("Wakeups", status.wakeups.map(|count| count.to_string())),
        ("Resets", status.resets.map(|count| count.to_string())),
        ("LastWait", number(status.last_wait)),
        ("LastWaitMin", number(status.last_wait_min)),
        ("LastWaitMax", number(status.last_wait_max)),
        ("LastAdaptive", number(status.last_adaptive)),
        ("FirstBootTime", status.first_boot.map(time)),
        ("BuildDatetime", some_text(&status.build)),
        ("Wifi", number(status.wifi)),
        ("RSSI", number(status.rssi)),
        ("NTPDrift", number(status.ntp_drift)),
        ("SerialNo", some_text(&status.serial)),
        ("PlannedStartTime", some_text(&status.planned_start)),
        ("RealStartTime", some_text(&status.real_start)),
    ])
}

fn charge(battery: &Battery) -> String {
    object([("voltage", number(battery.voltage)), ("soc", number(battery.soc))])
}

fn object<K: Into<String>>(pairs: impl IntoIterator<Item = (K, Option<String>)>) -> String {
    let present = pairs.into_iter().filter_map(|(key, value)| Some((key.into(), value?)));
    let pairs: Vec<_> = present.map(|(key, value)| format!("{}:{value}", text(&key))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn number(number: Option<Decimal>) -> Option<String> {
    number.map(|number| number.to_string())
}

fn time(time: OffsetDateTime) -> String {
    text(&time.format(&Rfc3339).expect("a year of four digits"))
}

fn text(text: &str) -> String {
    Json::from(text).to_string()
}
