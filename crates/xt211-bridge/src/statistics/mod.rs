//! Home Assistant's long-term statistics: what was used in which hour, by the readings' own time.
//!
//! ```text
//! records → touched meters and times → their hours, counted anew → Home Assistant → written down
//! ```

mod client;
mod hours;
mod statistician;

pub(crate) use self::{
    client::{Client, Trouble},
    statistician::{Counted, Statistician, Told},
};
