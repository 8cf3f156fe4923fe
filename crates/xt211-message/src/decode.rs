//! Decoding.
use crate::{Message, MessageError, Zone};
impl<'a> Message<'a> {
    /// Decodes.
    /// # Errors
    /// x
    pub fn decode(_bytes: &'a [u8], _zone: &dyn Zone) -> Result<Self, MessageError> { todo!() }
}
