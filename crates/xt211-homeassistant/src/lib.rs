#![doc = include_str!("../README.md")]

mod bridge;
mod changed;
mod device;
mod entity;
mod json;
mod key;
mod language;
mod schema;
mod slug;
mod state;
mod statistics;
mod told;
mod topics;
mod translation;

pub use bridge::{BridgeState, InfluxdbStatus};
pub use changed::Changed;
pub use device::{Merged, MeterDevice, MeterInfo, Shared};
pub use language::{Language, LanguageError};
pub use schema::{
    Availability, AvailabilityTopic, Component, Device, DeviceClass, Discovery, Entity,
    EntityCategory, Origin, Platform, StateClass,
};
pub use state::StateMessage;
pub use statistics::{ImportStatistics, Statistic, StatisticHour};
pub use topics::{MeterId, MeterIdError, StateTopic, Topics};
