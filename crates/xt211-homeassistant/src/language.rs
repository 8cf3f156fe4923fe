//! The languages that entities may be named in.

use std::str::FromStr;

use crate::translation::{self, Translation};

/// The language of the entities' names. Nothing else depends on it: ids, topics, keys and states
/// stay the same.
///
/// ```
/// use xt211_homeassistant::Language;
///
/// let language: Language = "cs".parse()?;
/// assert_eq!(language, Language::Czech);
/// assert_eq!(
///     "de".parse::<Language>().unwrap_err().to_string(),
///     "expected `en` or `cs`, found `de`"
/// );
/// # Ok::<(), xt211_homeassistant::LanguageError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Language {
    /// `en`
    #[default]
    English,
    /// `cs`
    Czech,
}

/// Why a text is not a [`Language`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {}, found `{}`", known(), found.escape_debug())]
#[non_exhaustive]
pub struct LanguageError {
    /// The text.
    pub found: String,
}

impl Language {
    /// Every language that there is.
    pub const ALL: &'static [Self] = &[Self::English, Self::Czech];

    /// Its code in ISO 639-1, such as `en`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Czech => "cs",
        }
    }

    /// What the English names become in it; `None` if they stay.
    pub(crate) const fn translation(self) -> Option<&'static Translation> {
        match self {
            Self::English => None,
            Self::Czech => Some(&translation::CZECH),
        }
    }
}

impl FromStr for Language {
    type Err = LanguageError;

    fn from_str(text: &str) -> Result<Self, LanguageError> {
        let known = Self::ALL.iter().find(|language| language.code() == text);
        known.copied().ok_or_else(|| LanguageError { found: text.to_owned() })
    }
}

/// The codes of all languages, for people.
fn known() -> String {
    let codes: Vec<_> = Language::ALL.iter().map(|it| format!("`{}`", it.code())).collect();
    codes.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_back() {
        for language in Language::ALL {
            assert_eq!(language.code().parse(), Ok(*language));
        }
        assert_eq!(Language::default().code(), "en");
    }

    #[test]
    fn unknown_languages() {
        let failed = |text: &str| text.parse::<Language>().unwrap_err().to_string();
        assert_eq!(failed("de"), "expected `en` or `cs`, found `de`");
        assert_eq!(failed("CS"), "expected `en` or `cs`, found `CS`");
        assert_eq!(failed(""), "expected `en` or `cs`, found ``");
        assert_eq!(failed("c\n"), "expected `en` or `cs`, found `c\\n`");
    }
}
