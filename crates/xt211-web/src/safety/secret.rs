//! What nobody can guess.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq as _;

/// 256 random bits, as text that may stand in a cookie or a form.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    /// A new one, if the system has random numbers.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Compares in a time that does not tell how much of it was right.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets() {
        let [one, other] = [(); 2].map(|()| Secret::random().unwrap());
        assert_eq!(one.text().len(), 43);
        assert!(is_same(one.text().as_bytes(), one.clone().text().as_bytes()));
        assert!(!is_same(one.text().as_bytes(), other.text().as_bytes()));
        assert!(!is_same(b"", b"x"));
        assert_eq!(format!("{one:?}"), "Secret");
    }
}
