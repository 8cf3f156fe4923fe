//! What all parts of the decoder share.

use std::cell::Cell;

use super::{
    fault::{Fault, Part},
    json::Scalar,
    position,
};
use crate::{MessageError, Register, Zone};

/// The input, the zone of its times, and memory.
pub(super) struct Context<'a, 'z> {
    pub(super) text: &'a [u8],
    pub(super) zone: &'z dyn Zone,
    /// Room for the registers of a reading, for who comes first.
    pub(super) room: Cell<Vec<Register<'a>>>,
}

impl<'a, 'z> Context<'a, 'z> {
    pub(super) fn new(text: &'a [u8], zone: &'z dyn Zone, room: Vec<Register<'a>>) -> Self {
        Self { text, zone, room: Cell::new(room) }
    }

    /// The error of a value in a part of the message.
    #[cold]
    pub(super) fn fault(&self, part: Part, fault: &Fault, found: Scalar<'a>) -> Box<MessageError> {
        let (kind, detail) = (fault.kind(part), fault.detail(found.json()));
        MessageError::new(kind, detail).at(self.position(found.json()))
    }

    /// Line and column at which a part of the text begins.
    fn position(&self, part: &str) -> (usize, usize) {
        // Cannot be less than zero, as the part lies within.
        let offset = part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        position::behind(self.text.get(..offset).unwrap_or_default())
    }
}
