//! Who may see the page, and who may change something.

mod access;

pub use self::access::Access;
