//! A code in a document is its text: any form is read, the canonical one is written.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ObisCode;

impl Serialize for ObisCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for ObisCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(CodeVisitor)
    }
}

struct CodeVisitor;

impl de::Visitor<'_> for CodeVisitor {
    type Value = ObisCode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an OBIS code such as `1.8.0` or `1-0:1.8.0.255`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ObisCode, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, string::ToString};

    use super::*;

    #[test]
    fn any_form_is_read_and_the_canonical_written() {
        let codes: [ObisCode; 2] =
            serde_json::from_str(r#"["1-0:1.8.0*255","0-1:96.3.10"]"#).unwrap();
        let text = serde_json::to_string(&codes).unwrap();
        assert_eq!(text, r#"["1.8.0","0-1:96.3.10.255"]"#);
    }

    #[test]
    fn a_code_can_be_a_key() {
        let map: BTreeMap<ObisCode, u32> =
            serde_json::from_str(r#"{"2.8.0":1,"1.8.0":2}"#).unwrap();
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"1.8.0":2,"2.8.0":1}"#);
    }

    #[test]
    fn errors_say_what_was_expected() {
        let error = serde_json::from_str::<ObisCode>(r#""1.8.x""#).unwrap_err().to_string();
        assert!(
            error.starts_with("expected a number from 0 to 255, found `x` at byte 4"),
            "{error}"
        );
        let error = serde_json::from_str::<ObisCode>("5").unwrap_err().to_string();
        assert!(error.contains("expected an OBIS code such as"), "{error}");
    }
}
