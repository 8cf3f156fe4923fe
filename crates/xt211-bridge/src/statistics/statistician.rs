//! The task that tells Home Assistant what was used in which hour.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
    sync::Arc,
    time::Duration,
};

use time::{Duration as Span, OffsetDateTime};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::{JoinHandle, block_in_place},
};
use xt211_decision::{BEGINNING, END, Eras, Point};
use xt211_homeassistant::{Language, MeterId, Statistic, StatisticHour};
use xt211_message::Value;
use xt211_obis::ObisCode;
use xt211_store::{
    Content, MeterKey, Queries, Reader, Record, Sequence, StoreError, StoredHour, StoredMeter,
};
use xt211_web::Condition;

use super::{
    Client, Trouble,
    client::Period,
    hours::{Before, Hours, hour_of},
};
use crate::{
    backoff::Backoff,
    config::{self, Config},
    metering_point::restored_era,
    routes::Routes,
};

/// How many records are looked at at once.
const BATCH: usize = 2_000;

/// How many hours are sent at once.
const MOST_HOURS: usize = 1_000;

/// How long to wait for what arrives with the first news: a module sends its whole queue.
const GATHER: Duration = Duration::from_secs(10);

/// How often to look whether Home Assistant has written down what it was sent, and how long to wait
/// in between.
const LOOKS: usize = 40;
const LOOK: Duration = Duration::from_millis(500);

/// Tells Home Assistant until it is dropped. It only reads in the store: what it has done, it
/// reports.
pub(crate) struct Statistician {
    condition: watch::Receiver<Condition>,
    arrived: Arc<Notify>,
    reports: mpsc::Receiver<Counted>,
    task: JoinHandle<()>,
}

/// What is to be written down, and then confirmed: until it is, nothing else is told.
#[derive(Debug)]
pub(crate) struct Counted {
    /// Up to which record all is told.
    pub(crate) up_to: Sequence,
    /// What Home Assistant now has.
    pub(crate) hours: Vec<(MeterKey, ObisCode, StoredHour)>,
    /// Of which it has nothing, although it was told before.
    pub(crate) lost: Vec<(MeterKey, ObisCode)>,
    done: oneshot::Sender<()>,
}

/// What the statistician has to tell.
pub(crate) enum Told {
    /// What it has done.
    Counted(Counted),
    /// Home Assistant begins or ceases to be in trouble.
    Condition,
}

impl Counted {
    /// It is written down.
    pub(crate) fn confirm(self) {
        // If nobody waits for it, nobody needs to know.
        let _ = self.done.send(());
    }
}

impl Statistician {
    /// Begins to tell; `None` if nothing is to be.
    pub(crate) fn start(config: &Config, reader: Reader) -> Option<Self> {
        let homeassistant = config.homeassistant.as_ref()?;
        let statistics = homeassistant.statistics.clone()?;
        let (sender, condition) = watch::channel(Condition::Good);
        let (reporter, reports) = mpsc::channel(1);
        let arrived = Arc::<Notify>::default();
        let work = Work {
            statistics,
            names: Names::new(config, homeassistant.language),
            reader,
            arrived: Arc::clone(&arrived),
            reporter,
            client: None,
            condition: sender,
            backoff: Backoff::new(Duration::from_secs(5), Duration::from_secs(300)),
        };
        Some(Self { condition, arrived, reports, task: tokio::spawn(work.run()) })
    }

    /// Whether Home Assistant took what it was last told.
    pub(crate) fn condition(&self) -> Condition {
        self.condition.borrow().clone()
    }

    /// There may be something new to tell.
    pub(crate) fn wake(&self) {
        self.arrived.notify_one();
    }

    /// Waits for what it has to tell; who stops waiting misses nothing. If the task has ended,
    /// there is nothing.
    pub(crate) async fn told(&mut self, with_reports: bool) -> Told {
        tokio::select! {
            Some(report) = self.reports.recv(), if with_reports => Told::Counted(report),
            Ok(()) = self.condition.changed() => Told::Condition,
            else => std::future::pending().await,
        }
    }

