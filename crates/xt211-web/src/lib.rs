#![doc = include_str!("../README.md")]

mod api;
mod app;
mod asset;
mod backend;
mod chart;
mod download;
mod failure;
mod form;
mod frame;
mod health;
mod live;
mod metrics;
mod page;
mod query;
mod question;
mod safety;
mod server;
mod settings;
mod setup;
mod span;
mod view;
mod visitor;

pub use app::router;
pub use backend::{
    Backend, BrokerSign, Condition, Edit, ExportForm, ExportRequest, Heard, LogEntry, Outcome,
    Place, Refusal, Section, Setting, SettingValue, Settings, Trial, VitalSigns,
};
pub use safety::{Access, Password, PasswordError};
pub use server::{Limits, Server};
pub use settings::{KnownSetting, SettingKind, catalogue};
