//! Takes apart the file names that several layouts share.

use super::section::Named;
use crate::read::name::{FileName, NameError, is_description, joined_digits, sanitised};
use crate::set::{ParseVersionError, Part, Version};

/// Returns the name before `.sql` in any case; `None` for a file that is hidden or not SQL.
pub(super) fn stem(file: &str) -> Option<&str> {
    let (stem, suffix) = file.split_at_checked(file.len().checked_sub(".sql".len())?)?;
    (!file.starts_with('.') && suffix.eq_ignore_ascii_case(".sql")).then_some(stem)
}

/// Takes `NNN_description.sql` apart, a file with both directions.
pub(super) fn numbered(file: &str) -> Result<Option<Named>, NameError> {
    let Some(written) = stem(file) else { return Ok(None) };
    // These tools go by the version alone, so any text may stand after it.
    let plain = written.split_once('_').filter(|(digits, description)| {
        digits.parse::<Version>().is_ok() && !description.bytes().all(is_description)
    });
    let clean = plain.map(|(digits, description)| (digits, sanitised(description)));
    let clean = clean.filter(|(_, name)| !name.is_empty()).map(|(digits, name)| format!("{digits}_{name}"));
    let stem = clean.as_deref().unwrap_or(written);
    // `.up` keeps the native rules from reading a direction into the description.
    let named = FileName::parse(&format!("{stem}.up.sql")).map_err(|error| {
        error.suggesting(|name| {
            let short = [".up.sql", ".down.sql", ".sql"].into_iter().find_map(|end| name.strip_suffix(end));
            format!("{}.sql", short.unwrap_or(&name))
        })
    })?;
    let Some(FileName { version, name, .. }) = named else { return Ok(None) };
    if !file.ends_with(".sql") {
        return Err(NameError::new("the suffix must be lower case", format!("{written}.sql")));
    }
    Ok(Some(Named { version, name, part: Part::Sections }))
}

/// Returns true if the digits of this stem are in pieces, so that they are not one version.
pub(super) fn in_pieces(stem: &str) -> bool {
    joined_digits(stem).is_some()
}

/// A layout of `V1__description.sql`.
pub(super) struct Prefixed {
    /// The letters before a version; the first is that of ordinary migrations.
    pub(super) letters: &'static str,
    /// The treatment of dashes in a description.
    pub(super) dashes: Dashes,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dashes {
    Kept,
    Refused,
}

impl Prefixed {
    /// Takes a stem apart into its letter, its version and its description.
    pub(super) fn parse(&self, stem: &str) -> Result<(char, Version, String), NameError> {
        let Some((given, letter, rest)) = self.letter(stem) else {
            let first = self.letters.chars().next().unwrap_or('V');
            let suggestion = format!("{first}NNN__{}.sql", self.described(stem));
            return Err(NameError::new("the version is missing", suggestion));
        };
        let digits = &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()];
        let wanted = |text: &str| format!("{letter}{digits}__{}.sql", self.described(text));
        let tail = &rest[digits.len()..];
        if let Some(error) = in_parts(letter, rest) {
            return Err(error);
        }
        let version = match digits.parse() {
            Ok(version) => version,
            Err(ParseVersionError::TooLarge | ParseVersionError::NotDigits) => {
                return Err(NameError::too_large(digits));
            }
        };
        if given != Some(letter) {
            let reason = format!("the version must follow a capital `{letter}`");
            return Err(NameError::new(&reason, wanted(tail)));
        }
        let Some(description) = tail.strip_prefix("__") else {
            return Err(NameError::new("the version must be followed by two underscores", wanted(tail)));
        };
        if sanitised(description).is_empty() {
            return Err(NameError::new("the description after the version is missing", wanted("")));
        }
        let kept = |byte| is_description(byte) && (self.dashes == Dashes::Kept || byte != b'-');
        if !description.bytes().all(kept) {
            let dash = if self.dashes == Dashes::Kept { ", `_` and `-`" } else { " and `_`" };
            let reason = format!("a description is made of letters, digits{dash} (ASCII)");
            return Err(NameError::new(&reason, wanted(description)));
        }
        Ok((letter, version, description.to_owned()))
    }

    /// Returns the letter as it is given, as it should be, and the text after it, which begins with a digit.
    fn letter<'a>(&self, stem: &'a str) -> Option<(Option<char>, char, &'a str)> {
        let first = stem.chars().next()?;
        if first.is_ascii_digit() {
            return Some((None, self.letters.chars().next()?, stem));
        }
        let letter = self.letters.chars().find(|letter| letter.eq_ignore_ascii_case(&first))?;
        let rest = &stem[first.len_utf8()..];
        rest.starts_with(|next: char| next.is_ascii_digit()).then_some((Some(first), letter, rest))
    }

    /// Returns the nearest description that the tool takes too.
    fn described(&self, text: &str) -> String {
        let clean = sanitised(text);
        let clean = if self.dashes == Dashes::Kept { clean } else { clean.replace('-', "_") };
        if clean.is_empty() { "description".to_owned() } else { clean }
    }
}

/// Returns the error for a version such as `1.2` or `1_2`, with one number that sorts like it.
fn in_parts(letter: char, rest: &str) -> Option<NameError> {
    let (version, description) = rest.split_once("__").unwrap_or((rest, ""));
    let parts: Vec<_> = version.split(['.', '_']).collect();
    if parts.len() < 2 || parts.iter().any(|part| part.parse::<Version>().is_err()) {
        return None;
    }
    let mut help = "use one number that keeps its place in the order".to_owned();
    if let Some(number) = joined(&parts) {
        let name = sanitised(description);
        let name = if name.is_empty() { "description" } else { &name };
        help += &format!(", for example `{letter}{number}__{name}.sql`");
        if letter == 'V' {
            help += &format!(
                ", and if it has been applied, add the line `V{rest} -> {number}_{name}` to renames.txt"
            );
        }
    }
    Some(NameError::explained(format!("the version {version} is not one number"), help))
}

/// Joins `1.2` into 102: two digits for each part after the first.
fn joined(parts: &[&str]) -> Option<i64> {
    parts.iter().try_fold(0_i64, |number, part| {
        let part: i64 = part.parse().ok()?;
        let fits = number == 0 || part < 100;
        number.checked_mul(100)?.checked_add(part).filter(|_| fits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_version_become_one_number() {
        for (parts, number) in [
            (&["1", "2"][..], Some(102)),
            (&["2024", "1", "31"], Some(20_240_131)),
            (&["1", "0", "10"], Some(10_010)),
            (&["1", "100"], None),
            (&["9223372036854775807", "1"], None),
        ] {
            assert_eq!(joined(parts), number, "{parts:?}");
        }
    }
}
