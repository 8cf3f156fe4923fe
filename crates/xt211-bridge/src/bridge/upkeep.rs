//! What the bridge does in the store without a message: what users ask for, and what time brings.

use time::{Duration, OffsetDateTime};
use tokio::time::Instant;
use xt211_decision::{RELEASED, Reason};
use xt211_store::{SetAside, StoreError, Transaction};

use super::{
    Bridge,
    clock::{self, Clock},
    lookout::Found,
    memory::count,
};
use crate::{
    influx::Forwarder,
    metering_point::{Effect, Refusal},
    registry::Registry,
};

/// How many releases are done at once. Messages wait meanwhile.
const MOST_RELEASES: usize = 1_000;

/// How many records are removed at once.
const MOST_PRUNED: usize = 10_000;

impl Bridge {
    /// Looks after all that no message brings up.
    pub(super) fn look(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        self.clock.look(OffsetDateTime::now_utc(), clock::running());
        let is_more = self.judge_again()?;
        self.save()?;
        // What is written from here on is noticed; what was before, is seen now.
        self.lookout.listen(self.keeper.log().as_deref());
        let is_more = self.look_into_store()? || is_more;
        self.look_around();
        let found = if is_more { Found::More } else { self.found(start) };
        self.lookout.looked(found, Instant::now());
        Ok(())
    }

    /// What a look that began then has found, if there is not more to do. Whoever has fallen silent
    /// since may not have been seen.
    fn found(&mut self, start: Instant) -> Found {
        let speaks = self.announcer.is_some();
        let is_unfinished = !self.has_remembered
            || !self.has_looked
            || self.clock.is_doubted()
            || self.subscriptions.has_unwritten()
            || self.places.has_unwritten()
            || self.connection.is_some() && self.places.are_being_emptied();
        let mut later = None;
        for (_, point) in self.registry.iter_mut() {
            if point.is_unsaved() || speaks && point.presence.is_to_say_again() {
                return Found::Unfinished;
            }
            let overdue =
                point.presence.overdue_at(start.into_std()).filter(|_| speaks && !point.is_former);
            later = later.into_iter().chain(overdue).min();
        }
        if is_unfinished { Found::Unfinished } else { Found::Nothing(later.map(Instant::from_std)) }
    }

    /// Does what another process has asked for: `set-aside release`, `forward`. Returns whether there
    /// is more of it.
    pub(super) fn look_into_store(&mut self) -> anyhow::Result<bool> {
        if !self.has_remembered {
            self.remember()?;
        }
        let now = OffsetDateTime::now_utc();
        let Self { keeper, registry, has_looked, .. } = self;
        let asked = keeper.with_store(|store| {
            let is_changed = store.changed_by_others()?;
            if !is_changed && *has_looked {
                return Ok(None);
            }
            if is_changed {
                registry.forget_decisions();
            }
            store.write(|store| release_some(registry, store, now)).map(Some)
        });
        match asked {
            Ok(None) => Ok(false),
            Ok(Some(Released { effects, obstacles, is_all })) => {
                self.has_looked = is_all;
                for (id, refusal) in obstacles {
                    tracing::warn!("{id} cannot be released: {refusal}");
                }
                for (number, effect) in effects {
                    self.show_effect(number, &effect);
                }
                let (registry, is_forwarding) = (&mut self.registry, self.forwarder.is_some());
                // If it fails, the counts are wrong until the next time.
                let _ = self.keeper.with_store(|store| count(registry, store, is_forwarding));
                self.forwarder.iter().for_each(Forwarder::wake);
                self.note_revision();
                Ok(!is_all)
            }
            Err(reason) => {
                self.not_kept(&reason)?;
                Ok(false)
            }
        }
    }

    /// Judges again what seemed to be of the future, if our clock was wrong. Returns whether there
    /// is more of it.
    pub(super) fn judge_again(&mut self) -> anyhow::Result<bool> {
        if !self.clock.was_put_ahead() {
            return Ok(false);
        }
        let now = OffsetDateTime::now_utc();
        let Self { keeper, registry, judged, clock, .. } = self;
        let code = Reason::InTheFuture(now).code();
        let mut asides = Vec::new();
        let effects = keeper
            .with_store(|store| {
                asides = store.set_aside_after(*judged, code, MOST_RELEASES)?;
                Ok(())
            })
            .and_then(|()| {
                keeper.with_store(|store| {
                    store.write(|store| judge_all(registry, store, &asides, clock, now))
                })
            });
        match effects {
            Ok(effects) => {
                for (number, effect) in &effects {
                    self.show_effect(*number, effect);
                }
                self.note_revision();
                let is_more = asides.len() >= MOST_RELEASES;
                self.judged = asides.last().map_or(self.judged, |aside| aside.id);
                if !is_more {
                    tracing::info!(
                        "our clock was put ahead; what seemed to be of the future was judged again"
                    );
                    self.clock.settle();
                    self.judged = self.first_aside;
                }
                Ok(is_more)
            }
            Err(reason) => {
                self.not_kept(&reason)?;
                Ok(false)
            }
        }
    }

