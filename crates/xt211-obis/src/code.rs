//! The code itself: six numbers, and the two ways to write them.

use core::{cmp::Ordering, fmt};

use crate::CodeText;

/// Value group F of a register that is not a historical one.
const NOT_HISTORICAL: u8 = 255;

/// An OBIS code (IEC 62056-61), `A-B:C.D.E.F`: which register of a meter a value belongs to.
///
/// Codes compare and sort by their groups, A first. [`Display`](fmt::Display) writes the canonical
/// form: `C.D.E` where the other groups are the usual ones, else the full form. Parsing what was
/// displayed gives the same code back.
///
/// ```
/// use xt211_obis::ObisCode;
///
/// let reduced: ObisCode = "1.8.0".parse()?;
/// let full: ObisCode = "1-0:1.8.0*255".parse()?;
/// assert_eq!(reduced, full);
/// assert_eq!(full.to_string(), "1.8.0");
/// assert_eq!(full.full().to_string(), "1-0:1.8.0.255");
/// # Ok::<(), xt211_obis::ParseError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObisCode {
    /// From A to F: together, so that they are compared at once.
    groups: [u8; 6],
}

impl ObisCode {
    /// The code `a-b:c.d.e.f`.
    #[must_use]
    pub const fn new(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) -> Self {
        Self { groups: [a, b, c, d, e, f] }
    }

    /// The code that the reduced form `c.d.e` stands for: A from what C and D can only mean, B 0,
    /// F 255.
    ///
    /// ```
    /// use xt211_obis::ObisCode;
    ///
    /// assert_eq!(ObisCode::reduced(1, 8, 0), ObisCode::new(1, 0, 1, 8, 0, 255));
    /// assert_eq!(ObisCode::reduced(96, 1, 1), ObisCode::new(0, 0, 96, 1, 1, 255));
    /// ```
    #[must_use]
    #[inline]
    pub const fn reduced(c: u8, d: u8, e: u8) -> Self {
        Self::new(usual_medium(c, d), 0, c, d, e, NOT_HISTORICAL)
    }

    /// Group A, the medium: 0 abstract, 1 electricity.
    #[must_use]
    pub const fn a(self) -> u8 {
        self.groups[0]
    }

    /// Group B, the channel.
    #[must_use]
    pub const fn b(self) -> u8 {
        self.groups[1]
    }

    /// Group C, the physical quantity.
    #[must_use]
    pub const fn c(self) -> u8 {
        self.groups[2]
    }

    /// Group D, how the quantity was processed.
    #[must_use]
    pub const fn d(self) -> u8 {
        self.groups[3]
    }

    /// Group E, the tariff; 0 is the total.
    #[must_use]
    pub const fn e(self) -> u8 {
        self.groups[4]
    }

    /// Group F, the billing period; 255 where unused.
    #[must_use]
    pub const fn f(self) -> u8 {
        self.groups[5]
    }

    /// Whether this is no quantity of a medium (group A is 0): a text, a state, an error. No other
    /// code has a [meaning](crate::Meaning) whose values are words.
    #[must_use]
    #[inline]
    pub const fn is_abstract(self) -> bool {
        self.a() == 0
    }

    /// Whether `C.D.E` alone says it all, so that this is the canonical form.
    #[must_use]
    #[inline]
    pub const fn is_reducible(self) -> bool {
        self.a() == usual_medium(self.c(), self.d()) && self.b() == 0 && self.f() == NOT_HISTORICAL
    }

    /// The canonical form, as it is displayed. It lies on the stack, for encoders.
    ///
    /// ```
    /// use xt211_obis::ObisCode;
    ///
    /// assert_eq!(ObisCode::reduced(1, 8, 0).text().as_str(), "1.8.0");
    /// ```
    #[must_use]
    #[inline]
    pub fn text(self) -> CodeText {
        CodeText::canonical(self)
    }

