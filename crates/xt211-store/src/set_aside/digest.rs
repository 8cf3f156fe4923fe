//! A number by which the very same content is found again.

/// FNV-1a, in 64 bits, of the parts and where they end.
///
/// Two contents may share a digest, by chance or by intent, and are then compared. The file keeps
/// digests, so this never changes.
pub(super) fn digest(parts: &[&[u8]]) -> i64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        // 0xff ends a topic, which is UTF-8 and has none.
        for byte in part.iter().chain(&[0xff]) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    hash.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // The published values for `a` and `foobar`, each with 0xff behind it.
        let step = |hash: u64| ((hash ^ 0xff).wrapping_mul(0x0000_0100_0000_01b3)).cast_signed();
        assert_eq!(digest(&[]), 0xcbf2_9ce4_8422_2325_u64.cast_signed());
        assert_eq!(digest(&[b"a"]), step(0xaf63_dc4c_8601_ec8c));
        assert_eq!(digest(&[b"foobar"]), step(0x8594_4171_f739_67e8));
    }

    #[test]
    fn parts_count() {
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
    }
}
