//! The task that empties the outbox.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::{JoinHandle, block_in_place},
};
use xt211_store::{MeterKey, Reader, Record, StoreError, StoredMeter, Ticket};

use super::{Condition, Failure, InfluxClient, LineMaker};
use crate::{backoff::Backoff, config::Config};

/// How many records are written at once.
const BATCH: usize = 1_000;

/// Forwards what waits in the store, oldest first, until it is dropped. It only reads there: what
/// has become of it, it reports.
pub(crate) struct Forwarder {
    condition: watch::Receiver<Condition>,
    arrived: Arc<Notify>,
    reports: mpsc::Receiver<Report>,
    task: JoinHandle<()>,
}

/// What is to be written down, and then confirmed: until it is, nothing else is forwarded.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) news: News,
    done: oneshot::Sender<()>,
}

#[derive(Debug)]
pub(crate) enum News {
    /// These were taken.
    Forwarded(Vec<(Ticket, MeterKey)>),
    /// This one never will be.
    Refused {
        ticket: Ticket,
        meter: MeterKey,
        /// The line that it made.
        line: String,
        code: &'static str,
        reason: String,
    },
}

impl Report {
    /// It is written down.
    pub(crate) fn confirm(self) {
        // If the forwarder is gone, nobody waits for it.
        let _ = self.done.send(());
    }
}

impl Forwarder {
    /// Begins to forward; `None` if nothing is to be.
    ///
    /// # Errors
    ///
    /// A certificate that cannot be read.
    pub(crate) fn start(config: &Config, reader: Reader) -> anyhow::Result<Option<Self>> {
        let Some(influxdb) = &config.influxdb else { return Ok(None) };
        let (sender, condition) = watch::channel(Condition::Good);
        let (reporter, reports) = mpsc::channel(1);
        let arrived = Arc::<Notify>::default();
        let work = Work {
            client: InfluxClient::new(influxdb)?,
            lines: LineMaker::new(config),
            reader,
            arrived: Arc::clone(&arrived),
            condition: sender,
            reporter,
            batch: BATCH,
            backoff: Backoff::new(Duration::from_secs(1), LONGEST_WAIT),
            slow_backoff: Backoff::new(Duration::from_secs(10), LONGEST_WAIT),
        };
        Ok(Some(Self { condition, arrived, reports, task: tokio::spawn(work.run()) }))
    }

    /// Whether the last write succeeded.
    pub(crate) fn condition(&self) -> Condition {
        self.condition.borrow().clone()
    }

    /// Ends it, and waits until it has left the store.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        // It says that it was aborted.
        let _ = (&mut self.task).await;
    }

    /// There is something new to forward.
    pub(crate) fn wake(&self) {
        self.arrived.notify_one();
    }

    /// Waits for a sign; who stops waiting misses none. If the task has ended, there is none.
    pub(crate) async fn sign(&mut self, with_reports: bool) -> Sign {
        tokio::select! {
            Some(report) = self.reports.recv(), if with_reports => Sign::Report(report),
            Ok(()) = self.condition.changed() => Sign::Condition,
            else => std::future::pending().await,
        }
    }
}

