//! Conversions that need an allocator, for users (such as serde's `try_from`) that hold strings.

use alloc::string::{String, ToString};

use crate::{ObisCode, ParseError};

impl TryFrom<String> for ObisCode {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ObisCode> for String {
    fn from(code: ObisCode) -> Self {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let code = ObisCode::try_from(String::from("1-0:1.8.0*255")).unwrap();
        assert_eq!(String::from(code), "1.8.0");
        assert!(ObisCode::try_from(String::from("1.8")).is_err());
    }
}
