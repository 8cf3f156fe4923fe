//! What a module says of itself and of its battery.

use rusqlite::params;
use time::OffsetDateTime;

use crate::{
    Content, MeterKey, Queries, Record, Sequence, StoreError, Transaction,
    instant::to_nanoseconds,
    record::{COLUMNS, Columns, STATE},
};

impl Queries {
    /// The last so many messages of a module about itself or its battery, in the order of their
    /// own time, as they came.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn last_states(&self, meter: MeterKey, limit: usize) -> Result<Vec<Vec<u8>>, StoreError> {
        self.ask(|connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM record WHERE meter = ?1 AND kind = 1
                 ORDER BY time DESC, sequence DESC LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let row = params![meter.0, i64::try_from(limit).unwrap_or(i64::MAX)];
            let records = statement.query_and_then(row, Record::from_row)?;
            let mut states = Vec::new();
            for record in records {
                if let Content::State(message) = record?.content {
                    states.push(message);
                }
            }
            states.reverse();
            Ok(states)
        })
    }
}

impl Transaction<'_> {
    /// Keeps a module's message about itself or its battery, as it came, and puts it into the
    /// outbox. `None` if the very same is there already.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn append_state(
        &mut self,
        meter: MeterKey,
        time: OffsetDateTime,
        message: &[u8],
    ) -> Result<Option<Sequence>, StoreError> {
        let time = self.change(|_| to_nanoseconds(time))?;
        let is_there = self.change(|connection| {
            let sql = "SELECT 1 FROM record
                       WHERE meter = ?1 AND kind = 1 AND time = ?2 AND content = ?3";
            Ok(connection.prepare_cached(sql)?.exists(params![meter.0, time, message])?)
        })?;
        if is_there {
            return Ok(None);
        }
        let sequence = self.next_sequence()?;
        let row = Columns { meter, kind: STATE, time, content: message, serial: None };
        self.change(|connection| row.insert(connection, sequence)).map(Some)
    }
}
