#![doc = include_str!("../README.md")]

mod bridge;
mod changed;
mod device;
mod entity;
mod key;
mod schema;
mod slug;
mod state;
mod statistics;
mod topics;

pub use bridge::{BridgeState, InfluxdbStatus};
pub use changed::Changed;
pub use device::{MeterDevice, MeterInfo};
pub use schema::{
    Component, Device, DeviceClass, Discovery, Entity, EntityCategory, Origin, Platform, StateClass,
};
pub use statistics::{ImportStatistics, Statistic, StatisticHour};
pub use topics::{MeterId, MeterIdError, StateTopic, Topics};
