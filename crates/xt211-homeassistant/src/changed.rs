//! Which messages say something new.

use std::ops::{BitOr, BitOrAssign};

/// The messages that have to be published again, and are not yet.
///
/// Publish them in the order of the fields: Home Assistant listens to a state topic only once it
/// was told of an entity there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// The device discovery: an entity, the serial number or the firmware's version is new.
    pub discovery: bool,
    /// The energy topic.
    pub energy: bool,
    /// The live topic: there are current values, whether they differ or not (`expire_after`).
    pub live: bool,
    /// The module topic.
    pub module: bool,
}

impl Changed {
    /// Nothing.
    pub const NONE: Self = Self { discovery: false, energy: false, live: false, module: false };

    /// Everything: for the birth of Home Assistant, or a broker that has forgotten.
    pub const ALL: Self = Self { discovery: true, energy: true, live: true, module: true };

    /// Whether nothing has to be published.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

impl BitOr for Changed {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self {
            discovery: self.discovery | other.discovery,
            energy: self.energy | other.energy,
            live: self.live | other.live,
            module: self.module | other.module,
        }
    }
}

impl BitOrAssign for Changed {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_union_has_what_either_has() {
        let energy = Changed { energy: true, ..Changed::NONE };
        let mut both = energy;
        both |= Changed { live: true, ..Changed::NONE };
        assert!(both.energy && both.live && !both.discovery && !both.module);
        assert_eq!(energy | Changed::NONE, energy);
        assert_eq!(energy | Changed::ALL, Changed::ALL);
        assert_eq!(Changed::ALL | Changed::ALL, Changed::ALL);
        assert!(Changed::default().is_none() && !energy.is_none());
    }
}
