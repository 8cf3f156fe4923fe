//! From a message to what is kept of it.

use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;
use xt211_decision::{
    BEGINNING, END, Eras, History as _, Limit, MOST_WAITING, Meter, RELEASED, Reason, Waiting,
    judge_time,
};
use xt211_homeassistant::MeterId;
use xt211_message::{Message, Reading};
use xt211_store::{
    MeterKey, MeterNews, NewContent, Queries, SetAside, SetAsideContent, StoredMeter, Transaction,
};

use super::{
    Effect, Refusal,
    effect::Stored,
    era::{restored_era, stored_era},
    past::Past,
    work::Work,
};
use crate::config;

/// How often it is written down that a module was heard, if it is heard all the time.
const HEARD: Duration = Duration::from_secs(60);

/// Decodes, decides, and writes down what comes of it. All that it remembers can be had from the
/// store again.
pub(crate) struct Intake {
    id: MeterId,
    topic: Option<Box<str>>,
    config: Arc<config::Meter>,
    /// What stands for it in the store, once it was heard.
    key: Option<MeterKey>,
    /// When its module was heard, as the store has it.
    heard_at: Option<OffsetDateTime>,
    /// How long its module may be silent, if that is known.
    patience: Option<Duration>,
    unsaved: Unsaved,
    /// Whether the store has to be asked for what it knows of it.
    is_forgotten: bool,
    meter: Option<Meter>,
    /// The time of the newest state of module or battery.
    newest_state: Option<OffsetDateTime>,
}

/// What the store does not know.
#[derive(Default)]
struct Unsaved {
    /// What Home Assistant was told of.
    seen: bool,
    patience: bool,
}

impl Intake {
    pub(super) fn new(id: MeterId, topic: Option<String>, config: Arc<config::Meter>) -> Self {
        Self {
            id,
            topic: topic.map(String::into_boxed_str),
            config,
            key: None,
            heard_at: None,
            patience: None,
            unsaved: Unsaved::default(),
            is_forgotten: false,
            meter: None,
            newest_state: None,
        }
    }

    pub(super) fn key(&self) -> Option<MeterKey> {
        self.key
    }

    /// The last known serial number, if it is at hand.
    pub(super) fn serial(&self) -> Option<&str> {
        self.meter.as_ref()?.serial()
    }

    pub(super) fn zone(&self) -> &config::TimeZone {
        &self.config.timezone
    }

    pub(super) fn restore(&mut self, stored: &StoredMeter) {
        let states = [&stored.status, &stored.battery].into_iter().flatten();
        let sent =
            states.filter_map(|payload| Message::decode(payload, &self.config.timezone).ok()?.sent);
        self.newest_state = sent.max();
        self.know(stored);
    }

    /// Whether the store knows less.
    pub(super) fn is_unsaved(&self) -> bool {
        self.key.is_some() && (self.unsaved.seen || self.unsaved.patience)
    }

    /// Home Assistant is told of something else than before.
    pub(super) fn note_seen(&mut self) {
        self.unsaved.seen = true;
    }

    /// Its module may be silent for so long.
    pub(super) fn note_patience(&mut self, patience: Duration) {
        self.patience = Some(patience);
        self.unsaved.patience = true;
    }

    /// Its module is heard; returns when, if that is to be written down. A clock that is certainly
    /// wrong cannot say when that was.
    fn note_heard(&mut self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let is_news = self.heard_at.is_none_or(|before| (now - before).unsigned_abs() >= HEARD);
        if !(RELEASED..END).contains(&now) || !is_news {
            return None;
        }
        self.heard_at = Some(now);
        Some(now)
    }

    /// What was written is not kept: forgets what it remembers because of that.
    pub(crate) fn forget(&mut self) {
        self.is_forgotten |= self.key.take().is_some();
        self.meter = None;
    }

    /// Others have changed something in the store: what waits there may have been discarded.
    pub(crate) fn forget_decisions(&mut self) {
        self.meter = None;
    }

    /// Takes up what the store knows of it, unless it is at hand.
    pub(crate) fn recall(&mut self, store: &Queries) -> Stored<()> {
        if self.key.is_none()
            && let Some(stored) = store.meter(self.id.as_str())?
        {
            self.know(&stored);
        }
        Ok(())
    }

    /// Knows what the store knows.
    fn know(&mut self, stored: &StoredMeter) {
        self.key = Some(stored.key);
        self.heard_at = stored.heard_at;
        if std::mem::take(&mut self.is_forgotten) {
            // What was told is told, and the store may not know it.
            self.unsaved = Unsaved { seen: true, patience: self.patience.is_some() };
        } else {
            self.patience = stored.patience;
        }
    }

