//! The tags, or the fields, that a line has so far.

/// Whether a set as it is written, each pair behind its separator, has this key as it is written.
/// Only fields have strings; in a tag, a quote is a character like others.
pub(crate) fn has_key(set: &str, key: &str, has_strings: bool) -> bool {
    let mut rest = set.get(1..);
    while let Some(pairs) = rest {
        if pairs.strip_prefix(key).is_some_and(|after| after.starts_with('=')) {
            return true;
        }
        rest = after_pair(pairs, has_strings);
    }
    false
}

/// What follows the first pair and its comma.
fn after_pair(pairs: &str, has_strings: bool) -> Option<&str> {
    let mut in_value = false;
    let mut in_string = false;
    let mut bytes = pairs.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' if has_strings && in_value => in_string = !in_string,
            b'=' => in_value = true,
            b',' if !in_string => return pairs.get(at + 1..),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let has = |set, key| has_key(set, key, false);
        assert!(!has("", "t"));
        assert!(!has(",", "t"));
        assert!(has(",t=v,", "t"));
        assert!(has(",s=v,t=v,", "t"));
        assert!(!has(",tt=v,", "t"));
        assert!(!has(",t=v,", "tt"));
        assert!(!has(",s=t,", "t"));
        assert!(!has(r",s=\,t=,", "t"));
        assert!(!has(r",s\,t=v,", "t"));
        assert!(has(r",s\,t=v,", r"s\,t"));
        assert!(has(",s=\",t=\",", "t"));
        assert!(has(",s=\\č,t=v,", "t"));
    }

    #[test]
    fn fields() {
        let has = |set, key| has_key(set, key, true);
        assert!(has(" a=1,b=2,", "b"));
        assert!(has(" a=\"x\",b=2,", "b"));
        assert!(!has(" a=\",b=2,\",", "b"));
        assert!(!has(r#" a="\",b=2,","#, "b"));
        assert!(has(r#" a="\\",b=2,"#, "b"));
    }
}