    /// Saves what no message has saved: what Home Assistant was told of and where, and what the
    /// broker was asked for.
    pub(super) fn save(&mut self) -> anyhow::Result<()> {
        let Self { keeper, registry, subscriptions, places, .. } = self;
        let is_saved = !subscriptions.has_unwritten() && !places.has_unwritten();
        if is_saved && !registry.iter_mut().any(|(_, point)| point.is_unsaved()) {
            return Ok(());
        }
        let saved = keeper.write(|store| {
            subscriptions.write(store)?;
            places.write(store)?;
            registry.iter_mut().try_for_each(|(_, point)| point.save(store))
        });
        match saved {
            Ok(()) => {
                subscriptions.written();
                places.written();
                Ok(())
            }
            Err(reason) => self.not_kept(&reason),
        }
    }

    /// Removes history that is old enough. Returns whether there is more of it.
    pub(super) fn prune(&mut self) -> anyhow::Result<bool> {
        let now = OffsetDateTime::now_utc();
        // A clock that is wrong must not cost anybody their history.
        if now < RELEASED {
            return Ok(false);
        }
        let days = Duration::days(self.config.store.keep_days.into());
        let is_forwarding = self.config.influxdb.is_some();
        // It may have nothing to write, which does not show that something can be written.
        let removed = self.keeper.with_store(|store| {
            store.write(|store| {
                // Nor must one that is ahead: what is old is so beside what is there.
                let Some(newest) = store.newest_reading_time(now)? else { return Ok(0) };
                store.prune(newest - days, is_forwarding, MOST_PRUNED)
            })
        });
        match removed {
            Ok(0) => Ok(false),
            Ok(removed) => {
                let days = self.config.store.keep_days;
                self.note_revision();
                tracing::info!("{removed} records are older than {days} days and were removed");
                Ok(removed >= MOST_PRUNED as u64)
            }
            Err(reason) => {
                self.not_kept(&reason)?;
                Ok(false)
            }
        }
    }
}

/// What was released.
struct Released {
    /// By the number of the meter.
    effects: Vec<(usize, Effect<'static>)>,
    /// What cannot be released, by its id, and why.
    obstacles: Vec<(i64, Refusal)>,
    /// Whether that is all that is to be.
    is_all: bool,
}

/// Releases what the user wants released, up to a number.
fn release_some(
    registry: &mut Registry,
    store: &mut Transaction<'_>,
    now: OffsetDateTime,
) -> Result<Released, StoreError> {
    registry.recall(store)?;
    let ids = store.releases(MOST_RELEASES)?;
    let (mut effects, mut obstacles) = (Vec::new(), Vec::new());
    for id in &ids {
        let Some(aside) = store.set_aside_entry(*id)? else { continue };
        match release(registry, store, &aside, now)? {
            Ok(effect) => effects.push(effect),
            Err(refusal) => {
                store.refuse_release(*id, &refusal.text)?;
                obstacles.push((*id, refusal));
            }
        }
    }
    Ok(Released { effects, obstacles, is_all: ids.len() < MOST_RELEASES })
}

fn release(
    registry: &mut Registry,
    store: &mut Transaction<'_>,
    aside: &SetAside,
    now: OffsetDateTime,
) -> Result<Result<(usize, Effect<'static>), Refusal>, StoreError> {
    let number = match aside.meter {
        Some(key) => registry.number_of(key),
        None => registry.number_of_topic(&aside.topic),
    };
    let is_followed = |number: &usize| registry.get(*number).is_some_and(|it| !it.is_former);
    let number = number.filter(is_followed);
    let released = number.and_then(|number| {
        let released = registry.do_with(number, |it| it.intake.release(store, aside, now))?;
        Some(released.map(|released| released.map(|effect| (number, effect))))
    });
    released.unwrap_or_else(|| {
        let text = "its meter is not in the configuration, or was not heard since the start".into();
        Ok(Err(Refusal { code: "meter.unknown", text }))
    })
}

/// Judges again, and returns what came of it, by the number of the meter.
fn judge_all<'a>(
    registry: &mut Registry,
    store: &mut Transaction<'_>,
    asides: &'a [SetAside],
    clock: &Clock,
    now: OffsetDateTime,
) -> Result<Vec<(usize, Effect<'a>)>, StoreError> {
    registry.forget_decisions();
    registry.recall(store)?;
    let mut effects = Vec::new();
    for aside in asides {
        let came = clock.corrected(aside.at);
        if came == aside.at {
            continue;
        }
        let number = aside.meter.and_then(|key| registry.number_of(key));
        if let Some(number) = number
            && let Some(point) = registry.get_mut(number)
            && let Some(effect) = point.intake.judge_again(store, aside, came, now)?
        {
            effects.push((number, effect));
        }
    }
    Ok(effects)
}
