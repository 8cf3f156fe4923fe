//! Since when a meter, or a register of it, counts anew.

use rusqlite::params;
use time::OffsetDateTime;
use xt211_obis::ObisCode;

use crate::{
    MeterKey, Queries, StoreError, Transaction,
    failure::Failure,
    instant::{from_nanoseconds, to_nanoseconds},
};

/// Since when something counts anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEra {
    /// What counts anew.
    pub what: EraOf,
    /// Since when, in UTC.
    pub since: OffsetDateTime,
}

/// What counts anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EraOf {
    /// A register, which was set back.
    Register(ObisCode),
    /// All of them: the meter is the one with this serial number.
    Meter(String),
}

impl Queries {
    /// Since when a meter and its registers count anew, by time.
    ///
    /// # Errors
    ///
    /// See [`Queries`].
    pub fn eras(&self, meter: MeterKey) -> Result<Vec<StoredEra>, StoreError> {
        self.ask(|connection| {
            let sql = "SELECT code, serial, since FROM era WHERE meter = ?1 ORDER BY since, rowid";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_and_then([meter.0], |row| {
                let what = match row.get::<_, Option<[u8; 6]>>(0)? {
                    Some([a, b, c, d, e, f]) => EraOf::Register(ObisCode::new(a, b, c, d, e, f)),
                    None => EraOf::Meter(row.get(1)?),
                };
                Ok(StoredEra { what, since: from_nanoseconds(row.get(2)?)? })
            })?;
            rows.collect()
        })
    }
}

impl Transaction<'_> {
    /// Replaces since when a meter and its registers count anew.
    ///
    /// # Errors
    ///
    /// See [`Transaction`].
    pub fn set_eras(&mut self, meter: MeterKey, eras: &[StoredEra]) -> Result<(), StoreError> {
        let times = self.change(|_| {
            let times = eras.iter().map(|era| to_nanoseconds(era.since));
            times.collect::<Result<Vec<_>, Failure>>()
        })?;
        self.change(|connection| {
            connection.prepare_cached("DELETE FROM era WHERE meter = ?1")?.execute([meter.0])?;
            let sql = "INSERT INTO era (meter, code, serial, since) VALUES (?1, ?2, ?3, ?4)";
            let mut statement = connection.prepare_cached(sql)?;
            for (StoredEra { what, .. }, since) in eras.iter().zip(times) {
                let (code, serial) = match what {
                    EraOf::Register(code) => (Some(groups(*code)), None),
                    EraOf::Meter(serial) => (None, Some(serial)),
                };
                statement.execute(params![meter.0, code, serial, since])?;
            }
            Ok(())
        })
    }
}

/// As codes are kept in columns.
pub(crate) const fn groups(code: ObisCode) -> [u8; 6] {
    [code.a(), code.b(), code.c(), code.d(), code.e(), code.f()]
}
