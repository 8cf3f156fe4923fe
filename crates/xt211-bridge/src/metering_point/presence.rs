//! What the world is told of a metering point, and what it has yet to be told.

use std::time::{Duration, Instant};

use time::OffsetDateTime;
use xt211_homeassistant::{
    BridgeState, Changed, InfluxdbStatus, Merged, MeterDevice, MeterId, MeterInfo,
};
use xt211_message::{Message, Reading, Registers, Zone};
use xt211_store::StoredMeter;
use xt211_web::Condition;

use super::{
    Effect,
    rhythm::Rhythm,
    sharing::{Letter, Sharing, Work},
};

/// How long Home Assistant may take to listen for what a discovery told it of.
const LISTENING: Duration = Duration::from_secs(2);

/// A meter as the world sees it.
pub(crate) struct Presence {
    /// What Home Assistant shows of it.
    pub(crate) device: MeterDevice,
    /// What is counted of it.
    pub(crate) counts: Counts,
    unsaid: Changed,
    /// Whether what is not told of any more has to be looked for.
    removal_unsaid: bool,
    /// When a discovery was said. Home Assistant takes a moment to listen for what that told it of:
    /// values that the broker does not keep for it are therefore said twice.
    live_again: Option<Instant>,
    /// Whether what was last said of the bridge's own work still holds. It changes with every
    /// message, and is said anew only now and then.
    bridge_said: Option<Said>,
    rhythm: Rhythm,
    last_heard: Instant,
    /// `None` if no other bridge hears of it.
    sharing: Option<Box<Sharing>>,
}

/// What is counted of a meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Records that wait to be forwarded.
    pub(crate) waiting: u64,
    /// What is set aside.
    pub(crate) set_aside: u64,
    /// When InfluxDB last took something of it.
    pub(crate) last_success: Option<OffsetDateTime>,
}

/// What was said of the bridge's work.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub(super) condition: Condition,
    pub(super) counts: Counts,
    pub(super) is_overdue: bool,
}

/// One thing to be said of a meter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// What the other bridges are told; before all that it may contradict.
    Shared,
    /// What Home Assistant is not told of any more; before the discovery.
    Removal,
    Discovery,
    Energy,
    Live,
    Module,
    Bridge,
}

impl Presence {
    pub(super) fn new(id: MeterId, name: String, serial: Option<String>) -> Self {
        let rhythm = Rhythm::new(Rhythm::UNKNOWN);
        let expire_after = Some(rhythm.patience());
        let info = MeterInfo { id, name, serial, page: None, expire_after };
        Self {
            device: MeterDevice::new(info),
            counts: Counts::default(),
            unsaid: Changed { discovery: true, ..Changed::NONE },
            removal_unsaid: true,
            live_again: None,
            bridge_said: None,
            rhythm,
            last_heard: Instant::now(),
            sharing: None,
        }
    }

    /// Other bridges hear of it, too.
    pub(crate) fn share(&mut self) {
        self.device.share();
        self.sharing = Some(Box::default());
    }

    pub(super) fn id(&self) -> &MeterId {
        &self.device.info().id
    }

