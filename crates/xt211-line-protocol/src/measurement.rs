//! The name a line begins with.

use std::{borrow::Cow, fmt, str::FromStr};

use crate::{AfterMeasurement, Element, LineBuilder, LineError, escape};

/// The measurement of a line, checked once for all the lines that begin with it.
///
/// ```
/// use xt211_line_protocol::Measurement;
///
/// let mut lines = String::new();
/// let room = Measurement::new("living room")?;
/// room.line(&mut lines).tag("sensor", "1")?.field("temperature", 21.5)?.timestamp(0)?;
/// assert_eq!(lines, "living\\ room,sensor=1 temperature=21.5 0\n");
/// # Ok::<(), xt211_line_protocol::LineError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Measurement {
    name: Cow<'static, str>,
    /// Whether it has no special characters, as is known once for all lines.
    is_plain: bool,
}

impl Measurement {
    /// `home_energy`, the usual one for readings.
    pub const HOME_ENERGY: Self = Self { name: Cow::Borrowed("home_energy"), is_plain: true };
    /// `xt211_status`, for the module's status and battery.
    pub const STATUS: Self = Self { name: Cow::Borrowed("xt211_status"), is_plain: true };

    /// Checks a name.
    ///
    /// # Errors
    ///
    /// A name that is empty, begins with `#` or `_`, or has a control character or a backslash
    /// that servers read differently.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, LineError> {
        let name = name.into();
        escape::check(Element::Measurement, &name)?;
        Ok(Self { is_plain: escape::is_plain(&name), name })
    }

    /// The name, without escapes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name
    }

    pub(crate) fn push(&self, out: &mut String) {
        if self.is_plain {
            out.push_str(&self.name);
        } else {
            escape::push_measurement(out, &self.name);
        }
    }

    /// Begins a line at the end of a buffer, which should be empty or end with a newline.
    pub fn line<'b>(&self, buffer: &'b mut String) -> LineBuilder<'b, AfterMeasurement> {
        LineBuilder::begin(buffer, self)
    }
}

impl FromStr for Measurement {
    type Err = LineError;

    fn from_str(name: &str) -> Result<Self, LineError> {
        Self::new(name.to_owned())
    }
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_valid() {
        for name in [Measurement::HOME_ENERGY, Measurement::STATUS] {
            assert_eq!(name.as_str().parse(), Ok(name));
        }
    }

    #[test]
    fn it_is_shown_without_escapes() {
        assert_eq!(Measurement::new("living room").unwrap().to_string(), "living room");
    }
}
