//! The password.

use std::fmt;

use argon2::{
    Argon2, Params,
    password_hash::{self, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};

/// The password, of which only a hash is kept.
#[derive(Clone)]
pub struct Password(PasswordHash);

/// Why a password cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PasswordError {
    /// It can be guessed.
    TooShort,
    /// It is longer than anybody types.
    TooLong,
    /// It looks like a hash, and is none.
    NotAHash,
    /// It is a hash that this machine would work on for too long.
    TooCostly,
    /// It could not be hashed: there is no memory, or there are no random numbers.
    NotHashed(password_hash::Error),
}

impl Password {
    /// The fewest characters that it may have.
    pub const FEWEST: usize = 8;
    /// The most bytes that it may have.
    pub const LONGEST: usize = 256;
    /// What a hash begins with.
    const MARK: &str = "$argon2";

    /// From a hash, as [`hash`](Self::hash) makes it, or from the password itself. The latter
    /// takes a tenth of a second, or a whole one on a small board.
    ///
    /// # Errors
    ///
    /// It cannot be used.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        if !text.starts_with(Self::MARK) {
            return Self::make(text).map(Self);
        }
        let hash = PasswordHash::new(text).map_err(|_| PasswordError::NotAHash)?;
        let params = Params::try_from(&hash).map_err(|_| PasswordError::NotAHash)?;
        let is_whole = hash.salt.is_some() && hash.hash.is_some();
        // Whoever wants to log in makes us spend this, so there is an end to it: 64 MiB.
        let is_cheap = params.m_cost() <= 1 << 16 && params.t_cost() <= 16 && params.p_cost() <= 8;
        match (is_whole, is_cheap) {
            (true, true) => Ok(Self(hash)),
            (false, _) => Err(PasswordError::NotAHash),
            (_, false) => Err(PasswordError::TooCostly),
        }
    }

    /// A hash of the password that may stand in a file: Argon2id, in PHC's form.
    ///
    /// # Errors
    ///
    /// It cannot be used.
    pub fn hash(text: &str) -> Result<String, PasswordError> {
        Ok(Self::make(text)?.to_string())
    }

    fn make(text: &str) -> Result<PasswordHash, PasswordError> {
        if text.chars().count() < Self::FEWEST {
            return Err(PasswordError::TooShort);
        }
        if text.len() > Self::LONGEST {
            return Err(PasswordError::TooLong);
        }
        Argon2::default().hash_password(text.as_bytes()).map_err(PasswordError::NotHashed)
    }

    /// Whether it is this one. Takes as long, and 19 MiB, whatever the answer.
    pub(crate) fn is(&self, attempt: &str) -> bool {
        Argon2::default().verify_password(attempt.as_bytes(), &self.0).is_ok()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "a password has at least {} characters", Password::FEWEST),
            Self::TooLong => write!(f, "a password has at most {} bytes", Password::LONGEST),
            Self::NotAHash => f.write_str(
                "it begins like an Argon2 hash and is none: give the password itself, or a whole \
                 hash ($argon2id$v=19$m=…,t=…,p=…$…$…)",
            ),
            Self::TooCostly => f.write_str(
                "the hash costs too much: at most m=65536 (64 MiB), t=16 and p=8 are computed here",
            ),
            Self::NotHashed(error) => write!(f, "the password could not be hashed: {error}"),
        }
    }
}

impl std::error::Error for PasswordError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_recognised() {
        let hash = Password::hash("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, Password::hash("correct horse").unwrap(), "salted");
        for password in [Password::new(&hash).unwrap(), Password::new("correct horse").unwrap()] {
            assert!(password.is("correct horse"));
            assert!(!password.is("correct hors"));
            assert!(!password.is(""));
            assert!(!password.is(&hash), "the hash is not the password");
            assert_eq!(format!("{password:?}"), "Password");
        }
    }

    #[test]
    fn refused() {
        for (text, error) in [
            ("", PasswordError::TooShort),
            ("1234567", PasswordError::TooShort),
            ("ěščřžýá", PasswordError::TooShort),
            (&"x".repeat(257), PasswordError::TooLong),
            ("$argon2id$", PasswordError::NotAHash),
            ("$argon2id$v=19$m=19456,t=2,p=1", PasswordError::NotAHash),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0", PasswordError::NotAHash),
            (
                "$argon2id$v=19$m=4194304,t=2,p=1$c2FsdHNhbHRzYWx0$\
                 CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                PasswordError::TooCostly,
            ),
        ] {
            assert_eq!(Password::new(text).err(), Some(error), "{text}");
        }
    }
}
