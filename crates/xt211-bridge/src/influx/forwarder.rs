//! The task that empties the outbox.

use std::{
    collections::{HashMap, hash_map::Entry},
    slice,
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::{JoinHandle, block_in_place},
    time::{Instant, sleep_until, timeout},
};
use xt211_store::{MeterKey, Reader, Record, StoreError, StoreErrorKind, StoredMeter, Ticket};
use xt211_web::Condition;

use super::{Failure, InfluxClient, LineMaker, Refusal, line_maker::Unreadable};
use crate::{backoff::Backoff, config::Config};

/// How many records are written at once.
const BATCH: usize = 1_000;

/// How long what arrives is gathered after a write, if that took all there was, and less than another
/// batch has come. So a steady trickle costs a request now and then, and not one for each message; a
/// first one is forwarded at once.
const GATHERING: Duration = Duration::from_millis(500);

/// How long the readings of a meter whose serial number is not known wait for it, where messages are
/// spread over several bridges: another one may have it, and tells it at the end of the burst. Without
/// that, the same reading would stand in two series if each of them got it once.
const INTRODUCTION: Duration = Duration::from_secs(20);

/// How many others are tried before a line is blamed on the server.
const MOST_WITNESSES: usize = 16;

/// Forwards what waits in the store, oldest first, until it is dropped. It only reads there: what
/// has become of it, it reports.
pub(crate) struct Forwarder {
    condition: watch::Receiver<Condition>,
    arrived: Arc<Notify>,
    /// There is a whole batch.
    enough: Arc<Notify>,
    /// How many records have arrived since that was last said.
    count: u64,
    signs: mpsc::Receiver<Sign>,
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
    /// These make no lines.
    PassedOver(Vec<(Ticket, MeterKey)>),
    /// This one never will be.
    Refused {
        ticket: Ticket,
        meter: MeterKey,
        /// The line that it made, if it could be read.
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
        let (signaller, signs) = mpsc::channel(1);
        let (arrived, enough) = (Arc::<Notify>::default(), Arc::<Notify>::default());
        let work = Work {
            client: InfluxClient::new(influxdb)?,
            lines: LineMaker::new(config),
            reader,
            arrived: Arc::clone(&arrived),
            enough: Arc::clone(&enough),
            condition: sender,
            signaller,
            is_shared: config.mqtt.share_name.is_some(),
            strangers: HashMap::new(),
            batch: BATCH,
            backoff: Backoff::new(Duration::from_secs(1), LONGEST_WAIT),
            slow_backoff: Backoff::new(Duration::from_secs(10), LONGEST_WAIT),
        };
        let task = tokio::spawn(work.run());
        Ok(Some(Self { condition, arrived, enough, count: 0, signs, task }))
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

    /// There are so many new records to forward.
    pub(crate) fn wake_for(&mut self, records: u64) {
        self.wake();
        self.count = self.count.saturating_add(records);
        if self.count >= BATCH as u64 {
            self.count = 0;
            self.enough.notify_one();
        }
    }

    /// Waits for a sign; who stops waiting misses none. If the task has ended, there is none.
    pub(crate) async fn sign(&mut self, with_reports: bool) -> Sign {
        tokio::select! {
            Some(sign) = self.signs.recv(), if with_reports => sign,
            Ok(()) = self.condition.changed() => Sign::Condition,
            else => std::future::pending().await,
        }
    }
}

/// What the forwarder has to say.
pub(crate) enum Sign {
    /// What it has done.
    Report(Report),
    /// The store is damaged. It has ended over that.
    Damaged(StoreError),
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
    enough: Arc<Notify>,
    condition: watch::Sender<Condition>,
    signaller: mpsc::Sender<Sign>,
    /// Whether other bridges may know more of a meter.
    is_shared: bool,
    /// Meters whose serial number is not known, and since when their readings have waited.
    strangers: HashMap<MeterKey, Instant>,
    /// How many records to write at once: fewer while one of them is refused.
    batch: usize,
    backoff: Backoff,
    /// For when the configuration has to be changed first.
    slow_backoff: Backoff,
}

/// What is next.
enum Next {
    Nothing,
    /// The oldest record is that of a stranger, and waits until then.
    Introduction(Instant),
    /// The oldest records, and their lines.
    Write(Vec<Record>, String),
    /// The oldest record cannot be read.
    Unreadable(Record, Unreadable),
}

impl Work {
    async fn run(mut self) {
        while self.go_on().await {}
    }

    /// Takes a step. Returns whether anybody still wants to know, as do the others.
    async fn go_on(&mut self) -> bool {
        match block_in_place(|| self.read()) {
            Ok(Next::Nothing) => {
                self.arrived.notified().await;
                true
            }
            Ok(Next::Introduction(end)) => {
                tokio::select! {
                    () = self.arrived.notified() => {}
                    () = sleep_until(end) => {}
                }
                true
            }
            Ok(Next::Write(records, lines)) => self.write(&records, lines).await,
            Ok(Next::Unreadable(record, error)) => {
                self.set_aside(&record, "", "store.unreadable", error.to_string()).await
            }
            Err(error) if error.kind() == StoreErrorKind::Damaged => {
                // Whoever may write does something about it, and begins to forward anew.
                let _ = self.signaller.send(Sign::Damaged(error)).await;
                false
            }
            Err(error) => {
                self.wait(error.to_string(), |work| work.backoff.wait()).await;
                true
            }
        }
    }