    /// Ends it, and waits until it has left the store.
    pub(crate) async fn stop(mut self) {
        self.task.abort();
        // It says that it was aborted.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Statistician {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Work {
    statistics: config::Statistics,
    names: Names,
    reader: Reader,
    arrived: Arc<Notify>,
    reporter: mpsc::Sender<Counted>,
    client: Option<Client>,
    condition: watch::Sender<Condition>,
    backoff: Backoff,
}

/// Why a step was not taken.
#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error(transparent)]
    Trouble(#[from] Trouble),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody wants to know any more.
    #[error("the bridge has ended")]
    Ended,
}

/// Of which span of time a meter has new readings, and of which totals.
struct Touched {
    first: OffsetDateTime,
    last: OffsetDateTime,
    codes: BTreeSet<ObisCode>,
}

/// A total, and what the statistics have of it.
struct Total {
    code: ObisCode,
    statistic: Statistic,
    before: Before,
}

impl Work {
    async fn run(mut self) {
        loop {
            match self.step().await {
                Ok(true) => {
                    self.backoff.reset();
                    if self.is_good_again() {
                        tracing::info!("Home Assistant takes statistics again");
                    }
                }
                Ok(false) => {
                    self.arrived.notified().await;
                    tokio::time::sleep(GATHER).await;
                }
                Err(StepError::Ended) => return,
                Err(error) => self.wait(&error).await,
            }
        }
    }

    fn is_good_again(&self) -> bool {
        self.condition.send_if_modified(|condition| {
            let was_bad = *condition != Condition::Good;
            *condition = Condition::Good;
            was_bad
        })
    }

    /// Tells what is in the next records. Returns whether there were any.
    async fn step(&mut self) -> Result<bool, StepError> {
        let records =
            block_in_place(|| self.reader.records_after(self.reader.statistics_cursor()?, BATCH))?;
        let Some(last) = records.last() else { return Ok(false) };
        let up_to = last.ticket.sequence();
        let (mut all, mut lost) = (Vec::new(), Vec::new());
        for (key, touched) in touched(&records) {
            let Some(meter) = self.reader.meter_of(key)? else { continue };
            let mut totals = Vec::new();
            for code in &touched.codes {
                let Some(statistic) = self.names.statistic(&meter, *code) else { continue };
                let before = match self.reader.hour_before(key, *code, touched.first)? {
                    None => match self.told(&statistic, touched.first).await? {
                        Some(told) => Before::Told(told),
                        None => Before::Nothing,
                    },
                    Some(hour) => match self.confirmed(&statistic, hour).await? {
                        Some(hour) => Before::Known(hour),
                        None => {
                            lost.push((key, *code));
                            continue;
                        }
                    },
                };
                totals.push(Total { code: *code, statistic, before });
            }
            let counted = block_in_place(|| count(&self.reader, key, &touched, &totals))?;
            for (Total { code, statistic, .. }, hours) in totals.iter().zip(counted) {
                self.tell(statistic, &hours).await?;
                all.extend(hours.into_iter().map(|hour| (key, *code, hour)));
            }
        }
        self.report(up_to, all, lost).await?;
        Ok(true)
    }

    async fn client(&mut self) -> Result<&mut Client, Trouble> {
        let client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(&self.statistics).await?,
        };
        Ok(self.client.insert(client))
    }

    /// An hour that Home Assistant was told, with the sum that it has now: its user may have put it
    /// right. `None` if it is not there any more.
    async fn confirmed(
        &mut self,
        statistic: &Statistic,
        hour: StoredHour,
    ) -> Result<Option<StoredHour>, Trouble> {
        let start = hour_of(hour.time);
        let client = self.client().await?;
        let there = client.hours(statistic, start, start + Span::HOUR, Period::Hour).await?;
        Ok(there.first().map(|there| StoredHour { sum: there.sum, ..hour }))
    }

    /// What Home Assistant has of a total before an hour, if we have forgotten it.
    async fn told(
        &mut self,
        statistic: &Statistic,
        time: OffsetDateTime,
    ) -> Result<Option<StoredHour>, Trouble> {
        let client = self.client().await?;
        let until = hour_of(time);
        // The last of them may go on after that hour, so that there may be none before it in there.
        let months = client.hours(statistic, BEGINNING, until, Period::Month).await?;
        for month in months.iter().rev() {
            let hours = client.hours(statistic, month.start, until, Period::Hour).await?;
            if let Some(StatisticHour { start, state, sum }) = hours.last().copied() {
                return Ok(Some(StoredHour { time: start, value: state, sum }));
            }
        }
        Ok(None)
    }