    /// Takes a message, and says what comes of it once the transaction is committed.
    pub(crate) fn take<'m>(
        &mut self,
        store: &mut Transaction<'_>,
        topic: &str,
        payload: &'m [u8],
        now: OffsetDateTime,
    ) -> Stored<Effect<'m>> {
        let key = self.key_in(store)?;
        let heard_at = self.note_heard(now);
        let mut work = Work::new(store, topic, now, key);
        match Message::decode(payload, &self.config.timezone) {
            Ok(message) => self.take_message(&mut work, message, payload)?,
            Err(error) => {
                let content = NewContent::Message(payload);
                work.set_aside(Refusal::from(&error), content)?;
            }
        }
        let effect = work.effect;
        self.write_news(store, key, &effect, payload, heard_at)?;
        Ok(effect)
    }

    fn take_message<'m>(
        &mut self,
        work: &mut Work<'_, '_, 'm>,
        message: Message<'m>,
        payload: &'m [u8],
    ) -> Stored<()> {
        let Message { sent, reading, status, battery, .. } = message;
        let mut meter = self.remembered(work)?;
        let is_untimely = work.is_known_for_its_time(payload)?;
        if let Some(reading) = reading.filter(|_| !is_untimely) {
            work.take_reading(&mut meter, reading, payload)?;
        }
        let sent = sent.filter(|_| !is_untimely);
        let untimely = sent.and_then(|sent| judge_time(sent, work.now).err());
        let sent = sent.filter(|_| untimely.is_none());
        if let Some(serial) = status.as_ref().and_then(|status| status.serial.as_deref())
            && let Some(sent) = sent
        {
            let past = Past { store: work.store, meter: work.meter };
            let changes = meter.learn_serial(serial, sent, work.now, &past)?;
            work.carry_out(&mut meter, changes)?;
        }
        self.remember(work, meter)?;
        if status.is_some() || battery.is_some() {
            if let Some(sent) = sent {
                work.append_state(sent, payload)?;
            }
            if let Some(reason) = untimely {
                work.set_aside_whole(reason, payload)?;
            }
            // What it says is true now, whatever its clock says. A status and a battery message of the
            // same second belong together.
            if sent.is_none_or(|sent| self.newest_state.is_none_or(|newest| sent >= newest)) {
                self.newest_state = sent.or(self.newest_state);
                work.effect.status = status;
                work.effect.battery = battery;
                work.effect.sent = sent;
            }
        }
        Ok(())
    }

    /// Takes once more what was set aside for its time; our own clock was wrong, and it came at
    /// another time. `None` if its own still cannot be.
    pub(crate) fn judge_again<'m>(
        &mut self,
        store: &mut Transaction<'_>,
        aside: &'m SetAside,
        came: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Stored<Option<Effect<'m>>> {
        let SetAsideContent::Message(payload) = &aside.content else { return Ok(None) };
        let Ok(message) = Message::decode(payload, &self.config.timezone) else { return Ok(None) };
        let read = message.reading.as_ref().map(|reading| reading.time);
        if [read, message.sent].into_iter().flatten().any(|time| judge_time(time, came).is_err()) {
            return Ok(None);
        }
        let key = self.key_in(store)?;
        let mut work = Work::new(store, &aside.topic, now, key);
        work.remove_set_aside(aside.id)?;
        self.take_message(&mut work, message, payload)?;
        let effect = work.effect;
        self.write_news(store, key, &effect, payload, None)?;
        Ok(Some(effect))
    }

    /// Another bridge was told the serial number of the meter, and when.
    pub(crate) fn learn_serial(
        &mut self,
        store: &mut Transaction<'_>,
        serial: &str,
        told: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Stored<Effect<'static>> {
        let key = self.key_in(store)?;
        let topic = self.topic.clone().unwrap_or_else(|| self.config.data_topic.as_str().into());
        let mut work = Work::new(store, &topic, now, key);
        let mut meter = self.remembered(&work)?;
        if judge_time(told, now).is_ok() {
            let past = Past { store: work.store, meter: work.meter };
            // If it is the first one, it is that of the readings before as well.
            let first = meter.serial().is_none().then(|| past.newest(END)).transpose()?.flatten();
            let told = first.map_or(told, |newest| newest.max(told));
            let changes = meter.learn_serial(serial, told, now, &past)?;
            work.carry_out(&mut meter, changes)?;
        }
        self.remember(&mut work, meter)?;
        Ok(work.effect)
    }

    /// Accepts what was set aside, because the user says so. Returns why that cannot be, if so.
    pub(crate) fn release(
        &mut self,
        store: &mut Transaction<'_>,
        aside: &SetAside,
        now: OffsetDateTime,
    ) -> Stored<Result<Effect<'static>, Refusal>> {
        let key = self.key_in(store)?;
        let topic = aside.topic.as_str();
        let mut work = Work::new(store, topic, now, key);
        match &aside.content {
            SetAsideContent::Reading { time, registers, serial } => {
                let reading = Reading::new(*time, registers.clone());
                self.release_reading(&mut work, &reading, serial.as_deref())?;
            }
            SetAsideContent::Message(payload) => {
                if let Err(refusal) = self.release_message(&mut work, payload)? {
                    return Ok(Err(refusal));
                }
            }
            SetAsideContent::Line { sequence, .. } => {
                let is_there = work.store.forward_again(*sequence)?;
                work.effect.records += u64::from(is_there);
            }
            SetAsideContent::Unreadable(_) => {
                let text = "the disk has changed it since; nobody knows what it was".into();
                return Ok(Err(Refusal { code: "store.unreadable", text }));
            }
        }
        work.remove_set_aside(aside.id)?;
        Ok(Ok(work.effect))
    }

    fn release_message(
        &mut self,
        work: &mut Work<'_, '_, 'static>,
        payload: &[u8],
    ) -> Stored<Result<(), Refusal>> {
        let message = match Message::decode(payload, &self.config.timezone) {
            Ok(message) => message,
            Err(error) => return Ok(Err(Refusal::from(&error))),
        };
        let has_state = message.status.is_some() || message.battery.is_some();
        let sent = message.sent.filter(|_| has_state);
        let read = message.reading.as_ref().map(|reading| reading.time);
        for time in [read, sent].into_iter().flatten() {
            if time < BEGINNING {
                return Ok(Err(Reason::TooEarly(time).into()));
            }
            if time >= END {
                return Ok(Err(Reason::InTheFuture(time).into()));
            }
        }
        if let Some(reading) = &message.reading {
            self.release_reading(work, reading, None)?;
        }
        if let Some(sent) = sent {
            work.append_state(sent, payload)?;
        }
        Ok(Ok(()))
    }

    fn release_reading(
        &mut self,
        work: &mut Work<'_, '_, 'static>,
        reading: &Reading<'_>,
        serial: Option<&str>,
    ) -> Stored<()> {
        let mut meter = self.remembered(work)?;
        let past = Past { store: work.store, meter: work.meter };
        let changes = meter.release(reading, serial, work.now, &past)?;
        work.carry_out(&mut meter, changes)?;
        self.remember(work, meter)
    }

    /// The number that stands for it in the store.
    fn key_in(&mut self, store: &mut Transaction<'_>) -> Stored<MeterKey> {
        if let Some(key) = self.key {
            return Ok(key);
        }
        let key = store.add_meter(self.id.as_str(), self.topic.as_deref())?;
        if let Some(stored) = store.meter_of(key)? {
            self.know(&stored);
        }
        Ok(key)
    }

    /// What was decided so far, taken out; from the store if it is not at hand.
    fn remembered(&mut self, work: &Work<'_, '_, '_>) -> Stored<Meter> {
        if let Some(meter) = self.meter.take() {
            return Ok(meter);
        }
        let Work { store, meter: key, .. } = work;
        let waiting = store.waiting_readings(*key, Reason::MAY_PASS, MOST_WAITING)?;
        let waiting = waiting.into_iter().filter_map(waiting_of);
        let newest = store.newest_reading(*key, END)?;
        let eras: Eras = store.eras(*key)?.into_iter().map(restored_era).collect();
        let limit = Limit { max_power: self.config.max_power_kw };
        let (time, registers) = newest.unzip();
        let mut meter = Meter::new(limit, eras, time, waiting.collect());
        registers.iter().for_each(|registers| meter.take_up(registers));
        Ok(meter)
    }

    /// Puts it back, and writes down what a restart needs.
    fn remember(&mut self, work: &mut Work<'_, '_, '_>, mut meter: Meter) -> Stored<()> {
        if let Some(eras) = meter.changed_eras() {
            let eras: Vec<_> = eras.iter().map(stored_era).collect();
            work.store.set_eras(work.meter, &eras)?;
            // It is that of the last era.
            let news = MeterNews { serial: meter.serial(), ..MeterNews::default() };
            work.store.update_meter(work.meter, &news)?;
        }
        self.meter = Some(meter);
        Ok(())
    }

    /// Writes down what a message is to the meter itself.
    fn write_news(
        &mut self,
        store: &mut Transaction<'_>,
        key: MeterKey,
        effect: &Effect<'_>,
        payload: &[u8],
        heard_at: Option<OffsetDateTime>,
    ) -> Stored<()> {
        let news = MeterNews {
            status: effect.status.is_some().then_some(payload),
            battery: effect.battery.is_some().then_some(payload),
            heard_at,
            ..MeterNews::default()
        };
        if news == MeterNews::default() { Ok(()) } else { store.update_meter(key, &news) }
    }

    /// Writes down what the store does not know, with what Home Assistant is told of.
    pub(super) fn save(
        &mut self,
        store: &mut Transaction<'_>,
        seen: impl Iterator<Item = String>,
    ) -> Stored<()> {
        let Some(key) = self.key else { return Ok(()) };
        let unsaved = std::mem::take(&mut self.unsaved);
        if unsaved.patience {
            let news = MeterNews { patience: self.patience, ..MeterNews::default() };
            store.update_meter(key, &news)?;
        }
        if unsaved.seen {
            store.set_seen(key, &seen.collect::<Vec<_>>())?;
        }
        Ok(())
    }
}

/// What may yet be accepted of what was set aside.
fn waiting_of(aside: SetAside) -> Option<Waiting> {
    let SetAsideContent::Reading { time, registers, serial } = aside.content else { return None };
    Some(Waiting {
        time,
        serial: serial.map(Box::from),
        is_zero: aside.code == Reason::AllZero.code(),
        registers,
        entry: Some(aside.id),
    })
}