    /// The oldest records, up to one that cannot be read, or waits.
    fn read(&mut self) -> Result<Next, StoreError> {
        let (mut lines, mut meters) = (String::new(), HashMap::<MeterKey, StoredMeter>::new());
        let mut records = Vec::new();
        let mut introduction = None;
        for record in self.reader.waiting(self.batch)? {
            let meter = match meters.entry(record.meter) {
                Entry::Occupied(known) => Some(known.into_mut()),
                Entry::Vacant(place) => {
                    self.reader.meter_of(record.meter)?.map(|meter| place.insert(meter))
                }
            };
            let stranger = meter.as_deref().filter(|meter| {
                self.is_shared && self.lines.lacks_serial(&record, (*meter).into())
            });
            if stranger.is_some() {
                let since = *self.strangers.entry(record.meter).or_insert_with(Instant::now);
                let end = since + INTRODUCTION;
                if end > Instant::now() {
                    introduction.get_or_insert(end);
                }
            }
            // Those behind it are looked at so that strangers among them wait together.
            if introduction.is_some() {
                continue;
            }
            // There is its meter, unless the disk has changed that.
            let line = meter
                .ok_or_else(|| Unreadable::new(&record, &[]))
                .and_then(|meter| self.lines.append(&mut lines, &record, (&*meter).into()));
            match line {
                Ok(()) => records.push(record),
                Err(error) if records.is_empty() => return Ok(Next::Unreadable(record, error)),
                Err(_) => break,
            }
        }
        Ok(match introduction {
            _ if !records.is_empty() => Next::Write(records, lines),
            Some(end) => Next::Introduction(end),
            None => Next::Nothing,
        })
    }

    async fn write(&mut self, records: &[Record], lines: String) -> bool {
        if lines.is_empty() {
            return self.report(News::PassedOver(tickets(records))).await;
        }
        match self.client.write(lines.clone()).await {
            Ok(()) => self.succeeded(records).await,
            Err(Failure::Refused(refusal)) => match records {
                [record] => self.give_up(record, &lines, refusal).await,
                // One of them is bad; find it by halving.
                _ => {
                    self.batch = records.len() / 2;
                    true
                }
            },
            Err(Failure::Passing(reason)) => {
                self.wait(reason, |work| work.backoff.wait()).await;
                true
            }
            Err(Failure::Denied(reason)) => {
                self.denied(reason).await;
                true
            }
        }
    }

    async fn succeeded(&mut self, records: &[Record]) -> bool {
        let were_all = records.len() < self.batch;
        self.batch = BATCH.min(self.batch.saturating_mul(2));
        self.answered();
        let goes_on = self.report(News::Forwarded(tickets(records))).await;
        if were_all {
            // Nothing else has to be known of it than that it is over.
            let _ = timeout(GATHERING, self.enough.notified()).await;
        }
        goes_on
    }

    /// Gives a record up, which makes this line; if it is to blame.
    async fn give_up(&mut self, record: &Record, line: &str, refusal: Refusal) -> bool {
        let Refusal { code, reason, is_influxdbs } = refusal;
        if is_influxdbs {
            return self.set_aside(record, line, code, reason).await;
        }
        if !self.takes_another(record).await {
            self.denied(format!("{reason}; it takes no other line either: check influxdb.url"))
                .await;
            return true;
        }
        // It takes lines, perhaps only since a moment ago: this one has not had its chance then.
        match self.client.write(line.to_owned()).await {
            Err(Failure::Refused(Refusal { code, reason, .. })) => {
                self.set_aside(record, line, code, reason).await
            }
            Ok(()) => self.succeeded(slice::from_ref(record)).await,
            // It is its turn once more.
            Err(_) => true,
        }
    }

    /// Whether there is a record that the server takes. Tries the newest one, and some by chance.
    async fn takes_another(&mut self, refused: &Record) -> bool {
        let mut lines = block_in_place(|| self.other_lines(refused)).unwrap_or_default();
        fastrand::shuffle(lines.get_mut(1..).unwrap_or_default());
        for line in lines.into_iter().take(MOST_WITNESSES) {
            // It is written once more when it is its turn, which changes nothing.
            if self.client.write(line).await.is_ok() {
                return true;
            }
        }
        false
    }

    /// The lines of other records, the newest first.
    fn other_lines(&self, refused: &Record) -> Result<Vec<String>, StoreError> {
        let waiting = self.reader.newest_waiting()?.into_iter().chain(self.reader.waiting(BATCH)?);
        let mut lines = Vec::new();
        for record in waiting.filter(|record| record.ticket != refused.ticket) {
            let Some(meter) = self.reader.meter_of(record.meter)? else { continue };
            if self.is_shared && self.lines.lacks_serial(&record, (&meter).into()) {
                continue;
            }
            let mut line = String::new();
            if self.lines.append(&mut line, &record, (&meter).into()).is_ok() && !line.is_empty() {
                lines.push(line);
            }
        }
        Ok(lines)
    }

    async fn set_aside(
        &mut self,
        record: &Record,
        line: &str,
        code: &'static str,
        reason: String,
    ) -> bool {
        let Record { ticket, meter, .. } = *record;
        self.answered();
        let line = line.trim_end().to_owned();
        tracing::error!(line, "set aside: {reason}");
        self.report(News::Refused { ticket, meter, line, code, reason }).await
    }

    async fn report(&mut self, news: News) -> bool {
        let (done, is_done) = oneshot::channel();
        self.signaller.send(Sign::Report(Report { news, done })).await.is_ok()
            && is_done.await.is_ok()
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

    /// Nothing is taken from us until the configuration is changed; one record is enough to find out
    /// whether it was.
    async fn denied(&mut self, reason: String) {
        self.batch = 1;
        self.wait(reason, |work| work.slow_backoff.wait()).await;
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

fn tickets(records: &[Record]) -> Vec<(Ticket, MeterKey)> {
    records.iter().map(|record| (record.ticket, record.meter)).collect()
}
