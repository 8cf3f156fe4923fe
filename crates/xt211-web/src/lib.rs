#![doc = include_str!("../README.md")]

mod app;
mod asset;
mod backend;
mod failure;
mod form;
mod frame;
mod page;
mod visitor;

pub use app::router;
pub use backend::{
    Backend, BrokerSign, DatabaseSign, Edit, ExportForm, ExportRequest, Heard, LogEntry, Outcome,
    Place, Refusal, Section, Setting, SettingValue, Settings, Sign, StoreSign, Trial, VitalSigns,
};
