//! What the module sends, as the real firmware writes it.

use serde_json::{Map, Value, json};
use time::{
    OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description,
};

use super::{biography::State, meter::Registers};

/// Where readings go.
pub(super) const DATA: &str = "elektromer/data";

/// Where the module tells of itself.
pub(super) const STATUS: &str = "elektromer/status";

const READING_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [year]-[month]-[day] [hour]:[minute]:[second] GMT");
const SENDING_TIME: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
);

/// A reading.
pub(super) fn reading(registers: &Registers, sent: OffsetDateTime) -> Value {
    let values = registers.values().into_iter().map(|(code, value)| (code.into(), json!(value)));
    let mut values: Map<String, Value> = values.collect();
    values.insert("96.1.1".into(), json!("5100025085"));
    values.insert("96.14.0".into(), json!(registers.tariff()));
    of_values(registers.time(), sent, false, values)
}

/// What the module sends when it has started and not found the meter yet, with the time that it
/// believes to be.
pub(super) fn empty_reading(time: OffsetDateTime, sent: OffsetDateTime) -> Value {
    let codes = ["1.8.0", "1.8.1", "1.8.2", "2.8.0"];
    let values = codes.into_iter().map(|code| (code.into(), json!(0)));
    of_values(time, sent, true, values.collect())
}

fn of_values(
    time: OffsetDateTime,
    sent: OffsetDateTime,
    is_first: bool,
    values: Map<String, Value>,
) -> Value {
    json!({
        "datetime": text(sent, SENDING_TIME),
        "data": {
            "reading_datetime": text(time, READING_TIME),
            "first_boot": is_first,
            "values": values,
        },
    })
}

/// The module's state.
pub(super) fn status(state: &State) -> Value {
    json!({
        "datetime": text(state.time, SENDING_TIME),
        "Status": {
            "Status": "OK",
            "StatusText": "After wakeup",
            "Resets": state.resets,
            "Wakeups": state.wakeups,
            "LastWait": 8,
            "FirstBootTime": text(state.booted, READING_TIME),
            "BuildDatetime": "2026-04-26 10:14:34",
            "Wifi": state.signal.to_string(),
            "NTPDrift": "0.02",
        },
    })
}

/// The battery's state.
pub(super) fn battery(state: &State) -> Value {
    json!({
        "datetime": text(state.time, SENDING_TIME),
        "battery": { "Voltage": state.voltage, "SOC": state.charge },
    })
}

fn text(time: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> String {
    // Cannot fail: the formats ask for nothing that a time does not have.
    time.to_offset(UtcOffset::UTC).format(format).unwrap_or_default()
}
