//! What the bridge does in the store for what has arrived and what was done.

use time::OffsetDateTime;
use tokio::time::Instant;
use xt211_decision::Reason;
use xt211_store::{MeterKey, StoreError, Ticket, Transaction};

use super::{
    Bridge, clock,
    inbox::{Fate, decide},
};
use crate::{
    control::{self, Logged, MessageLog},
    influx::{News, Report},
    keeper::NotKept,
    metering_point::{Effect, Refusal},
    mqtt::Delivery,
    statistics::{Counted, Statistician},
};

impl Bridge {
    /// Whether there is something to be written down.
    pub(super) fn has_work(&self) -> bool {
        !self.inbox.is_empty()
            || self.report.is_some()
            || self.counted.is_some()
            || self.group.has_work()
    }

    /// Writes down what has arrived and what was forwarded, all at once; then, and not before,
    /// shows and acknowledges it.
    pub(super) fn keep(&mut self) -> anyhow::Result<()> {
        let now = OffsetDateTime::now_utc();
        self.clock.look(now, clock::running());
        let deliveries = self.inbox.take();
        let made = self.registry.made();
        let Self { keeper, registry, report, counted, subscriptions, places, group, .. } = self;
        let kept = keeper.write(|store| {
            // What is acknowledged is of a topic that the next start knows of.
            subscriptions.write(store)?;
            places.write(store)?;
            if let Some(Report { news, .. }) = report {
                write_down(news, store, now)?;
            }
            if let Some(counted) = counted {
                write_down_counted(counted, store)?;
            }
            let learnt = group.write(registry, store, now)?;
            let fates = deliveries.iter().map(|delivery| decide(registry, store, delivery, now));
            Ok((fates.collect::<Result<Vec<_>, _>>()?, learnt))
        });
        match kept {
            Ok((fates, learnt)) => {
                // What waits of a meter that is new here may have to be counted.
                self.has_looked &= self.registry.made() == made;
                self.subscriptions.written();
                self.places.written();
                if let Some(report) = self.report.take() {
                    self.note(&report.news, now);
                    report.confirm();
                }
                if let Some(counted) = self.counted.take() {
                    counted.confirm();
                }
                self.group.written();
                for (number, effect) in &learnt {
                    self.show_effect(*number, effect);
                }
                self.log(&deliveries, &fates, now);
                for (delivery, fate) in deliveries.iter().zip(fates) {
                    self.show(delivery, fate);
                }
                if self.registry.made() != made {
                    self.hear_of_unheard();
                }
                self.note_conditions();
                self.note_revision();
                Delivery::acknowledge(deliveries);
                Ok(())
            }
            Err(reason) => {
                self.inbox.put_back(deliveries);
                self.not_kept(&reason)
            }
        }
    }

    /// The forwarder has found the store damaged.
    pub(super) fn begin_anew(&mut self, error: &StoreError) -> anyhow::Result<()> {
        let reason = self.keeper.begin_anew(error);
        self.not_kept(&reason)
    }

    /// What was decided is not in the store, and so is to be decided anew.
    pub(super) fn not_kept(&mut self, reason: &NotKept) -> anyhow::Result<()> {
        self.registry.forget();
        // What was asked for has to be looked for again, and what was forgotten to be counted.
        self.has_looked = false;
        if let NotKept::Anew = reason {
            // What it refers to is gone.
            (self.report, self.counted) = (None, None);
            (self.forwarder, self.statistician) = (None, None);
            self.has_remembered = false;
            self.subscriptions.begin_anew();
            self.places.begin_anew();
            self.remember()?;
        }
        self.note_conditions();
        Ok(())
    }

