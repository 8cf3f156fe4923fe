//! A meter as the bridge knows it: what it last said, and what the world has yet to be told.

mod decision;
mod shared;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use time::OffsetDateTime;
use xt211_homeassistant::{BridgeState, Changed, InfluxdbStatus, MeterDevice, MeterId, MeterInfo};
use xt211_message::{Message, MessageError, Reading};

pub(crate) use self::{
    decision::{Reason, Verdict, judge},
    shared::{Shared, serial_of},
};
use crate::{config, influx::Entry};

/// How long a module may be silent: it wakes every few minutes, and connects on every few wakes.
const SILENCE: Duration = Duration::from_secs(3 * 3600);

/// How long a power or a voltage is shown after it was sent.
const EXPIRE_AFTER: Duration = Duration::from_secs(3 * 3600);

/// One meter.
pub(crate) struct Meter {
    /// What the forwarder has to know of it.
    shared: Arc<Shared>,
    /// What Home Assistant shows of it.
    pub(crate) device: MeterDevice,
    /// Whether its turn to speak will come.
    pub(crate) is_queued: bool,
    unsaid: Changed,
    /// Home Assistant takes a moment to listen for what a discovery told it of. Values that the
    /// broker does not keep for it are therefore said twice.
    live_again: bool,
    /// What was last said of the bridge's own work, if it still holds. It changes with every
    /// message, and is said anew only now and then.
    bridge_said: Option<BridgeState>,
    /// The time of the newest reading.
    newest: Option<OffsetDateTime>,
    /// The time of the newest state of module or battery.
    newest_state: Option<OffsetDateTime>,
    last_heard: Instant,
}

/// What became of a message.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It is to be forwarded.
    Accepted(Entry),
    /// It says nothing that is to be kept.
    Nothing,
    /// It is not to be believed.
    SetAside(Refusal),
}

/// Why a message is not believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0} ({code})", code = .0.code())]
    Undecodable(#[from] MessageError),
    #[error("{0} ({code})", code = .0.code())]
    Implausible(#[from] Reason),
}

/// One thing to be said of a meter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Discovery,
    Energy,
    Live,
    Module,
    Bridge(BridgeState),
}

impl Meter {
    pub(crate) fn new(id: MeterId, name: String, config: &config::Meter) -> Self {
        let shared = Shared::new(id.clone(), config.serial.clone(), config.timezone.clone());
        let serial = config.serial.clone();
        let info = MeterInfo { id, name, serial, page: None, expire_after: Some(EXPIRE_AFTER) };
        Self {
            shared: Arc::new(shared),
            device: MeterDevice::new(info),
            is_queued: false,
            unsaid: Changed { discovery: true, ..Changed::NONE },
            live_again: false,
            bridge_said: None,
            newest: None,
            newest_state: None,
            last_heard: Instant::now(),
        }
    }

    pub(crate) fn id(&self) -> &MeterId {
        &self.device.info().id
    }

    /// Takes a message in: decodes it, decides, and notes what is to be told to whom.
    pub(crate) fn receive(&mut self, payload: &Bytes, now: OffsetDateTime) -> Outcome {
        self.last_heard = Instant::now();
        self.take(payload, now).unwrap_or_else(|refusal| {
            self.shared.set_aside.add(1);
            Outcome::SetAside(refusal)
        })
    }

    fn take(&mut self, payload: &Bytes, now: OffsetDateTime) -> Result<Outcome, Refusal> {
        let message = Message::decode(payload, &self.shared.zone)?;
        if let Some(reading) = &message.reading {
            self.take_reading(reading, now)?;
        }
        let with_state = self.take_state(&message, now);
        if let Some(serial) = serial_of(&message) {
            self.shared.learn_serial(serial);
        }
        if message.reading.is_none() && !with_state {
            return Ok(Outcome::Nothing);
        }
        let message = payload.clone();
        Ok(Outcome::Accepted(Entry { meter: Arc::clone(&self.shared), message, with_state }))
    }

    /// Shows the state of module and battery, unless a newer one is shown. Returns whether there is
    /// one of a known time: without that, it has no place in a database.
    fn take_state(&mut self, message: &Message<'_>, now: OffsetDateTime) -> bool {
        if message.status.is_none() && message.battery.is_none() {
            return false;
        }
        let sent = message.sent.filter(|sent| judge(*sent, None, now).is_ok());
        // A status and a battery message of the same second belong together.
        if sent.is_none_or(|sent| self.newest_state.is_none_or(|newest| sent >= newest)) {
            self.newest_state = sent.or(self.newest_state);
            if let Some(status) = &message.status {
                self.unsaid |= self.device.apply_status(status, sent);
            }
            if let Some(battery) = &message.battery {
                self.unsaid |= self.device.apply_battery(battery);
            }
        }
        sent.is_some()
    }

    fn take_reading(&mut self, reading: &Reading<'_>, now: OffsetDateTime) -> Result<(), Reason> {
        if judge(reading.time, self.newest, now)? == Verdict::Current {
            self.newest = Some(reading.time);
            self.unsaid |= self.device.apply_reading(reading);
        }
        Ok(())
    }

    /// Whether there is something to be said that no message brought.
    pub(crate) fn has_news(&mut self, influxdb: InfluxdbStatus) -> bool {
        if std::mem::take(&mut self.live_again) {
            self.unsaid.live = true;
        }
        if self.bridge_said != Some(self.bridge_state(influxdb)) {
            self.bridge_said = None;
        }
        !self.unsaid.is_none() || self.bridge_said.is_none()
    }

    /// Everything is to be said (again).
    pub(crate) fn say_everything(&mut self) {
        self.unsaid = Changed::ALL;
        self.bridge_said = None;
    }

    /// The next thing to be said, which then counts as said.
    pub(crate) fn next_part(&mut self, influxdb: InfluxdbStatus) -> Option<Part> {
        let take = std::mem::take::<bool>;
        if take(&mut self.unsaid.discovery) {
            self.live_again = true;
            return Some(Part::Discovery);
        }
        if take(&mut self.unsaid.energy) {
            return Some(Part::Energy);
        }
        if take(&mut self.unsaid.live) {
            return Some(Part::Live);
        }
        if take(&mut self.unsaid.module) {
            return Some(Part::Module);
        }
        if self.bridge_said.is_some() {
            return None;
        }
        self.bridge_said = Some(self.bridge_state(influxdb));
        self.bridge_said.map(Part::Bridge)
    }

    fn bridge_state(&self, influxdb: InfluxdbStatus) -> BridgeState {
        BridgeState {
            influxdb,
            last_success: self.shared.last_success(),
            waiting: self.shared.waiting.get(),
            set_aside: self.shared.set_aside.get(),
            overdue: self.last_heard.elapsed() > SILENCE,
        }
    }
}
