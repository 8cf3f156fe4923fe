//! What a start takes up from the store.

use std::{
    collections::BTreeSet,
    ops::{ControlFlow, Deref},
};

use time::{Duration, OffsetDateTime};
use xt211_decision::horizon;
use xt211_homeassistant::MeterId;
use xt211_store::{MeterKey, Queries, StoreError, StoredMeter};

use super::Bridge;
use crate::{
    influx::Forwarder,
    keeper::NotKept,
    metering_point::{Known, Presence},
    registry::Registry,
    statistics::Statistician,
};

impl Bridge {
    /// Takes up what the store knows: meters, counts, what waits.
    pub(super) fn remember(&mut self) -> anyhow::Result<()> {
        let (registry, is_forwarding) = (&mut self.registry, self.config.influxdb.is_some());
        let (subscriptions, places) = (&mut self.subscriptions, &mut self.places);
        let config = &self.config;
        let mut gone = Vec::new();
        let now = OffsetDateTime::now_utc();
        let reader = self.keeper.with_store(|store| {
            let (asked, announced) = (store.subscriptions()?, store.announced()?);
            // If it is begun anew, it knows less than we do.
            if !asked.is_empty() {
                let former = subscriptions.take_up(&asked);
                registry.know_former(&config.meters, &former);
                let named = former.into_iter().filter(|meter| !meter.is_wild());
                gone.extend(named.map(|meter| meter.id).filter(|id| !registry.has(id)));
            }
            if !announced.is_empty() {
                places.take_up(announced);
            }
            gone.extend(restore_meters(registry, store, now)?);
            gone.sort_unstable();
            gone.dedup();
            count(registry, store, is_forwarding)?;
            Ok((store.reader()?, store.reader()?, store.last_set_aside()?))
        });
        match reader {
            Ok((reader, another, last_set_aside)) => {
                (self.first_aside, self.judged) = (last_set_aside, last_set_aside);
                self.forwarder = Forwarder::start(&self.config, reader)?;
                self.statistician = Statistician::start(&self.config, another);
                self.has_remembered = true;
                self.remove(gone);
                // If it fails, what is not written goes with the first that is.
                self.save()
            }
            // There is nothing to remember in a new one, so that this ends.
            Err(NotKept::Anew) => self.remember(),
            Err(NotKept::ForNow) => Ok(()),
        }
    }

    /// Has Home Assistant forget these meters.
    fn remove(&mut self, gone: Vec<MeterId>) {
        self.gone = gone;
        let Some(announcer) = &mut self.announcer else { return };
        for id in &self.gone {
            tracing::info!(%id, "not in the configuration any more: Home Assistant is to forget it");
        }
        announcer.remove(self.gone.iter());
    }
}

/// How many meters are in memory, as the store knows them, at once.
const MOST_METERS: usize = 100;

/// Takes up all meters that are there, and returns those that are not in the configuration any more.
fn restore_meters(
    registry: &mut Registry,
    store: &Queries,
    now: OffsetDateTime,
) -> Result<Vec<MeterId>, StoreError> {
    let (mut gone, mut after) = (Vec::new(), None);
    loop {
        let meters = store.find_meters("", after, MOST_METERS)?;
        let Some(last) = meters.last() else { return Ok(gone) };
        after = Some(last.key);
        for stored in meters {
            let known = Known::of(stored, store)?;
            let number = registry.restore(&known, now);
            let StoredMeter { key, id, .. } = known.stored;
            match number.and_then(|number| registry.get_mut(number)) {
                Some(point) => {
                    restore_readings(&mut point.presence, store, key, horizon(now))?;
                }
                None => gone.extend(id.parse::<MeterId>()),
            }
        }
    }
}

/// How many readings are looked through for a register that hardly any of them has.
const LOOK_THROUGH: usize = 10_000;

/// Shows the newest reading up to a time, those shortly before it, and for each register that these
/// lack, the last one that has it.
fn restore_readings(
    presence: &mut Presence,
    store: &Queries,
    meter: MeterKey,
    latest: OffsetDateTime,
) -> Result<(), StoreError> {
    let mut missing: BTreeSet<_> = presence.device.registers().collect();
    let (mut readings, mut seen, mut newest) = (Vec::new(), 0, None);
    let behind = latest + Duration::NANOSECOND;
    store.readings_before(meter, behind, &mut |time, registers| {
        seen += 1;
        let recent = *newest.get_or_insert(time) - presence.patience();
        if time < recent && (missing.is_empty() || seen > LOOK_THROUGH) {
            return ControlFlow::Break(());
        }
        let had = missing.len();
        missing.retain(|code| registers.get(*code).is_none());
        if time >= recent || missing.len() < had {
            readings.push((time, registers.clone()));
        }
        ControlFlow::Continue(())
    })?;
    // Oldest first, so that the newest stays.
    for (time, registers) in readings.into_iter().rev() {
        presence.restore_reading(time, registers);
    }
    Ok(())
}

/// Counts what waits and what is set aside.
pub(super) fn count(
    registry: &mut Registry,
    store: &impl Deref<Target = Queries>,
    is_forwarding: bool,
) -> Result<(), StoreError> {
    for (_, point) in registry.iter_mut() {
        (point.presence.counts.waiting, point.presence.counts.set_aside) = (0, 0);
    }
    if is_forwarding {
        for (key, waiting) in store.waiting_counts()? {
            if let Some(point) = registry.find_mut(key) {
                point.presence.counts.waiting = waiting;
            }
        }
    }
    for (key, set_aside) in store.set_aside_counts()? {
        if let Some(point) = key.and_then(|key| registry.find_mut(key)) {
            point.presence.counts.set_aside = set_aside;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use allocation_counter::measure;
    use time::macros::datetime;

    use super::*;
    use crate::registry::tests::Town;

    #[test]
    fn a_start_takes_up_all_meters_one_after_the_other() {
        const METERS: usize = 5 * MOST_METERS / 2;
        let Town { store, _folder, .. } = Town::new(METERS);
        let now = datetime!(2026-11-01 01:00 UTC);
        let mut registry = Town::registry();
        let info = measure(|| {
            assert_eq!(restore_meters(&mut registry, &store, now).unwrap(), []);
        });
        for (number, point) in registry.iter_mut() {
            assert_eq!(point.presence.device.registers().count(), 30, "{number}");
            assert!(point.presence.device.energy().is_some(), "{number}");
        }
        assert_eq!(registry.iter_mut().count(), METERS);
        // What is needed for a moment is for some of them only.
        let (most, left) = (info.bytes_max, info.bytes_current.unsigned_abs());
        assert!(most < left + 100_000, "{most} {left}");
    }
}
