//! Holds the number that orders migrations.

use std::fmt;
use std::num::IntErrorKind;
use std::str::FromStr;

/// The number that orders a migration and names it for good: `0..=i64::MAX`.
///
/// Leading zeros of a file name carry no meaning: `001` and `1` are one version.
///
/// ```
/// use gapless_core::Version;
///
/// assert_eq!("001".parse(), Ok(Version::from(1)));
/// assert_eq!(Version::new(-1), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(i64);

impl Version {
    /// The smallest version.
    pub const MIN: Version = Version(0);
    /// The largest version, which is the largest number of a `bigint` column.
    pub const MAX: Version = Version(i64::MAX);

    /// Makes a version of a number; `None` if it is negative.
    pub const fn new(number: i64) -> Option<Version> {
        if number < 0 { None } else { Some(Version(number)) }
    }

    /// Returns the number, which is never negative.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// Returns the version after this one; `None` for [`Version::MAX`].
    pub const fn next(self) -> Option<Version> {
        match self.0.checked_add(1) {
            Some(number) => Some(Version(number)),
            None => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.0)
    }
}

impl From<u32> for Version {
    fn from(number: u32) -> Version {
        Version(i64::from(number))
    }
}

impl TryFrom<i64> for Version {
    type Error = ParseVersionError;

    fn try_from(number: i64) -> Result<Version, ParseVersionError> {
        Version::new(number).ok_or(ParseVersionError::NotDigits)
    }
}

/// The error for a text that is not a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseVersionError {
    /// The text holds something other than the digits 0 to 9, or nothing.
    NotDigits,
    /// The number is greater than `i64::MAX`.
    TooLarge,
}

impl fmt::Display for ParseVersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseVersionError::NotDigits => f.write_str("a version is digits only"),
            ParseVersionError::TooLarge => write!(f, "a version is at most {}", i64::MAX),
        }
    }
}

impl std::error::Error for ParseVersionError {}

impl FromStr for Version {
    type Err = ParseVersionError;

    /// Reads ASCII digits and nothing else: no sign, no space, no separator.
    fn from_str(text: &str) -> Result<Version, ParseVersionError> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseVersionError::NotDigits);
        }
        text.parse().map(Version).map_err(|error: std::num::ParseIntError| match error.kind() {
            IntErrorKind::PosOverflow => ParseVersionError::TooLarge,
            _ => ParseVersionError::NotDigits,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_signs_spaces_and_foreign_digits() {
        for text in ["", "-1", "+1", " 1", "1 ", "1_0", "٣", "0x1"] {
            assert_eq!(text.parse::<Version>(), Err(ParseVersionError::NotDigits), "{text:?}");
        }
        assert_eq!("9223372036854775807".parse(), Ok(Version::MAX));
        assert_eq!("9223372036854775808".parse::<Version>(), Err(ParseVersionError::TooLarge));
    }

    proptest! {
        #[test]
        fn leading_zeros_carry_no_meaning(number in 0..=i64::MAX, zeros in 0usize..5) {
            let text = format!("{}{number}", "0".repeat(zeros));
            prop_assert_eq!(text.parse::<Version>().unwrap().number(), number);
        }
    }
}
