//! Any text is a code, whose canonical and full forms are the same code, or an error within it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use xt211_obis::ObisCode;

fuzz_target!(|text: &str| {
    match ObisCode::parse_prefix(text) {
        Ok((code, rest)) => {
            assert_eq!(code.to_string().parse(), Ok(code));
            assert_eq!(code.full().to_string().parse(), Ok(code));
            assert_eq!(text.parse::<ObisCode>().is_ok(), rest.is_empty());
            if let Some(meaning) = code.meaning() {
                assert!(!meaning.name().to_string().is_empty());
            }
        }
        Err(error) => {
            assert_eq!(text.parse::<ObisCode>(), Err(error));
            assert_eq!(text[error.offset()..].chars().next(), error.found());
        }
    }
});
