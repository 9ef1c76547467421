//! Computes the checksum of a migration from its normalised text.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The SHA-256 of a migration's normalised text.
///
/// It is shown, stored and parsed as 64 lower-case hex digits. For a file without a byte order mark and without CRLF
/// line endings, these are the digits that `sha256sum FILE` prints.
///
/// ```
/// use gapless_core::Checksum;
///
/// let checksum = Checksum::of("SELECT 1;\n");
/// assert_eq!(checksum.to_string(), "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd");
/// assert_eq!(checksum.to_string().parse(), Ok(checksum));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// Computes the checksum of a [normalised](normalise) text.
    pub fn of(text: &str) -> Checksum {
        Checksum(Sha256::digest(text.as_bytes()).into())
    }

    /// Makes a checksum of its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Checksum {
        Checksum(bytes)
    }

    /// Returns the 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Checksum({self})")
    }
}

/// The error for a text that is not 64 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseChecksumError(());

impl fmt::Display for ParseChecksumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a checksum is 64 hex digits")
    }
}

impl std::error::Error for ParseChecksumError {}

impl FromStr for Checksum {
    type Err = ParseChecksumError;

    fn from_str(text: &str) -> Result<Checksum, ParseChecksumError> {
        let digits = text.as_bytes();
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(ParseChecksumError(()));
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Checksum(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, ParseChecksumError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(ParseChecksumError(())),
    }
}

/// Returns the text that is hashed and run: without a leading byte order mark, and with LF for CRLF.
///
/// Git may check a file out with either line ending, and a checksum must not depend on that. A lone CR is content and
/// stays.
///
/// ```
/// assert_eq!(gapless_core::normalise("\u{feff}SELECT 1;\r\n"), "SELECT 1;\n");
/// ```
pub fn normalise(text: &str) -> Cow<'_, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equals_sha256sum() {
        // `printf 'SELECT 1;\n' | sha256sum`
        let expected = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd";
        assert_eq!(Checksum::of("SELECT 1;\n").to_string(), expected);
    }

    #[test]
    fn a_lone_carriage_return_is_content() {
        assert_eq!(normalise("\u{feff}a\r\nb\rc\n"), "a\nb\rc\n");
    }

    proptest! {
        #[test]
        fn line_endings_do_not_count(lines in proptest::collection::vec("[^\r\n\u{feff}]*", 0..8)) {
            let unix = lines.join("\n");
            let windows = format!("\u{feff}{}", lines.join("\r\n"));
            prop_assert_eq!(Checksum::of(&normalise(&unix)), Checksum::of(&normalise(&windows)));
        }

        #[test]
        fn text_form_round_trips(bytes in any::<[u8; 32]>()) {
            let checksum = Checksum::from_bytes(bytes);
            prop_assert_eq!(checksum.to_string().parse(), Ok(checksum));
        }

        #[test]
        fn any_text_parses_or_is_refused(text in ".{0,70}") {
            let _ = text.parse::<Checksum>();
        }
    }
}
