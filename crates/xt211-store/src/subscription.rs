//! What brokers were asked for.
//!
//! A broker keeps messages for a client that is away, and goes on to deliver what it was once asked
//! for. Whoever changes what is asked for has to know what that was: to end it, and to know whose it
//! is that still comes.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Row, params};

use crate::{
    Queries, StoreError, Transaction,
    failure::Failure,
    record::{some_text_of, text_of},
};

/// What a broker was asked for, for one meter; or for many, if there is a `+` in the topics.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// The meter's id, unless a `+` in the topics stands for it.
    pub meter: String,
    /// Where its readings come from.
    pub data_topic: String,
    /// Where its module's state comes from.
    pub status_topic: String,
    /// Where its battery's state comes from, if from a topic of its own.
    pub battery_topic: Option<String>,
    /// The name of the time zone for times that come without one.
    pub timezone: String,
    /// The most that can flow through it, in kW.
    pub max_power_kw: f64,
}

impl Subscription {
    /// The topics, or patterns of topics.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        let Self { data_topic, status_topic, battery_topic, .. } = self;
        [data_topic, status_topic].into_iter().chain(battery_topic).map(String::as_str)
    }
}

/// Who was asked, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The broker's address.
    pub broker: String,
    /// The name under which it keeps messages.
    pub client: String,
}

/// Whether a subscription still holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionState {
    /// It is wanted.
    Wanted,
    /// It is not wanted any more, and the broker was not told so.
    Former,
    /// The broker was told so. It may still have messages of before.
    Unsubscribed,
}

/// A subscription as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSubscription {
    /// Who was asked.
    pub session: Session,
    /// What for.
    pub subscription: Subscription,
    /// Whether it still holds.
    pub state: SubscriptionState,
}

impl Queries {
    /// What brokers were ever asked for, the newest first.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn subscriptions(&self) -> Result<Vec<StoredSubscription>, StoreError> {
        self.ask(|connection| Ok(rows(connection)?.into_iter().map(|(_, row)| row).collect()))
    }
}

impl Transaction<'_> {
    /// Notes that a broker is asked for these, and no broker for anything else any more. To be called
    /// before it is. A former subscription is forgotten if all its topics are wanted again, by whichever
    /// meter: what comes there is its meter's no more.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn subscribe(
        &mut self,
        session: &Session,
        wanted: &[Subscription],
    ) -> Result<(), StoreError> {
        let topics: BTreeSet<_> = wanted.iter().flat_map(Subscription::topics).collect();
        // No two of them share a topic.
        let mut missing: BTreeMap<_, _> =
            wanted.iter().map(|one| (one.data_topic.as_str(), one)).collect();
        self.change(|connection| {
            let known = rows(connection)?.into_iter().filter(|(_, row)| row.session == *session);
            for (id, StoredSubscription { subscription, state, .. }) in known {
                let is_wanted =
                    missing.get(subscription.data_topic.as_str()) == Some(&&subscription);
                if state == SubscriptionState::Wanted && is_wanted {
                    missing.remove(subscription.data_topic.as_str());
                } else if subscription.topics().all(|topic| topics.contains(topic)) {
                    delete(connection, id)?;
                } else if state == SubscriptionState::Wanted {
                    set_state(connection, id, SubscriptionState::Former)?;
                }
            }
            let sql = "UPDATE subscription SET state = ?3
                       WHERE (broker <> ?1 OR client <> ?2) AND state = ?4";
            let [after, before] =
                [SubscriptionState::Former, SubscriptionState::Wanted].map(number_of);
            let row = params![session.broker, session.client, after, before];
            connection.prepare_cached(sql)?.execute(row)?;
            missing.values().try_for_each(|subscription| {
                insert(connection, session, subscription, SubscriptionState::Wanted)
            })
        })
    }

    /// Takes over what another database knows, oldest first.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn add_subscriptions(&mut self, all: &[StoredSubscription]) -> Result<(), StoreError> {
        self.change(|connection| {
            all.iter().try_for_each(|StoredSubscription { session, subscription, state }| {
                insert(connection, session, subscription, *state)
            })
        })
    }

    /// Notes that the broker was told that its former subscriptions are not wanted any more.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn unsubscribed(&mut self, session: &Session) -> Result<(), StoreError> {
        let Session { broker, client } = session;
        self.change(|connection| {
            let sql = "UPDATE subscription SET state = ?3
                       WHERE broker = ?1 AND client = ?2 AND state = ?4";
            let states = [SubscriptionState::Unsubscribed, SubscriptionState::Former];
            let [after, before] = states.map(number_of);
            let row = params![broker, client, after, before];
            connection.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
    }

    /// Forgets what a broker was asked for formerly: it has nothing for us from before.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn forget_subscriptions(&mut self, session: &Session) -> Result<(), StoreError> {
        let Session { broker, client } = session;
        self.change(|connection| {
            let sql = "DELETE FROM subscription WHERE broker = ?1 AND client = ?2 AND state <> ?3";
            let row = params![broker, client, number_of(SubscriptionState::Wanted)];
            connection.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
    }
}

/// All of them, by their numbers, the newest first.
fn rows(connection: &Connection) -> Result<Vec<(i64, StoredSubscription)>, Failure> {
    let sql = "SELECT id, broker, client, meter, data_topic, status_topic, battery_topic, timezone,
               max_power_kw, state FROM subscription ORDER BY id DESC";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_and_then((), |row| Ok((row.get(0)?, from_row(row)?)))?.collect()
}

fn from_row(row: &Row<'_>) -> Result<StoredSubscription, Failure> {
    Ok(StoredSubscription {
        session: Session { broker: text_of(row, 1)?, client: text_of(row, 2)? },
        subscription: Subscription {
            meter: text_of(row, 3)?,
            data_topic: text_of(row, 4)?,
            status_topic: text_of(row, 5)?,
            battery_topic: some_text_of(row, 6)?,
            timezone: text_of(row, 7)?,
            max_power_kw: row.get(8)?,
        },
        state: match row.get(9)? {
            0 => SubscriptionState::Wanted,
            1 => SubscriptionState::Former,
            2 => SubscriptionState::Unsubscribed,
            other => {
                let detail = format!("a subscription of state {other}");
                return Err(Failure::Damaged(detail));
            }
        },
    })
}

const fn number_of(state: SubscriptionState) -> i64 {
    match state {
        SubscriptionState::Wanted => 0,
        SubscriptionState::Former => 1,
        SubscriptionState::Unsubscribed => 2,
    }
}

fn insert(
    connection: &Connection,
    session: &Session,
    subscription: &Subscription,
    state: SubscriptionState,
) -> Result<(), Failure> {
    let sql = "INSERT INTO subscription (broker, client, meter, data_topic, status_topic,
               battery_topic, timezone, max_power_kw, state)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let Session { broker, client } = session;
    let Subscription { meter, data_topic, status_topic, battery_topic, timezone, max_power_kw } =
        subscription;
    let row = params![
        broker,
        client,
        meter,
        data_topic,
        status_topic,
        battery_topic,
        timezone,
        max_power_kw,
        number_of(state)
    ];
    connection.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

fn set_state(connection: &Connection, id: i64, state: SubscriptionState) -> Result<(), Failure> {
    let sql = "UPDATE subscription SET state = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute([id, number_of(state)])?;
    Ok(())
}

fn delete(connection: &Connection, id: i64) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM subscription WHERE id = ?1")?.execute([id])?;
    Ok(())
}
