//! Eras as the store keeps them.

use xt211_decision::Era;
use xt211_store::{EraOf, StoredEra};

/// An era that the store has kept.
pub(crate) fn restored_era(StoredEra { what, since: start }: StoredEra) -> Era {
    match what {
        EraOf::Register(code) => Era::Total { code, start },
        EraOf::Meter(serial) => Era::Serial { serial: serial.into(), start },
    }
}

/// An era for the store to keep.
pub(super) fn stored_era(era: Era) -> StoredEra {
    match era {
        Era::Total { code, start } => StoredEra { what: EraOf::Register(code), since: start },
        Era::Serial { serial, start } => {
            StoredEra { what: EraOf::Meter(serial.into()), since: start }
        }
    }
}
