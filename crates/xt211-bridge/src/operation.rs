//! The bridge in operation: from one configuration to the next, without losing a message.
//!
//! A new configuration gets a new bridge. The one before it keeps what has arrived, ends its session
//! and hands on the store. What comes in between is kept by the broker, and what was delivered and
//! not acknowledged is delivered again.

// They need a broker.
#[cfg(feature = "demo")]
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fs, future::Future, path::Path, pin::pin, sync::Arc};

use anyhow::Result;
use tokio::sync::{mpsc, oneshot};
use xt211_store::{Session, StoreError, StoredSubscription};

use crate::{
    bridge::Bridge,
    config::Config,
    control::{Board, Change, Control, set},
    influx::InfluxClient,
    keeper::{Keeper, NotKept},
    mqtt, tls,
};

/// The bridge in operation.
pub(crate) struct Operation {
    config: Arc<Config>,
    keeper: Keeper,
    board: Arc<Board>,
    control: Control,
    changes: mpsc::Receiver<Change>,
}

/// A configuration that can be applied.
struct Next {
    config: Arc<Config>,
    /// Its store, if it has another one.
    keeper: Option<Keeper>,
    answer: oneshot::Sender<Result<(), String>>,
}

impl Operation {
    /// Opens the store, or will try again to.
    ///
    /// # Errors
    ///
    /// Another bridge has it.
    pub(crate) fn new(config: Config) -> Result<Self, StoreError> {
        let keeper = Keeper::open(&config.store.path)?;
        let config = Arc::new(config);
        let board = Arc::new(Board::new(Arc::clone(&config)));
        let (control, changes) = Control::new(Arc::clone(&board));
        Ok(Self { config, keeper, board, control, changes })
    }

    /// The handle for others in this process.
    pub(crate) fn control(&self) -> Control {
        self.control.clone()
    }

    /// Bridges until asked to stop.
    ///
    /// # Errors
    ///
    /// A part of the program has ended by itself, which is a fault of the program; or what was found
    /// to be there is not any more, such as a certificate.
    pub(crate) async fn run(self, stop: impl Future<Output = ()>) -> Result<()> {
        let mut stop = pin!(stop);
        // As long as there is the control, there may be changes.
        let Self { mut config, mut keeper, board, control: _control, mut changes } = self;
        loop {
            board.note(|signs| set(&mut signs.store, keeper.condition()));
            let next = tokio::select! {
                () = &mut stop => return Ok(()),
                () = keeper.opened_in_time() => break,
                next = next(&mut changes, &config) => next,
            };
            // Nobody has used the store that could not be opened.
            keeper = next.keeper.unwrap_or(keeper);
            config = next.config;
            applied(&board, &config, next.answer);
        }
        let mut bridge = Bridge::start(Arc::clone(&config), keeper, Arc::clone(&board))?;
        loop {
            let until_done = async {
                tokio::select! {
                    () = &mut stop => None,
                    next = next(&mut changes, &config) => Some(next),
                }
            };
            let Some(next) = bridge.run(until_done).await? else {
                bridge.finish(true).await;
                return Ok(());
            };
            // Who comes back to the same broker at once is not away.
            let says_goodbye = !next.config.mqtt.is_same(&config.mqtt);
            let mut keeper = bridge.finish(says_goodbye).await;
            if let Some(mut other) = next.keeper {
                hand_on(&mut keeper, &mut other, config.influxdb.is_some());
                keeper = other;
            }
            config = next.config;
            bridge = Bridge::start(Arc::clone(&config), keeper, Arc::clone(&board))?;
            applied(&board, &config, next.answer);
        }
    }
}

/// Waits for a configuration that can be applied in the place of another one.
async fn next(changes: &mut mpsc::Receiver<Change>, now: &Config) -> Next {
    loop {
        let Some(Change { config, answer }) = changes.recv().await else {
            return std::future::pending().await;
        };
        match prepare(&config, now) {
            Ok(keeper) => return Next { config: Arc::new(config), keeper, answer },
            Err(error) => {
                // Who has stopped waiting does not want to know.
                let _ = answer.send(Err(format!("{error:#}")));
            }
        }
    }
}

/// Tries what can fail when a configuration is applied, and opens its store if that is another one.
fn prepare(config: &Config, now: &Config) -> Result<Option<Keeper>> {
    mqtt::options(&config.mqtt, None)?;
    config.influxdb.as_ref().map(InfluxClient::new).transpose()?;
    if let Some(statistics) = config.homeassistant.as_ref().and_then(|it| it.statistics.as_ref()) {
        tls::connector(&statistics.tls)?;
    }
    let is_same = is_same_file(&config.store.path, &now.store.path);
    let keeper = (!is_same).then(|| Keeper::open_now(&config.store.path)).transpose()?;
    Ok(keeper)
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    one == other || real(one).is_some_and(|one| real(other) == Some(one))
}

fn applied(board: &Board, config: &Arc<Config>, answer: oneshot::Sender<Result<(), String>>) {
    board.set_config(Arc::clone(config));
    tracing::info!("the new configuration is applied");
    // As above.
    let _ = answer.send(Ok(()));
}

/// Tells another store what brokers were asked for and keep for us, and says what stays behind.
fn hand_on(old: &mut Keeper, new: &mut Keeper, is_forwarding: bool) {
    let waiting = old.with_store(|store| {
        let waiting = store.waiting_counts()?.into_iter().map(|(_, count)| count).sum::<u64>();
        Ok((waiting, store.subscriptions()?, store.announced()?))
    });
    let Ok((waiting, mut subscriptions, announced)) = waiting else { return };
    let written = new.write(|store| {
        let there = store.subscriptions()?;
        let name = |one: &StoredSubscription| {
            let Session { broker, client } = one.session.clone();
            (broker, client, one.subscription.meter.clone(), one.subscription.data_topic.clone())
        };
        let there: BTreeSet<_> = there.iter().map(name).collect();
        subscriptions.retain(|one| !there.contains(&name(one)));
        subscriptions.reverse();
        store.add_subscriptions(&subscriptions)?;
        announced.iter().try_for_each(|place| store.add_announced(place))
    });
    let (old, new) = (old.path().display(), new.path().display());
    // The new one can be opened; who wants to go on all the same finds it in the log.
    if let Err(NotKept::ForNow | NotKept::Anew) = written {
        tracing::warn!("{new} does not know which topics were followed before");
    }
    tracing::info!("readings are kept in {new} from now on; those before stay in {old}");
    if is_forwarding && waiting > 0 {
        tracing::warn!(
            "{waiting} records in {old} wait for InfluxDB and are not in {new}: run the bridge with \
             that store.path once more until nothing waits"
        );
    }
}
