//! What rows are known by.

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(pub(crate) i64);

            impl From<i64> for $name {
                fn from(number: i64) -> Self {
                    Self(number)
                }
            }

            impl From<$name> for i64 {
                fn from(key: $name) -> Self {
                    key.0
                }
            }
        )*
    };
}

keys! {
    /// Which meter: a number that stands for its id, in one file.
    MeterKey
    /// Which record: they are numbered as they come, and no number is given twice.
    Sequence
}
