//! How the bridge does, as the page sees it.

use xt211_web::{DatabaseSign, StoreSign};

use crate::influx::Condition;

/// Sets one of the vital signs. Returns whether it was another one.
pub(crate) fn set<T: PartialEq>(sign: &mut T, now: impl Into<T>) -> bool {
    let now = now.into();
    let is_news = *sign != now;
    *sign = now;
    is_news
}

impl From<Condition> for DatabaseSign {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Off => Self::Off,
            Condition::Good => Self::Good,
            Condition::Trouble(reason) => Self::Trouble(reason),
        }
    }
}

impl From<Condition> for StoreSign {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Off | Condition::Good => Self::Good,
            Condition::Trouble(reason) => Self::Trouble(reason),
        }
    }
}
