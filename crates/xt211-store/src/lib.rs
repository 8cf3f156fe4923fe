#![doc = include_str!("../README.md")]

mod announcement;
mod checksum;
mod codec;
mod connection;
mod damage;
mod editor;
mod era;
mod error;
mod failure;
mod history;
mod instant;
mod key;
mod lock;
mod meter;
mod outbox;
mod queries;
mod reader;
mod reading;
mod record;
mod schema;
mod set_aside;
mod state;
mod statistic;
mod store;
mod subscription;
mod transaction;

pub use announcement::Announced;
pub use editor::Editor;
pub use era::{EraOf, StoredEra};
pub use error::{StoreError, StoreErrorKind};
pub use history::Range;
pub use key::{MeterKey, Sequence};
pub use meter::{MeterNews, StoredMeter};
pub use queries::Queries;
pub use reader::Reader;
pub use record::{Content, Record, Ticket};
pub use set_aside::{
    Filed, NewContent, NewSetAside, Refusal, Selection, SetAside, SetAsideContent,
};
pub use statistic::StoredHour;
pub use store::{Opened, Store};
pub use subscription::{Session, StoredSubscription, Subscription, SubscriptionState};
pub use transaction::Transaction;
