//! The page's end of the program: what it asks is answered here.

mod backend;
mod door;
mod listening;
mod parts;
mod refusal;

pub(crate) use self::{backend::Program, door::Door};
