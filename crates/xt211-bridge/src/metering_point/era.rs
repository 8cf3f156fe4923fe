//! Eras as the store keeps them.

use xt211_store::{EraOf, StoredEra};

use crate::decision::Era;

impl From<StoredEra> for Era {
    fn from(StoredEra { what, since: start }: StoredEra) -> Self {
        match what {
            EraOf::Register(code) => Self::Total { code, start },
            EraOf::Meter(serial) => Self::Serial { serial: serial.into(), start },
        }
    }
}

impl From<Era> for StoredEra {
    fn from(era: Era) -> Self {
        match era {
            Era::Total { code, start } => Self { what: EraOf::Register(code), since: start },
            Era::Serial { serial, start } => {
                Self { what: EraOf::Meter(serial.into()), since: start }
            }
        }
    }
}