    /// What Home Assistant was told of because it was seen, as the store keeps it.
    pub(super) fn seen(&self) -> impl Iterator<Item = String> + '_ {
        self.device.told()
    }

    /// How long its module may be silent. A power or a voltage is shown for as long.
    pub(crate) fn patience(&self) -> Duration {
        self.rhythm.patience()
    }

    /// Shows what was known before a restart.
    pub(super) fn restore(&mut self, stored: &StoredMeter, seen: &[String], now: OffsetDateTime) {
        self.device.restore(seen.iter().map(String::as_str));
        self.counts.last_success = stored.forwarded_at;
        if let Some(patience) = stored.patience {
            self.rhythm = Rhythm::new(patience);
            self.device.set_expire_after(Some(self.patience()));
        }
        if let Some(last_heard) = stored.heard_at.and_then(|at| instant_of(at, now)) {
            self.last_heard = last_heard;
        }
        if let Some(sharing) = &mut self.sharing {
            sharing.heard_at = stored.heard_at.map(OffsetDateTime::unix_timestamp);
        }
    }

    /// Shows what a module said of itself before a restart, the oldest first.
    pub(super) fn restore_state(&mut self, message: &[u8], zone: &dyn Zone) {
        // It was decoded when it came; if it cannot be any more, the next one will be shown.
        if let Ok(mut message) = Message::decode(message, zone) {
            // It may not have been accepted.
            message.reading = None;
            self.device.apply_message(&message);
        }
    }

    /// Shows a reading from before a restart, the oldest first.
    pub(crate) fn restore_reading(&mut self, time: OffsetDateTime, registers: Registers<'_>) {
        self.device.apply_reading(&Reading::new(time, registers));
    }

    /// Takes note that its module was heard. Returns the patience with it if that has changed.
    pub(super) fn heard(&mut self, now: Instant) -> Option<Duration> {
        if let Some(sharing) = &mut self.sharing {
            sharing.heard += 1;
            sharing.heard_at = Some(OffsetDateTime::now_utc().unix_timestamp());
        }
        self.heard_of(now)
    }

    /// The same if it was heard by another bridge.
    fn heard_of(&mut self, now: Instant) -> Option<Duration> {
        self.last_heard = now;
        let patience = self.rhythm.hear(now).then(|| self.patience())?;
        self.unsaid |= self.device.set_expire_after(Some(patience));
        Some(patience)
    }

    /// Shows what became of a message. Returns whether there is a new entity.
    pub(super) fn show(&mut self, effect: &Effect<'_>) -> bool {
        let mut changed = Changed::NONE;
        for reading in &effect.readings {
            changed |= self.device.apply_reading(reading);
        }
        if let Some(status) = &effect.status {
            changed |= self.device.apply_status(status, effect.sent);
        }
        if let Some(battery) = &effect.battery {
            changed |= self.device.apply_battery(battery, effect.sent);
        }
        self.unsaid |= changed;
        if let Some(sharing) = &mut self.sharing {
            sharing.is_unsaid = true;
        }
        self.counts.set_aside = self.counts.set_aside.saturating_add_signed(effect.set_aside);
        changed.discovery
    }

    /// Takes what a bridge has told, `is_new` or kept by the broker from before. What we have kept
    /// there ourselves is what we knew, and of no use for anything else.
    pub(super) fn hear_of(&mut self, told: Told<'_>, now: Instant) -> HeardOf {
        let Told { bridge, letter, is_new, is_ours, influxdb } = told;
        let merged = self.device.merge(&letter.meter);
        let Merged { changed, behind, .. } = merged;
        let mut heard = HeardOf { merged, has_news: false, patience: None };
        let Some(sharing) = &mut self.sharing else { return heard };
        if is_ours {
            self.unsaid |= changed;
            heard.has_news = !changed.is_none();
            return heard;
        }
        let mut unsaid = behind;
        if sharing.overlaps(now) {
            unsaid |= changed;
        }
        sharing.is_unsaid |= !behind.is_none();
        self.unsaid |= unsaid;
        let before = sharing.works.insert(bridge.clone(), letter.work.clone());
        // One that was started since has heard nothing yet, and counts anew.
        let has_heard = |before: Work| letter.work.heard > 0 && letter.work.heard != before.heard;
        if is_new && before.is_some_and(has_heard) {
            heard.patience = self.heard_of(now);
        } else if let Some(at) = letter.work.heard_at
            && let Ok(at) = OffsetDateTime::from_unix_timestamp(at)
            && let Some(last_heard) = instant_of(at, OffsetDateTime::now_utc())
        {
            // We may have been away for longer.
            self.last_heard = self.last_heard.max(last_heard);
        }
        heard.has_news = self.has_news(influxdb);
        heard
    }

    /// A bridge is not one of the group any more.
    pub(crate) fn forget_bridge(&mut self, bridge: &MeterId) {
        if let Some(sharing) = &mut self.sharing {
            sharing.works.remove(bridge);
        }
    }

    /// The discovery is to be said (again).
    pub(crate) fn say_discovery(&mut self) {
        self.unsaid.discovery = true;
    }

    /// What the other bridges are told; it counts as told then.
    pub(crate) fn letter(&mut self, condition: &Condition) -> Option<Letter> {
        let own = self.own_state(condition);
        let sharing = self.sharing.as_mut()?;
        let work = sharing.work(&own);
        sharing.told = Some(work.clone());
        Some(Letter { meter: self.device.shared(), work })
    }

    /// Whether there is something to be said that no message brought.
    pub(crate) fn has_news(&mut self, condition: &Condition) -> bool {
        let own = self.own_state(condition);
        if let Some(sharing) = &mut self.sharing {
            sharing.is_unsaid |= sharing.told.as_ref() != Some(&sharing.work(&own));
        }
        let is_unsaid = self.sharing.as_ref().is_some_and(|sharing| sharing.is_unsaid);
        if self.live_again.is_some_and(|since| since.elapsed() >= LISTENING) {
            self.live_again = None;
            self.unsaid.live = true;
        }
        if self.bridge_said.as_ref() != Some(&self.bridge_state(condition)) {
            self.bridge_said = None;
        }
        !self.unsaid.is_none() || self.bridge_said.is_none() || is_unsaid
    }

    /// Whether something is to be said once more.
    pub(crate) fn is_to_say_again(&self) -> bool {
        self.live_again.is_some()
    }

    /// When its module will have been silent for too long, if it was not already when it was looked
    /// at last.
    pub(crate) fn overdue_at(&self, looked: Instant) -> Option<Instant> {
        // Not before it is: a moment later.
        let at = self.last_heard.checked_add(self.patience() + Duration::from_millis(1))?;
        (at > looked).then_some(at)
    }

    /// Everything is to be said (again).
    pub(crate) fn say_everything(&mut self) {
        self.unsaid = Changed::ALL;
        self.bridge_said = None;
        if let Some(sharing) = &mut self.sharing {
            sharing.is_unsaid = true;
        }
    }

    /// The next thing to be said, which then counts as said.
    pub(crate) fn next_part(&mut self, condition: &Condition) -> Option<Part> {
        let take = std::mem::take::<bool>;
        if let Some(sharing) = &mut self.sharing {
            if take(&mut sharing.is_unsaid) {
                return Some(Part::Shared);
            }
            if !self.unsaid.is_none() {
                sharing.spoke = Some(Instant::now());
            }
        }
        if take(&mut self.removal_unsaid) {
            return Some(Part::Removal);
        }
        if take(&mut self.unsaid.discovery) {
            self.live_again = Some(Instant::now());
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
        self.bridge_said = Some(self.bridge_state(condition));
        Some(Part::Bridge)
    }

    /// What was last said of the bridge's own work.
    pub(crate) fn bridge(&self) -> Option<BridgeState<'_>> {
        let Said { condition, counts, is_overdue } = self.bridge_said.as_ref()?;
        Some(BridgeState {
            influxdb: status(condition),
            reason: condition.reason(),
            last_success: counts.last_success,
            waiting: counts.waiting,
            set_aside: counts.set_aside,
            overdue: *is_overdue,
        })
    }

    fn bridge_state(&self, condition: &Condition) -> Said {
        let own = self.own_state(condition);
        match &self.sharing {
            Some(sharing) => sharing.sum(own),
            None => own,
        }
    }

    /// That of this bridge alone.
    fn own_state(&self, condition: &Condition) -> Said {
        let is_overdue = self.last_heard.elapsed() > self.patience();
        Said { condition: condition.clone(), counts: self.counts, is_overdue }
    }
}