    /// The groups as one number, A first.
    #[inline]
    const fn rank(self) -> u64 {
        let [a, b, c, d, e, f] = self.groups;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The full form `A-B:C.D.E.F`, for display.
    #[must_use]
    pub const fn full(self) -> FullForm {
        FullForm(self)
    }
}

impl Ord for ObisCode {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for ObisCode {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The medium (group A) that a reduced code leaves out.
///
/// Electricity (1), except for the abstract objects (0) that meters push beside their registers:
/// the limiter (C 17) and the logical device name (C 42), both with D 0, where electricity has
/// nothing (with D 7 they are powers), service entries (96) and error registers (97).
#[inline]
const fn usual_medium(c: u8, d: u8) -> u8 {
    match (c, d) {
        (17 | 42, 0) | (96 | 97, _) => 0,
        _ => 1,
    }
}

impl fmt::Display for ObisCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl fmt::Debug for ObisCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObisCode({})", self.full())
    }
}

/// Displays a code in its full form; made by [`ObisCode::full`].
#[derive(Clone, Copy, Debug)]
pub struct FullForm(ObisCode);

impl fmt::Display for FullForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CodeText::full(self.0).as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::{string::ToString, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_groups_are_left_out() {
        let canonical = |text: &str| text.parse::<ObisCode>().unwrap().to_string();
        assert_eq!(canonical("1-0:1.8.0.255"), "1.8.0");
        assert_eq!(canonical("0-0:96.1.1*255"), "96.1.1");
        assert_eq!(canonical("0-0:17.0.0.255"), "17.0.0");
        assert_eq!(canonical("1-0:17.7.0.255"), "17.7.0");
        assert_eq!(canonical("0-0:42.0.0"), "42.0.0");
        assert_eq!(canonical("1-0:42.7.0"), "42.7.0");
    }

    #[test]
    fn unusual_groups_are_kept() {
        let canonical = |text: &str| text.parse::<ObisCode>().unwrap().to_string();
        assert_eq!(canonical("0-1:96.3.10.255"), "0-1:96.3.10.255");
        assert_eq!(canonical("1-0:96.1.1.255"), "1-0:96.1.1.255");
        assert_eq!(canonical("0-0:1.8.0.255"), "0-0:1.8.0.255");
        assert_eq!(canonical("1.8.0*1"), "1-0:1.8.0.1");
        assert_eq!(canonical("1-0:17.0.0.255"), "1-0:17.0.0.255");
    }

    #[test]
    fn debug_is_unambiguous() {
        assert_eq!(std::format!("{:?}", ObisCode::reduced(1, 8, 0)), "ObisCode(1-0:1.8.0.255)");
    }

    #[test]
    fn groups_decide_one_after_the_other() {
        let codes =
            [[0, 9, 9, 9, 9, 9], [1, 0, 9, 9, 9, 9], [1, 1, 0, 9, 9, 9], [1, 1, 1, 0, 9, 9]];
        let last = [[1, 1, 1, 1, 0, 9], [1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, 1]];
        let codes = codes.into_iter().chain(last);
        let codes: Vec<_> =
            codes.map(|[a, b, c, d, e, f]| ObisCode::new(a, b, c, d, e, f)).collect();
        assert!(codes.is_sorted_by(|one, next| one < next));
    }

    #[test]
    fn abstract_is_what_is_of_no_medium() {
        let is_abstract = |text: &str| text.parse::<ObisCode>().unwrap().is_abstract();
        assert!(is_abstract("96.1.1") && is_abstract("0-1:96.3.10"));
        assert!(!is_abstract("1.8.0") && !is_abstract("7-0:3.0.0"));
    }

    proptest! {
        #[test]
        fn display_then_parse_is_identity(groups: [u8; 6]) {
            let [a, b, c, d, e, f] = groups;
            let code = ObisCode::new(a, b, c, d, e, f);
            prop_assert_eq!(code.to_string().parse(), Ok(code));
            prop_assert_eq!(code.full().to_string().parse(), Ok(code));
        }
    }
}
