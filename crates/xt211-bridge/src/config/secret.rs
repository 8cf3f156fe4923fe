//! Passwords and tokens: readable on purpose only.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};

/// Whether the values of a key are secrets, whatever section it is in.
pub(super) fn is_secret(key: &str) -> bool {
    matches!(key, "password" | "token")
}

/// A password or token. Neither `Debug` nor an error about it shows it, and its memory is wiped.
#[derive(Clone, Debug)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret itself, for the one who has to send it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl PartialEq for Secret {
    /// Takes longer the more of them is the same: not for one that somebody guesses.
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

/// Takes text only, and answers anything else without quoting it (serde's own errors would).
struct SecretVisitor;

impl SecretVisitor {
    fn refuse<T, E: de::Error>() -> Result<T, E> {
        Err(E::custom("expected a text in quotes"))
    }
}

impl<'de> de::Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::from(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Secret, E> {
        Self::refuse()
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        Self::refuse()
    }

    fn visit_map<A: de::MapAccess<'de>>(self, _: A) -> Result<Secret, A::Error> {
        Self::refuse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_shown() {
        let secret = Secret::from(String::from("hunter2"));
        assert_eq!(secret.expose(), "hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }

    #[test]
    fn an_error_about_it_does_not_quote_it() {
        for document in ["it = 4711", "it = 47.11", "it = [4711]", "it = { a = 4711 }"] {
            let table: toml::Table = document.parse().unwrap();
            let error = table["it"].clone().try_into::<Secret>().unwrap_err();
            assert_eq!(error.message(), "expected a text in quotes", "{document}");
        }
    }
}
