//! What was accepted so far, as far as a decision has to know it.

use time::OffsetDateTime;
use xt211_message::{Decimal, Registers};
use xt211_obis::ObisCode;

/// The value of a total at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// When it was read.
    pub time: OffsetDateTime,
    /// In the register's unit.
    pub value: Decimal,
}

/// The readings of one meter that were accepted.
pub trait History {
    /// Why it cannot be looked up.
    type Error;

    /// All registers that were accepted of that very time.
    ///
    /// # Errors
    ///
    /// It cannot be looked up.
    fn at(&self, time: OffsetDateTime) -> Result<Option<Registers<'static>>, Self::Error>;

    /// The time of the newest reading that is not after `limit`.
    ///
    /// # Errors
    ///
    /// It cannot be looked up.
    fn newest(&self, limit: OffsetDateTime) -> Result<Option<OffsetDateTime>, Self::Error>;

    /// The last value of a register before `time`.
    ///
    /// # Errors
    ///
    /// It cannot be looked up.
    fn before(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, Self::Error>;

    /// The first value of a register after `time`.
    ///
    /// # Errors
    ///
    /// It cannot be looked up.
    fn after(&self, code: ObisCode, time: OffsetDateTime) -> Result<Option<Point>, Self::Error>;
}
