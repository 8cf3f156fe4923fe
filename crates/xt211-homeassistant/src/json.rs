//! JSON strings.

/// Appends a string with its quotes.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    if text.bytes().all(is_plain) {
        out.extend_from_slice(text.as_bytes());
    } else {
        text.bytes().for_each(|byte| push_escaped(out, byte));
    }
    out.push(b'"');
}

/// Whether a byte of a text stands for itself.
fn is_plain(byte: u8) -> bool {
    !matches!(byte, 0..=0x1f | b'"' | b'\\')
}

fn push_escaped(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        0..=0x1f => return out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        _ => return out.push(byte),
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn json(text: &str) -> String {
        let mut json = Vec::new();
        push_string(&mut json, text);
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn each_character_of_ascii_is_as_serde_json_writes_it() {
        for character in ('\0'..='\x7f').map(String::from) {
            assert_eq!(json(&character), serde_json::to_string(&character).unwrap());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_as_serde_json_writes_it(text in ".{0,8}") {
            prop_assert_eq!(json(&text), serde_json::to_string(&text).unwrap());
        }
    }
}
