//! Where Home Assistant was told something.

use rusqlite::params;

use crate::{Queries, StoreError, Transaction, record::text_of};

/// Below which topics a broker keeps what Home Assistant was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The broker's address.
    pub broker: String,
    /// What the topics of devices begin with.
    pub discovery_prefix: String,
    /// What the topics of their states begin with.
    pub topic_prefix: String,
}

impl Queries {
    /// Wherever Home Assistant was told something that may be there still, in alphabetical order.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn announced(&self) -> Result<Vec<Announced>, StoreError> {
        self.ask(|connection| {
            let sql = "SELECT broker, discovery_prefix, topic_prefix FROM announcement
                       ORDER BY broker, discovery_prefix, topic_prefix";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_and_then((), |row| {
                Ok(Announced {
                    broker: text_of(row, 0)?,
                    discovery_prefix: text_of(row, 1)?,
                    topic_prefix: text_of(row, 2)?,
                })
            })?;
            rows.collect()
        })
    }
}

impl Transaction<'_> {
    /// Notes that Home Assistant is told something there. To be called before it is.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn add_announced(&mut self, announced: &Announced) -> Result<(), StoreError> {
        let Announced { broker, discovery_prefix, topic_prefix } = announced;
        self.change(|connection| {
            let sql = "INSERT OR IGNORE INTO announcement (broker, discovery_prefix, topic_prefix)
                       VALUES (?1, ?2, ?3)";
            let row = params![broker, discovery_prefix, topic_prefix];
            connection.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
    }

    /// Notes that nothing of it is there any more.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn forget_announced(&mut self, announced: &Announced) -> Result<(), StoreError> {
        let Announced { broker, discovery_prefix, topic_prefix } = announced;
        self.change(|connection| {
            let sql = "DELETE FROM announcement
                       WHERE broker = ?1 AND discovery_prefix = ?2 AND topic_prefix = ?3";
            let row = params![broker, discovery_prefix, topic_prefix];
            connection.prepare_cached(sql)?.execute(row)?;
            Ok(())
        })
    }
}