    /// Writes hours over what Home Assistant has of them, and waits until they are there.
    async fn tell(&mut self, statistic: &Statistic, hours: &[StoredHour]) -> Result<(), Trouble> {
        let hours: Vec<_> = hours
            .iter()
            .map(|hour| StatisticHour {
                start: hour_of(hour.time),
                state: hour.value,
                sum: hour.sum,
            })
            .collect();
        let (Some(first), Some(last)) = (hours.first(), hours.last()) else { return Ok(()) };
        let client = self.client().await?;
        for hours in hours.chunks(MOST_HOURS) {
            client.import(statistic, hours).await?;
        }
        let (from, until) = (first.start, last.start + Span::HOUR);
        for _ in 0..LOOKS {
            let there = client.hours(statistic, from, until, Period::Hour).await?;
            if hours.iter().all(|hour| holds(&there, hour)) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(Trouble::Passing("Home Assistant does not write statistics down".into()))
    }

    async fn report(
        &mut self,
        up_to: Sequence,
        hours: Vec<(MeterKey, ObisCode, StoredHour)>,
        lost: Vec<(MeterKey, ObisCode)>,
    ) -> Result<(), StepError> {
        let (done, is_done) = oneshot::channel();
        let report = Counted { up_to, hours, lost, done };
        self.reporter.send(report).await.map_err(|_| StepError::Ended)?;
        is_done.await.map_err(|_| StepError::Ended)
    }

    async fn wait(&mut self, error: &StepError) {
        self.client = None;
        let reason = error.to_string();
        self.condition.send_if_modified(|condition| {
            let is_news = condition.reason() != Some(&reason);
            if is_news {
                tracing::warn!("{reason}; no statistics until it works");
                *condition = Condition::Trouble(reason.into());
            }
            is_news
        });
        tokio::time::sleep(self.backoff.wait()).await;
    }
}

/// Whether an hour is among those that are there, which are in order.
fn holds(there: &[StatisticHour], hour: &StatisticHour) -> bool {
    let place = there.binary_search_by_key(&hour.start, |there| there.start);
    let there = place.ok().and_then(|place| there.get(place));
    // Its database may be one that does not return each last bit.
    let is_same = |one: f64, other: f64| (one - other).abs() < 1e-9;
    there.is_some_and(|there| is_same(there.sum, hour.sum) && is_same(there.state, hour.state))
}

/// Which meters have new readings.
fn touched(records: &[Record]) -> BTreeMap<MeterKey, Touched> {
    let mut all = BTreeMap::<MeterKey, Touched>::new();
    for Record { meter, time, content, .. } in records {
        let Content::Reading(registers) = content else { continue };
        let codes = registers.iter().map(|register| register.code);
        let touched = all.entry(*meter).or_insert(Touched {
            first: *time,
            last: *time,
            codes: BTreeSet::new(),
        });
        touched.first = touched.first.min(*time);
        touched.last = touched.last.max(*time);
        touched.codes.extend(codes);
    }
    all
}

/// Counts the hours of totals, from the first that is touched on.
fn count(
    store: &Queries,
    meter: MeterKey,
    touched: &Touched,
    totals: &[Total],
) -> Result<Vec<Vec<StoredHour>>, StoreError> {
    let eras: Eras = store.eras(meter)?.into_iter().map(restored_era).collect();
    let mut last = touched.last;
    for Total { code, before, .. } in totals {
        // What comes later changes too, if it is not told by what it has in common with this.
        if !matches!(before, Before::Known(_)) || eras.change_after(*code, touched.first) {
            let told = store.hour_before(meter, *code, END)?;
            last = told.map_or(last, |told| last.max(told.time));
        }
    }
    let (from, end) = (hour_of(touched.first), hour_of(last) + Span::HOUR);
    let mut all: Vec<_> =
        totals.iter().map(|total| Hours::after(total.code, total.before)).collect();
    store.readings_after(meter, from - Span::NANOSECOND, &mut |time, registers| {
        if time >= end {
            return ControlFlow::Break(());
        }
        for (Total { code, .. }, hours) in totals.iter().zip(&mut all) {
            if let Some(Value::Number(value)) = registers.get(*code) {
                hours.push(&eras, Point { time, value: *value });
            }
        }
        ControlFlow::Continue(())
    })?;
    Ok(all.into_iter().map(Hours::finish).collect())
}

/// What the user calls meters.
struct Names {
    routes: Routes,
    meters: Vec<config::Meter>,
    language: Language,
}

impl Names {
    fn new(config: &Config, language: Language) -> Self {
        Self { routes: Routes::new(&config.meters), meters: config.meters.clone(), language }
    }

    /// The statistic of a register, if it is a total of energy of a meter that is configured.
    fn statistic(&self, meter: &StoredMeter, code: ObisCode) -> Option<Statistic> {
        let id: MeterId = meter.id.parse().ok()?;
        let named = self.meters.iter().find(|known| known.id == id && !known.is_wild());
        let name = match named {
            Some(named) => named.name.clone(),
            None => self.routes.find(meter.topic.as_deref()?)?.name(),
        };
        Statistic::of(&id, &name, code, self.language)
    }
}