    /// Has those who look on see what became of messages.
    fn log(&self, deliveries: &[Delivery], fates: &[Fate<'_>], now: OffsetDateTime) {
        let mut log = self.board.messages();
        let older = fates.len().saturating_sub(MessageLog::CAPACITY);
        log.pass_over(older);
        for (delivery, fate) in deliveries.iter().zip(fates).skip(older) {
            let fate = match fate {
                Fate::Nobodys => control::Fate::Nobodys,
                Fate::Strangers(refusal) => control::Fate::Strangers(refusal.as_slice()),
                Fate::Meters(number, effect) => control::Fate::Meters {
                    id: self.registry.get(*number).map_or("", |point| point.id().as_str()),
                    records: effect.records,
                    refusals: &effect.refusals,
                },
            };
            let Delivery { topic, payload, .. } = delivery;
            log.push(&Logged { topic, payload, fate }, now);
        }
    }

    fn show(&mut self, delivery: &Delivery, fate: Fate<'_>) {
        let topic = &delivery.topic;
        match fate {
            Fate::Nobodys => tracing::debug!(topic, "not a topic of ours"),
            Fate::Strangers(refusal) => {
                self.tally.set_aside += 1;
                log_refusals(delivery, refusal.as_slice());
            }
            Fate::Meters(number, effect) => {
                log_refusals(delivery, &effect.refusals);
                let code = Reason::InTheFuture(OffsetDateTime::UNIX_EPOCH).code();
                if effect.refusals.iter().any(|refusal| refusal.code == code) {
                    self.clock.doubt();
                }
                if effect.records > 0 {
                    if self.tally.accepted == 0 {
                        tracing::info!(topic, "the first message since the start is kept");
                    }
                    tracing::debug!(topic, "accepted");
                    self.tally.accepted += 1;
                } else if effect.refusals.is_empty() {
                    tracing::debug!(topic, "says nothing new that is kept");
                    self.tally.passed_over += 1;
                }
                self.tally.set_aside += u64::from(!effect.refusals.is_empty());
                if let Some(point) = self.registry.get_mut(number) {
                    point.heard(Instant::now().into_std());
                }
                self.show_effect(number, &effect);
            }
        }
    }

    pub(super) fn show_effect(&mut self, number: usize, effect: &Effect<'_>) {
        let Some(point) = self.registry.get_mut(number) else { return };
        point.show(effect);
        if effect.released > 0 {
            let id = point.id();
            tracing::info!(%id, "{} readings that were set aside are accepted", effect.released);
        }
        if let Some(forwarder) = &mut self.forwarder
            && effect.records > 0
        {
            point.presence.counts.waiting += effect.records;
            forwarder.wake_for(effect.records);
        }
        if effect.records > 0 {
            self.statistician.iter().for_each(Statistician::wake);
        }
        if self.announcer.is_some() {
            self.bursts.note(number, Instant::now());
        }
    }

    /// Takes note of what was forwarded, once that is written down.
    fn note(&mut self, news: &News, now: OffsetDateTime) {
        match news {
            News::Forwarded(tickets) | News::PassedOver(tickets) => {
                let is_success = matches!(news, News::Forwarded(_));
                for (_, meter) in tickets {
                    if let Some(point) = self.registry.find_mut(*meter) {
                        let counts = &mut point.presence.counts;
                        counts.waiting = counts.waiting.saturating_sub(1);
                        if is_success {
                            counts.last_success = Some(now);
                        }
                    }
                }
            }
            News::Refused { meter, .. } => {
                if let Some(point) = self.registry.find_mut(*meter) {
                    let counts = &mut point.presence.counts;
                    counts.waiting = counts.waiting.saturating_sub(1);
                    counts.set_aside += 1;
                }
            }
        }
    }
}

fn just_tickets(tickets: &[(Ticket, MeterKey)]) -> Vec<Ticket> {
    tickets.iter().map(|(ticket, _)| *ticket).collect()
}

fn log_refusals(delivery: &Delivery, refusals: &[Refusal]) {
    let (topic, bytes) = (&delivery.topic, delivery.payload.len());
    for refusal in refusals {
        tracing::warn!(topic, bytes, "set aside: {refusal}");
    }
}

fn write_down(
    news: &News,
    store: &mut Transaction<'_>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    match news {
        News::Forwarded(tickets) => store.forwarded(&just_tickets(tickets), Some(now)),
        News::PassedOver(tickets) => store.forwarded(&just_tickets(tickets), None),
        News::Refused { ticket, line, code, reason, .. } => {
            let refusal = xt211_store::Refusal { at: now, topic: "", code, reason, line };
            store.refuse(*ticket, &refusal).map(drop)
        }
    }
}

fn write_down_counted(counted: &Counted, store: &mut Transaction<'_>) -> Result<(), StoreError> {
    store.add_statistics(counted.up_to, &counted.hours)?;
    counted.lost.iter().try_for_each(|(meter, code)| store.forget_statistics(*meter, *code))
}
