//! Hashes by which other tools recognise a text.

use std::hash::Hasher;

use sha2::{Digest, Sha384};
use siphasher::sip::SipHasher13;

/// Returns the texts of the files that an embedded text may come from, before normalising removed the byte order mark and
/// turned CRLF into LF. Mixed line endings cannot be recovered.
pub(super) fn variants(sql: &str) -> impl Iterator<Item = String> {
    [("", "\n"), ("", "\r\n"), ("\u{feff}", "\n"), ("\u{feff}", "\r\n")]
        .into_iter()
        .map(|(mark, ending)| format!("{mark}{}", sql.replace('\n', ending)))
}

/// Returns the SHA-384 in lower-case hex digits.
pub(super) fn sha384(text: &str) -> String {
    Sha384::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the SipHash-1-3 of these parts one after the other, with a key of zeros.
pub(super) fn sip_1_3(parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher13::new();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish()
}

/// Returns the CRC-32 with the reflected polynomial of IEEE 802.3.
///
/// Source: RFC 1952, section 8.
pub(super) fn crc32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    !bytes.into_iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            let carry = if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
            (crc >> 1) ^ carry
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_is_the_common_one() {
        assert_eq!(crc32(*b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32([]), 0);
    }

    #[test]
    fn sha384_is_that_of_the_standard() {
        // FIPS 180-4, the example of one block.
        let expected = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
                        8086072ba1e7cc2358baeca134c825a7";
        assert_eq!(sha384("abc"), expected);
    }

    #[test]
    fn a_text_has_four_variants() {
        let variants: Vec<_> = variants("a\nb\n").collect();
        assert_eq!(variants, ["a\nb\n", "a\r\nb\r\n", "\u{feff}a\nb\n", "\u{feff}a\r\nb\r\n"]);
    }
}