/// What a bridge of the group has told.
#[derive(Clone, Copy)]
pub(crate) struct Told<'l> {
    pub(crate) bridge: &'l MeterId,
    pub(crate) letter: &'l Letter,
    /// Whether it was told now.
    pub(crate) is_new: bool,
    /// Whether it is what we told before we were started.
    pub(crate) is_ours: bool,
    /// How our own forwarding goes.
    pub(crate) influxdb: &'l Condition,
}

/// What comes of it.
pub(crate) struct HeardOf {
    pub(crate) merged: Merged,
    /// Whether there is something to be said.
    pub(crate) has_news: bool,
    /// The patience with its module, if that has changed.
    pub(super) patience: Option<Duration>,
}

/// When something was. Not known if our clock is behind, or this machine too young to have such an
/// instant.
fn instant_of(at: OffsetDateTime, now: OffsetDateTime) -> Option<Instant> {
    Instant::now().checked_sub(Duration::try_from(now - at).ok()?)
}

/// In Home Assistant's words.
const fn status(condition: &Condition) -> InfluxdbStatus {
    match condition {
        Condition::Off => InfluxdbStatus::Off,
        Condition::Good => InfluxdbStatus::Ok,
        Condition::Trouble(_) => InfluxdbStatus::Error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(presence: &mut Presence) -> String {
        let parts = std::iter::from_fn(|| presence.next_part(&Condition::Off));
        parts.map(|part| format!("{part:?} ")).collect()
    }

    #[test]
    fn a_module_is_not_heard_because_a_bridge_is_started() {
        let mut presence = Presence::new("meter".parse().unwrap(), "Meter".into(), None);
        presence.share();
        let start = presence.last_heard;
        let mut hear = |heard, is_new, seconds| {
            let json = format!(
                r#"{{"meter":{{"version":"x","states":{{}}}},"work":{{"influxdb":"Off","last_success":null,"waiting":0,"set_aside":0,"heard":{heard}}}}}"#
            );
            let (bridge, letter) = ("b".parse().unwrap(), serde_json::from_str(&json).unwrap());
            let (bridge, letter, influxdb) = (&bridge, &letter, &Condition::Off);
            let told = Told { bridge, letter, is_new, is_ours: false, influxdb };
            presence.hear_of(told, start + Duration::from_secs(seconds));
            (presence.last_heard - start).as_secs()
        };
        assert_eq!(hear(7, false, 1), 0);
        assert_eq!(hear(8, true, 2), 2);
        assert_eq!(hear(0, true, 3), 2);
        assert_eq!(hear(1, true, 4), 4);
        assert_eq!(hear(1, true, 5), 4);
    }

    #[test]
    fn who_falls_silent_while_it_is_looked_around_is_looked_for_again() {
        let mut presence = Presence::new("meter".parse().unwrap(), "Meter".into(), None);
        let (now, patience) = (presence.last_heard, presence.patience());
        let Some(heard) = now.checked_sub(patience + Duration::from_secs(1)) else { return };
        presence.last_heard = heard;
        // It is overdue now, and was not when the look began.
        let due = heard + patience + Duration::from_millis(1);
        assert_eq!(presence.overdue_at(heard + patience), Some(due));
        assert_eq!(presence.overdue_at(due), None);
    }

    #[test]
    fn a_new_patience_is_told_with_the_live_values_behind_it() {
        let mut presence = Presence::new("meter".parse().unwrap(), "Meter".into(), None);
        let message =
            br#"{"data":{"reading_datetime":"Sat 2026-02-21 20:27:09 GMT","values":{"16.7.0":1}}}"#;
        let message = Message::decode(message, &time::UtcOffset::UTC).unwrap();
        let readings = message.reading.into_iter().collect();
        presence.show(&Effect { readings, ..Effect::default() });
        assert_eq!(parts(&mut presence), "Removal Discovery Live Module Bridge ");

        let start = Instant::now();
        let heard = (0..8).map(|hours| presence.heard(start + Duration::from_secs(hours * 3600)));
        let heard: Vec<_> = heard.flatten().collect();
        assert_eq!(heard, [Duration::from_secs(4 * 3600)]);
        assert_eq!(presence.device.info().expire_after, Some(presence.patience()));
        assert_eq!(parts(&mut presence), "Discovery ");
        // Home Assistant may not listen yet.
        assert!(!presence.has_news(&Condition::Off));
        presence.live_again = start.checked_sub(LISTENING);
        assert!(presence.has_news(&Condition::Off));
        assert_eq!(parts(&mut presence), "Live ");
    }
}
