//! The lines of a meter and its module.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use xt211_message::{Battery, Decimal, ModuleStatus, Reading, Value};

use crate::{
    Element, ErrorKind, FieldValue, LineError, Measurement,
    ascii::{Ascii, ROOM},
    escape,
};

/// The tag that says which meter it is.
const METER: &str = "meter";

/// Appends the line of a reading, at the reading's own time.
///
/// - The tag `meter` is what the caller says, as [`tag_lossy`](crate::LineBuilder::tag_lossy)
///   writes it: usually the serial number, which the reading itself need not have.
/// - Each register is a field, by code. The key is the canonical code with underscores for dots:
///   `1_8_0`, `0-1:96_3_10_255`.
/// - Numbers are floats, with exactly the digits that were sent. Texts are strings.
/// - Registers that hold a serial number are no fields.
///
/// # Errors
///
/// A reading without any other register, or of a time that InfluxDB cannot store. The buffer is
/// then as it was before.
pub fn encode_reading(
    buffer: &mut String,
    measurement: &Measurement,
    meter: &str,
    reading: &Reading<'_>,
) -> Result<(), LineError> {
    let mut line = measurement.line(buffer).push_tag_lossy(METER, meter).end_tags();
    let mut room = [0; ROOM];
    let mut ascii = Ascii::new(&mut room);
    let mut separator = b' ';
    for register in reading.registers.iter().filter(|register| !register.is_serial()) {
        ascii.make_room(line.buffer());
        ascii.put(separator);
        separator = b',';
        // Keys are valid, being digits and `_`, `-`, `:`; and new, since each code is there once.
        ascii.put_padded(|room| register.code.write_padded(b'_', room));
        ascii.put(b'=');
        match &register.value {
            Value::Number(number) => ascii.put_padded(|room| number.write_padded(room)),
            Value::Text(text) => {
                ascii.flush(line.buffer());
                escape::push_string(line.buffer(), text);
            }
        }
    }
    ascii.flush(line.buffer());
    line.time(reading.time)
}

/// Appends the line of the module's status and its battery, in [`Measurement::STATUS`], at the
/// time they were sent.
///
/// The tag `meter` is as in [`encode_reading`]. Fields are called after the message's keys, in
/// lower case and behind their group: `battery_voltage`, `status_wakeups`. Only what the message
/// has becomes one. Numbers are floats, times are strings: `status_firstboottime` in RFC 3339
/// (UTC), the others as sent. `SerialNo` is no field.
///
/// # Errors
///
/// Nothing to say, or a time that InfluxDB cannot store or RFC 3339 cannot write. The buffer is
/// then as it was before.
pub fn encode_status(
    buffer: &mut String,
    meter: &str,
    sent: OffsetDateTime,
    status: Option<&ModuleStatus<'_>>,
    battery: Option<&Battery>,
) -> Result<(), LineError> {
    const FIRST_BOOT: &str = "status_firstboottime";

    let (absent_status, absent_battery) = (ModuleStatus::default(), Battery::default());
    let status = status.unwrap_or(&absent_status);
    let battery = battery.unwrap_or(&absent_battery);

    let number = |number: Option<Decimal>| number.map(FieldValue::from);
    // Exact up to 2^53, which nothing wakes up often enough to reach.
    let count = |count: Option<u64>| count.map(|count| FieldValue::Float(count as f64));
    let first_boot = status.first_boot.map(|time| time.format(&Rfc3339)).transpose();
    let first_boot =
        first_boot.map_err(|_| LineError::new(ErrorKind::Time, Element::FieldValue, FIRST_BOOT))?;

    let fields = [
        ("battery_voltage", number(battery.voltage)),
        ("battery_soc", number(battery.soc)),
        ("status_status", status.status.as_deref().map(FieldValue::from)),
        ("status_statustext", status.status_text.as_deref().map(FieldValue::from)),
        ("status_wakeups", count(status.wakeups)),
        ("status_resets", count(status.resets)),
        ("status_lastwait", number(status.last_wait)),
        ("status_lastwaitmin", number(status.last_wait_min)),
        ("status_lastwaitmax", number(status.last_wait_max)),
        ("status_lastadaptive", number(status.last_adaptive)),
        (FIRST_BOOT, first_boot.as_deref().map(FieldValue::from)),
        ("status_builddatetime", status.build.as_deref().map(FieldValue::from)),
        ("status_wifi", number(status.wifi)),
        ("status_rssi", number(status.rssi)),
        ("status_ntpdrift", number(status.ntp_drift)),
        ("status_plannedstarttime", status.planned_start.as_deref().map(FieldValue::from)),
        ("status_realstarttime", status.real_start.as_deref().map(FieldValue::from)),
    ];
    let known = fields.into_iter().filter_map(|(key, value)| Some((key, value?)));
    Measurement::STATUS.line(buffer).push_tag_lossy(METER, meter).fields(known)?.time(sent)
}
