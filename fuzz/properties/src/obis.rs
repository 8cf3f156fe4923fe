//! OBIS codes.

use xt211_obis::ObisCode;

use crate::memory;

/// Any text is a code, whose canonical and full forms are the same code, or an error within it; and
/// any six bytes are a code that can be printed.
///
/// # Panics
///
/// This does not hold.
pub fn obis(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        any_text(text);
    }
    if let Some([a, b, c, d, e, f]) = data.first_chunk() {
        any_code(ObisCode::new(*a, *b, *c, *d, *e, *f));
    }
}

fn any_text(text: &str) {
    match memory::within(0, || ObisCode::parse_prefix(text)) {
        Ok((code, rest)) => {
            any_code(code);
            assert!(text.ends_with(rest));
            assert_eq!(text.parse().ok(), rest.is_empty().then_some(code));
        }
        Err(error) => {
            assert_eq!(text.parse::<ObisCode>(), Err(error));
            assert_eq!(text[error.offset()..].chars().next(), error.found());
            assert!(!error.to_string().contains(char::is_control), "{error}");
        }
    }
}

fn any_code(code: ObisCode) {
    assert_eq!(code.to_string().parse(), Ok(code));
    assert_eq!(code.full().to_string().parse(), Ok(code));
    assert_eq!(code.text().as_str(), code.to_string());
    if let Some(meaning) = code.meaning() {
        assert!(!meaning.name().to_string().is_empty());
    }
}
