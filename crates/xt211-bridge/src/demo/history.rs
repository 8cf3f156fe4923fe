//! A year of readings in the demo's store, so that there is something to be seen at once. They take
//! the way of real messages, as if the bridge had been there all the time.

use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use xt211_store::{Record, Refusal, Store, StoreError, Ticket, Transaction};

use super::{
    biography::{Biography, SLEEP},
    message::{self, DATA, STATUS},
    meter::{Meter, Registers},
};
use crate::{config::Config, influx::LineMaker, metering_point::MeteringPoint};

/// How many readings go into the store at once: a month of them.
const BATCH: usize = 31 * 96;

/// After how many readings the module tells of itself: twice a day.
const READINGS_A_STATE: usize = 48;

/// How many readings the module has not sent yet when the demo starts.
const UNSENT: usize = 4;

/// How long it takes from a reading to its arrival.
const WAY: Duration = Duration::seconds(9);

/// What the grid operator once lets the meter show.
const CONSUMER_MESSAGE: &str = "Planned outage on Tuesday, 8:00-14:00";

/// What InfluxDB says of that, if it holds zeros of the Python integration there.
const CONFLICT: &str = "InfluxDB refuses (422): failure writing points to database: partial write: \
    field type conflict: input field \"96_13_0\" on measurement \"home_energy\" is type string, \
    already exists as type float dropped=1";

/// Reads a meter for the whole of a biography.
pub(super) fn live(biography: &Biography) -> (Meter, Vec<Registers>) {
    let mut meter = Meter::new(biography.began);
    let mut readings = Vec::new();
    let mut time = biography.began + SLEEP;
    while time < biography.now {
        readings.push(meter.read(time));
        time += SLEEP;
    }
    meter.age(&mut readings);
    (meter, readings)
}

/// Writes down what came of these readings, but for the last few.
///
/// # Errors
///
/// The store cannot be written.
pub(super) fn write(
    store: &mut Store,
    config: &Config,
    biography: &Biography,
    readings: &[Registers],
) -> Result<()> {
    let meter = config.meters.first().context("the demo's configuration has no meter")?;
    let (id, name) = (meter.id.clone(), meter.name.clone());
    let mut scribe = Scribe {
        point: MeteringPoint::new(id, name, None, &Arc::new(meter.clone())),
        lines: LineMaker::new(config),
        biography,
        mishaps: Mishaps::new(biography, readings),
    };
    let sent = readings.len().saturating_sub(UNSENT);
    let sent: Vec<_> = readings.iter().take(sent).enumerate().collect();
    for batch in sent.chunks(BATCH) {
        store.write(|store| scribe.write(store, batch))?;
    }
    Ok(())
}

/// Which readings something goes wrong with.
#[derive(Clone, Copy, Debug)]
struct Mishaps {
    /// Before it, the module is started, and does not know the time, nor find the meter.
    boot: usize,
    /// A digit of its total gets lost between meter and module.
    garbled: usize,
    /// It first comes without its end.
    cut: usize,
    /// It has a message for the consumer, which InfluxDB does not take.
    refused: usize,
}

impl Mishaps {
    fn new(biography: &Biography, readings: &[Registers]) -> Self {
        let boot = readings.partition_point(|it| it.time() < biography.charged);
        let part = |eighths: usize| readings.len() * eighths / 8;
        Self { boot, garbled: part(3), cut: part(6), refused: part(7) }
    }
}

/// Does what the bridge would have done.
struct Scribe<'b> {
    point: MeteringPoint,
    lines: LineMaker,
    biography: &'b Biography,
    mishaps: Mishaps,
}

