//! What a module says of itself and of its battery.

use rusqlite::params;
use time::OffsetDateTime;

use crate::{
    MeterKey, Sequence, StoreError, Transaction,
    instant::to_nanoseconds,
    record::{Columns, STATE},
};

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