/// What the forwarder has to say.
pub(crate) enum Sign {
    /// What it has done.
    Report(Report),
    /// InfluxDB begins or ceases to be in trouble.
    Condition,
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How long to wait at the most before the next try.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

struct Work {
    client: InfluxClient,
    lines: LineMaker,
    reader: Reader,
    arrived: Arc<Notify>,
    condition: watch::Sender<Condition>,
    reporter: mpsc::Sender<Report>,
    /// How many records to write at once: fewer while one of them is refused.
    batch: usize,
    backoff: Backoff,
    /// For when the configuration has to be changed first.
    slow_backoff: Backoff,
}

impl Work {
    async fn run(mut self) {
        loop {
            let (records, lines) = match block_in_place(|| self.read()) {
                Ok((records, _)) if records.is_empty() => {
                    self.arrived.notified().await;
                    continue;
                }
                Ok(found) => found,
                // The bridge finds out by itself what to do about it.
                Err(error) => {
                    self.wait(error.to_string(), |work| work.backoff.wait()).await;
                    continue;
                }
            };
            let answer =
                if lines.is_empty() { Ok(()) } else { self.client.write(lines.clone()).await };
            let go_on = match answer {
                Ok(()) => self.succeeded(&records).await,
                // One of them is bad; find it by halving.
                Err(Failure::Refused(_) | Failure::TooLarge) if records.len() > 1 => {
                    self.batch = records.len() / 2;
                    true
                }
                Err(Failure::Refused(reason)) => {
                    self.give_up(&records, lines, "influxdb.refused", reason).await
                }
                Err(Failure::TooLarge) => {
                    let reason = "InfluxDB finds it too large (413)".to_owned();
                    self.give_up(&records, lines, "influxdb.too_large", reason).await
                }
                Err(Failure::Passing(reason)) => {
                    self.wait(reason, |work| work.backoff.wait()).await;
                    true
                }
                Err(Failure::Denied(reason)) => {
                    // Nothing but one record to find out whether that has changed.
                    self.batch = 1;
                    self.wait(reason, |work| work.slow_backoff.wait()).await;
                    true
                }
            };
            if !go_on {
                return;
            }
        }
    }

    /// The oldest records, and their lines.
    fn read(&self) -> Result<(Vec<Record>, String), StoreError> {
        let records = self.reader.waiting(self.batch)?;
        let (mut lines, mut meters) = (String::new(), HashMap::<MeterKey, StoredMeter>::new());
        for record in &records {
            let meter = match meters.entry(record.meter) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => match self.reader.meter_of(record.meter)? {
                    Some(meter) => place.insert(meter),
                    // Cannot happen: a record refers to its meter.
                    None => continue,
                },
            };
            self.lines.append(&mut lines, record, (&*meter).into());
        }
        Ok((records, lines))
    }

    /// Returns whether anybody still wants to know, as do the others.
    async fn succeeded(&mut self, records: &[Record]) -> bool {
        self.batch = BATCH.min(self.batch.saturating_mul(2));
        self.answered();
        let tickets = records.iter().map(|record| (record.ticket, record.meter)).collect();
        self.report(News::Forwarded(tickets)).await
    }

    /// Gives up the only record, of which these are the lines.
    async fn give_up(
        &mut self,
        records: &[Record],
        lines: String,
        code: &'static str,
        reason: String,
    ) -> bool {
        self.answered();
        let Some(record) = records.first() else { return true };
        tracing::error!(lines = lines.trim_end(), "set aside: {reason}");
        let Record { ticket, meter, .. } = *record;
        let line = lines.trim_end().to_owned();
        self.report(News::Refused { ticket, meter, line, code, reason }).await
    }

    async fn report(&mut self, news: News) -> bool {
        let (done, is_done) = oneshot::channel();
        self.reporter.send(Report { news, done }).await.is_ok() && is_done.await.is_ok()
    }

    /// The server is there, whatever it says of a line.
    fn answered(&mut self) {
        self.backoff.reset();
        self.slow_backoff.reset();
        self.condition.send_if_modified(|condition| {
            let was_good = *condition == Condition::Good;
            if !was_good {
                tracing::info!("InfluxDB takes readings again");
                *condition = Condition::Good;
            }
            !was_good
        });
    }

    async fn wait(&mut self, reason: String, how_long: impl FnOnce(&mut Self) -> Duration) {
        self.condition.send_if_modified(|condition| {
            let news = condition.reason() != Some(&reason);
            if news {
                tracing::warn!("{reason}; trying again until it works");
                *condition = Condition::Trouble(reason.into());
            }
            news
        });
        tokio::time::sleep(how_long(self)).await;
    }
}