impl Scribe<'_> {
    fn write(
        &mut self,
        store: &mut Transaction<'_>,
        batch: &[(usize, &Registers)],
    ) -> Result<(), StoreError> {
        let mut refused = None;
        for (index, registers) in batch {
            let now = registers.time() + WAY;
            self.take_reading(store, *index, registers, now)?;
            if index % READINGS_A_STATE == 0 {
                let state = self.biography.state(now, 0);
                for message in [message::status(&state), message::battery(&state)] {
                    self.take(store, STATUS, &message.to_string(), now)?;
                }
            }
            if *index == self.mishaps.refused {
                refused = Some(registers.time());
            }
        }
        let Some((_, last)) = batch.last() else { return Ok(()) };
        self.forward(store, refused, last.time() + WAY)
    }

    fn take_reading(
        &mut self,
        store: &mut Transaction<'_>,
        index: usize,
        registers: &Registers,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let Mishaps { boot, garbled, cut, refused } = self.mishaps;
        let mut message = message::reading(registers, now);
        if index == boot {
            let booted = self.biography.charged;
            let unset = OffsetDateTime::UNIX_EPOCH + WAY;
            for time in [unset, booted + WAY] {
                let empty = message::empty_reading(time, booted + WAY);
                self.take(store, DATA, &empty.to_string(), booted + WAY)?;
            }
        }
        if index == garbled
            && let Some(total) = message.pointer_mut("/data/values/1.8.0")
        {
            // Without the thousands.
            *total = total.as_f64().map(|total| (total * 1_000.0 % 1e6).round() / 1_000.0).into();
        }
        if index == refused
            && let Some(values) = message.pointer_mut("/data/values").and_then(Value::as_object_mut)
        {
            values.insert("96.13.0".into(), CONSUMER_MESSAGE.into());
        }
        let text = message.to_string();
        if index == cut {
            let end = text.len() * 2 / 3;
            self.take(store, DATA, text.get(..end).unwrap_or_default(), now)?;
        }
        self.take(store, DATA, &text, now)
    }

    fn take(
        &mut self,
        store: &mut Transaction<'_>,
        topic: &str,
        message: &str,
        now: OffsetDateTime,
    ) -> Result<(), StoreError> {
        self.point.intake.take(store, topic, message.as_bytes(), now).map(drop)
    }

    /// InfluxDB takes all that waits but the reading of one time, and the statistics have it.
    fn forward(
        &self,
        store: &mut Transaction<'_>,
        refused: Option<OffsetDateTime>,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let waiting = store.waiting(usize::MAX)?;
        let (refused, taken): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|record| Some(record.time) == refused);
        let tickets: Vec<Ticket> = taken.iter().map(|record| record.ticket).collect();
        store.forwarded(&tickets, Some(at))?;
        for record in &refused {
            self.refuse(store, record)?;
        }
        let last = taken.iter().chain(&refused).map(|record| record.ticket.sequence()).max();
        last.map_or(Ok(()), |last| store.add_statistics(last, &[]))
    }

    fn refuse(&self, store: &mut Transaction<'_>, record: &Record) -> Result<(), StoreError> {
        let (mut line, meter) = (String::new(), store.meter_of(record.meter)?);
        // Cannot fail: it was written just now.
        let _ = meter.map(|meter| self.lines.append(&mut line, record, (&meter).into()));
        let refusal = Refusal {
            at: record.time + WAY,
            topic: "",
            code: "influxdb.refused",
            reason: CONFLICT,
            line: line.trim_end(),
        };
        store.refuse(record.ticket, &refusal).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, ops::ControlFlow};

    use time::macros::datetime;
    use xt211_message::Message;
    use xt211_obis::ObisCode;
    use xt211_store::{Content, Range, SetAsideContent};

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-26 19:00:08.5 UTC);

    const CONFIG: &str = "[influxdb]\nurl = \"http://127.0.0.1:1\"\norg = \"o\"\nbucket = \"b\"\n";

    fn written(days: u16) -> (tempfile::TempDir, Store, Vec<Registers>) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("demo.db")).unwrap().store;
        let biography = Biography::new(days, NOW);
        let (_, readings) = live(&biography);
        write(&mut store, &Config::parse(CONFIG).unwrap(), &biography, &readings).unwrap();
        (folder, store, readings)
    }

    #[test]
    fn all_of_it_is_kept_and_forwarded_but_for_what_went_wrong() {
        let (_folder, store, readings) = written(16);
        let meter = store.meter("meter").unwrap().unwrap();
        assert_eq!(meter.serial.as_deref(), Some("5100025085"));
        assert_eq!(store.waiting(1).unwrap(), []);
        let counted = store.statistics_cursor().unwrap();
        assert_eq!(store.records_after(counted, 1).unwrap(), []);
        let last = readings[readings.len() - 1 - UNSENT].time();
        assert_eq!(meter.heard_at, Some(last + WAY));
        assert_eq!(meter.forwarded_at, Some(last + WAY));
        let kept = store.newest_reading(meter.key, NOW).unwrap().unwrap();
        assert_eq!(kept.0, last);
        // Nothing counts anew.
        assert_eq!(store.eras(meter.key).unwrap().len(), 1, "its serial number");

        let mut asides = Vec::new();
        let mut visit = |aside| {
            asides.push(aside);
            ControlFlow::Continue(())
        };
        store.set_aside_entries(Some(meter.key), &mut visit).unwrap();
        let codes: Vec<_> = asides.iter().map(|aside| aside.code.as_str()).collect();
        let expected = [
            "reading.total.fell",
            "reading.time.too_early",
            "reading.total.all_zero",
            "message.syntax",
            "influxdb.refused",
        ];
        assert_eq!(codes, expected, "{asides:?}");
        let SetAsideContent::Line { line, .. } = &asides[4].content else { panic!("{asides:?}") };
        let start = "home_energy,meter=5100025085 96_13_0=\"Planned outage";
        assert!(line.starts_with(start), "{line}");

        let (mut kinds, mut total) = (BTreeMap::new(), None);
        let mut visit = |record: Record| {
            let kind = match record.content {
                Content::Reading(registers) => {
                    if let Some(xt211_message::Value::Number(value)) =
                        registers.get(ObisCode::reduced(1, 8, 0))
                    {
                        assert!(total.is_none_or(|total| total <= *value));
                        total = Some(*value);
                    }
                    "reading"
                }
                Content::State(state) => {
                    assert!(Message::decode(&state, &time::UtcOffset::UTC).is_ok());
                    "state"
                }
                Content::Unreadable(_) => "unreadable",
            };
            *kinds.entry(kind).or_insert(0) += 1;
            ControlFlow::Continue(())
        };
        store.records(&Range::default(), &mut visit).unwrap();
        let readings = 16 * 96 - 1 - UNSENT;
        assert_eq!(kinds, BTreeMap::from([("reading", readings), ("state", 32 * 2)]));
    }
}
