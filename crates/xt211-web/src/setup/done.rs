//! The last step: what is running now, and whether something has arrived.

use askama::Template;
use axum::extract::State;
use jiff::{Timestamp, tz::TimeZone};
use time::OffsetDateTime;
use xt211_message::{Registers, Value};
use xt211_obis::ObisCode;
use xt211_store::{Reader, StoreError};

use crate::{
    app::App,
    backend::{BrokerSign, Condition, VitalSigns},
    frame::{Frame, Here, Page, render},
    visitor::Visitor,
};

use super::step::Step;

#[derive(Template)]
#[template(path = "setup/done.html")]
struct DonePage {
    frame: Frame,
    step: Step,
    read_only: Option<String>,
    vital: VitalSigns,
    /// The name of each meter that has a reading, and its newest.
    readings: Vec<(String, String)>,
}

pub(super) async fn show(State(app): State<App>, visitor: Visitor) -> Page {
    let vital = app.backend.vital_signs().borrow().clone();
    let readings = app.read(newest).await?.into_iter();
    let reading = |(id, time, registers): (String, OffsetDateTime, Registers<'_>)| {
        let time = time_of_day(time, visitor.zone.clone());
        (app.backend.meter_name(&id), format!("{}{time}", telling(&registers)))
    };
    let frame = Frame::new(Here::Setup, &visitor, app.backend.as_ref());
    let readings = readings.map(reading).collect();
    render(&DonePage { frame, step: Step::Done, read_only: None, vital, readings })
}

type Newest = Vec<(String, OffsetDateTime, Registers<'static>)>;

/// The newest reading of each meter that has one.
fn newest(reader: &Reader) -> Result<Newest, StoreError> {
    let mut newest = Vec::new();
    // No reading is later: such are not believed.
    let latest = OffsetDateTime::now_utc() + time::Duration::DAY;
    for meter in reader.meters()? {
        if let Some((time, registers)) = reader.newest_reading(meter.key, latest)? {
            newest.push((meter.id, time, registers));
        }
    }
    Ok(newest)
}

/// The value by which people know their meter, if there is one: `7369.066 kWh, `.
fn telling(registers: &Registers<'_>) -> String {
    let total = registers.get(ObisCode::reduced(1, 8, 0));
    match total {
        Some(Value::Number(total)) => format!("{} kWh, ", total.text().as_str()),
        _ => String::new(),
    }
}

fn time_of_day(time: OffsetDateTime, zone: TimeZone) -> String {
    let time = Timestamp::from_second(time.unix_timestamp()).unwrap_or_default();
    time.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string()
}
