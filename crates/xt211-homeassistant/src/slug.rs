//! Entity ids.

/// What Home Assistant makes of a text in an entity id: lower-case letters, digits, and single `_`
/// for all else between them.
pub(crate) fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("_").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs() {
        assert_eq!(slug("Total Import Energy"), "total_import_energy");
        assert_eq!(slug("0-1:96.3.10.255"), "0_1_96_3_10_255");
        assert_eq!(slug("xt211_A-b_Wake-ups"), "xt211_a_b_wake_ups");
        assert_eq!(slug(" -"), "");
    }
}
