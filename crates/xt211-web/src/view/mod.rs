//! What is known, in the form in which pages and programs are told it.

mod bytes;
mod meter;
mod module;
mod moment;
mod readout;
mod set_aside;
mod standing;

pub(crate) use self::{
    bytes::{as_text, excerpt},
    meter::{MeterView, show_meters},
    module::ModuleView,
    moment::{Clock, Moment},
    readout::{Readout, RegisterView},
    set_aside::{ContentView, SetAsideView},
    standing::{Standing, State},
};
