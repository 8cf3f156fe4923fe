//! Whether a row is what was written.

/// FNV-1a, in 32 bits, of the parts and how long they are. Every step is reversible, so that a change
/// of one byte is always found.
///
/// The file keeps checksums, so this never changes.
pub(crate) fn checksum(parts: &[&[u8]]) -> u32 {
    let mut hash = 0x811c_9dc5_u32;
    for part in parts {
        // Cannot truncate in earnest: SQLite keeps no part of 4 GiB.
        let length = (part.len() as u32).to_le_bytes();
        for byte in part.iter().chain(&length) {
            hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
        }
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert_eq!(checksum(&[]), 0x811c_9dc5);
        // The published value for `foobar`, with its length behind it.
        let step = |hash: u32, byte: u32| (hash ^ byte).wrapping_mul(0x0100_0193);
        let expected = [6, 0, 0, 0].into_iter().fold(0xbf9c_f968, step);
        assert_eq!(checksum(&[b"foobar"]), expected);
        assert_ne!(checksum(&[b"ab", b"c"]), checksum(&[b"a", b"bc"]));
    }

    #[test]
    fn every_change_of_a_byte_is_found() {
        let content = b"\x01\x03\x01\x08\x00\xd4\xc5\x83\x07";
        let sound = checksum(&[b"1", content]);
        for place in 0..content.len() {
            for change in 1..=255 {
                let mut changed = *content;
                changed[place] ^= change;
                assert_ne!(checksum(&[b"1", &changed]), sound);
            }
        }
    }
}
