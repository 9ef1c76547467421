//! Takes apart the file names of the native layout.

use std::fmt;

use crate::set::{ParseVersionError, Version};

/// The role of a migration's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Migrates the database: `NNN_description.up.sql` or `NNN_description.sql`.
    Up,
    /// Rolls it back: `NNN_description.down.sql`.
    Down,
    /// Retires the version: `NNN_description.tombstone.sql`.
    Tombstone,
    /// Stands for all versions up to this one on an empty database: `NNN_description.baseline.sql`.
    Baseline,
}

/// The suffixes of names, and the kind of each.
const SUFFIXES: [(&str, Kind); 5] = [
    (".up.sql", Kind::Up),
    (".down.sql", Kind::Down),
    (".tombstone.sql", Kind::Tombstone),
    (".baseline.sql", Kind::Baseline),
    (".sql", Kind::Up),
];

/// The parts of a file name of the native layout.
///
/// ```
/// use gapless_core::{FileName, Kind};
///
/// let name = FileName::parse("0001_users.up.sql").unwrap().unwrap();
/// assert_eq!((name.version.number(), &*name.name, name.kind), (1, "users", Kind::Up));
///
/// let error = FileName::parse("V1__users.sql").unwrap_err();
/// assert_eq!(error.suggestion(), Some("1_users.sql"));
///
/// assert_eq!(FileName::parse("README.md"), Ok(None));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileName {
    /// The number before the first underscore.
    pub version: Version,
    /// The description between that underscore and the suffix: `[A-Za-z0-9_-]+`.
    pub name: String,
    /// The kind, which the suffix names.
    pub kind: Kind,
}

impl FileName {
    /// Takes a file name apart. Returns `None` for a file that is hidden or not SQL.
    ///
    /// # Errors
    ///
    /// Returns an error for a name that ends in `.sql`, in any case, and is not `NNN_description[.up|.down].sql`.
    pub fn parse(file: &str) -> Result<Option<FileName>, NameError> {
        let Some((body, suffix, kind)) = split_suffix(file) else { return Ok(None) };
        let (digits, description) = parts(body);
        let version = match digits.parse() {
            Ok(version) => version,
            Err(ParseVersionError::TooLarge) => return Err(NameError::too_large(digits)),
            Err(ParseVersionError::NotDigits) => return Err(NameError::no_version(body, suffix)),
        };
        let wanted = || format!("{digits}_{}{}", sanitised(description), suffix.to_ascii_lowercase());
        if sanitised(description).is_empty() {
            let suggestion = format!("{digits}_description{}", suffix.to_ascii_lowercase());
            return Err(NameError::new("the description after the version is missing", suggestion));
        }
        if let Some(joined) = joined_digits(body) {
            let reason = "a version is one number, with nothing between its digits";
            return Err(NameError { reason: reason.to_owned(), suggestion: joined, help: None });
        }
        if !body[digits.len()..].starts_with('_') {
            return Err(NameError::new("the version must be followed by an underscore", wanted()));
        }
        if !description.bytes().all(is_description) {
            let reason = "a description is made of letters, digits, `_` and `-` (ASCII)";
            return Err(NameError::new(reason, wanted()));
        }
        if let Some((stem, direction)) =
            reads_as_direction(description).filter(|_| suffix.len() == ".sql".len())
        {
            let reason = format!(
                "it reads as `{direction}` but would run forward; if the word belongs to the description, use the suffix `.up.sql`"
            );
            return Err(NameError::new(&reason, format!("{digits}_{stem}.{direction}.sql")));
        }
        if suffix != suffix.to_ascii_lowercase() {
            return Err(NameError::new("the suffix must be lower case", wanted()));
        }
        Ok(Some(FileName { version, name: description.to_owned(), kind }))
    }
}

/// The error for a name that ends in `.sql` and is not a migration's, with the name that was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    reason: String,
    suggestion: Option<String>,
    help: Option<String>,
}

impl NameError {
    pub(crate) fn new(reason: &str, suggestion: String) -> NameError {
        NameError { reason: reason.to_owned(), suggestion: Some(suggestion), help: None }
    }

    /// Makes an error for a name that no other name would fix; `help` says what to do instead.
    pub(crate) fn explained(reason: impl Into<String>, help: impl Into<String>) -> NameError {
        NameError { reason: reason.into(), suggestion: None, help: Some(help.into()) }
    }

    pub(crate) fn too_large(digits: &str) -> NameError {
        let reason = format!("the version {digits} is too large: {}", ParseVersionError::TooLarge);
        NameError { reason, suggestion: None, help: None }
    }

    /// Puts the suggestion into the form of another layout.
    pub(crate) fn suggesting(self, change: impl FnOnce(String) -> String) -> NameError {
        NameError { suggestion: self.suggestion.map(change), ..self }
    }

    fn no_version(body: &str, suffix: &str) -> NameError {
        let suffix = suffix.to_ascii_lowercase();
        let prefixed = body.trim_start_matches(|first: char| first.is_ascii_alphabetic());
        let (digits, description) = parts(prefixed);
        let letters = body.len() - prefixed.len();
        if letters == 1 && digits.parse::<Version>() == Err(ParseVersionError::TooLarge) {
            return NameError::too_large(digits);
        }
        let is_down =
            letters == 1 && prefixed.len() < body.len() && body.starts_with(['U', 'u']) && !digits.is_empty();
        let suffix = if is_down { ".down.sql".to_owned() } else { suffix };
        if joined_digits(prefixed).is_some() {
            let reason = "a version is one number, digits only".to_owned();
            return NameError { reason, suggestion: None, help: None };
        }
        if letters == 1 && !digits.is_empty() && !sanitised(description).is_empty() {
            let reason = format!("a version is digits only, without `{}`", &body[..letters]);
            return NameError::new(&reason, format!("{digits}_{}", ended(&sanitised(description), &suffix)));
        }
        let mut name = sanitised(body);
        if name.is_empty() {
            name.push_str("description");
        }
        NameError::new("the version is missing", format!("NNN_{}", ended(&name, &suffix)))
    }

    /// Returns the name that was probably meant; `NNN` stands for a version to choose.
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }

    /// Returns the help for a name that renaming alone does not fix.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Returns the help for the problem that shows this error.
    pub(crate) fn remedy(&self) -> String {
        match (&self.help, &self.suggestion) {
            (Some(help), _) => help.clone(),
            (None, Some(suggestion)) => format!("rename it to `{suggestion}`"),
            (None, None) => "use a counter or a date as the version, for example `20260131120000`".to_owned(),
        }
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for NameError {}

/// Splits off the suffix, and returns the rest, the suffix as it is written, and its kind.
fn split_suffix(file: &str) -> Option<(&str, &str, Kind)> {
    if file.starts_with('.') {
        return None;
    }
    SUFFIXES.into_iter().find_map(|(suffix, kind)| {
        let at = file.len().checked_sub(suffix.len())?;
        let tail = file.get(at..)?;
        tail.eq_ignore_ascii_case(suffix).then(|| (&file[..at], tail, kind))
    })
}

/// Returns a file's name or path without its suffix: `NNN_description`.
pub(crate) fn stem(file: &str) -> &str {
    SUFFIXES.iter().find_map(|(suffix, _)| file.strip_suffix(suffix)).unwrap_or(file)
}

/// Splits a name into its leading digits and the text after their separator.
fn parts(body: &str) -> (&str, &str) {
    let end = body.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &body[end..];
    let mut chars = rest.chars();
    match chars.next() {
        Some(first) if !first.is_alphanumeric() => (&body[..end], chars.as_str()),
        _ => (&body[..end], rest),
    }
}

/// Splits `users_down` into `users` and `down`; `down` alone has no description.
fn reads_as_direction(description: &str) -> Option<(&str, &'static str)> {
    ["up", "down"].into_iter().find_map(|direction| {
        if description == direction {
            return Some(("description", direction));
        }
        let stem = description
            .strip_suffix(direction)?
            .strip_suffix(['_', '-'])
            .filter(|stem| !sanitised(stem).is_empty())?;
        Some((stem, direction))
    })
}

/// Joins a description and its suffix; a description that reads as a direction gets that suffix.
fn ended(description: &str, suffix: &str) -> String {
    match reads_as_direction(description).filter(|_| suffix == ".sql") {
        Some((stem, direction)) => format!("{stem}.{direction}.sql"),
        None => format!("{description}{suffix}"),
    }
}

/// Recognises `2024-01-31_x.sql` and `1.2_x.sql`, whose version is in pieces, and joins the pieces of a date; other
/// pieces do not make one number.
pub(crate) fn joined_digits(body: &str) -> Option<Option<String>> {
    let end = body.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.')).count();
    let (head, rest) = body.split_at(end);
    let pieces: Vec<_> = head.split(['-', '.']).collect();
    if pieces.len() < 2 || pieces.iter().any(|piece| piece.is_empty()) || !rest.starts_with('_') {
        return None;
    }
    let is_date = pieces.len() == 3 && pieces[0].len() == 4 && !head.contains('.');
    let description = sanitised(rest);
    Some((is_date && !description.is_empty()).then(|| format!("{}_{description}.sql", pieces.concat())))
}

pub(crate) fn is_description(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Returns the nearest valid description; empty if no character can stay.
pub(crate) fn sanitised(description: &str) -> String {
    let mut clean = String::with_capacity(description.len());
    for char in description.chars() {
        if char.is_ascii_alphanumeric() || char == '-' {
            clean.push(char);
        } else if !clean.ends_with('_') {
            clean.push('_');
        }
    }
    clean.trim_matches(['_', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn native_names() {
        for (file, version, name, kind) in [
            ("0001_users.up.sql", 1, "users", Kind::Up),
            ("1_users.sql", 1, "users", Kind::Up),
            ("20240131120000_add-index_2.down.sql", 20_240_131_120_000, "add-index_2", Kind::Down),
            ("0_x.sql", 0, "x", Kind::Up),
            ("3_scale_down.up.sql", 3, "scale_down", Kind::Up),
            ("4_markdown.sql", 4, "markdown", Kind::Up),
            ("5_reports.tombstone.sql", 5, "reports", Kind::Tombstone),
            ("6_all.baseline.sql", 6, "all", Kind::Baseline),
        ] {
            let parsed = FileName::parse(file).unwrap().unwrap();
            assert_eq!((parsed.version.number(), &*parsed.name, parsed.kind), (version, name, kind));
        }
    }

    #[test]
    fn other_files_are_passed_over() {
        for file in
            [".0001_x.sql", "README.md", "0001_x.sql~", "#0001_x.sql#", "0001_x.sql.bak", "renames.txt"]
        {
            assert_eq!(FileName::parse(file), Ok(None), "{file}");
        }
    }

    #[test]
    fn near_misses_are_suggested() {
        for (file, suggestion) in [
            ("V1_x.sql", Some("1_x.sql")),
            ("V1__create_users.sql", Some("1_create_users.sql")),
            ("12-foo.sql", Some("12_foo.sql")),
            ("12foo.sql", Some("12_foo.sql")),
            ("schema.sql", Some("NNN_schema.sql")),
            ("up.sql", Some("NNN_description.up.sql")),
            ("users_down.sql", Some("NNN_users.down.sql")),
            ("V1_users_down.sql", Some("1_users.down.sql")),
            ("users.down.sql", Some("NNN_users.down.sql")),
            ("0001_foo.SQL", Some("0001_foo.sql")),
            ("0001_foo.Up.sql", Some("0001_foo.up.sql")),
            ("0001.sql", Some("0001_description.sql")),
            ("0001_.up.sql", Some("0001_description.up.sql")),
            ("0001_add users.sql", Some("0001_add_users.sql")),
            ("0001_naïve.sql", Some("0001_na_ve.sql")),
            ("0001_x.dn.sql", Some("0001_x_dn.sql")),
            ("-1_x.sql", Some("NNN_1_x.sql")),
            ("é.sql", Some("NNN_description.sql")),
            ("9223372036854775808_x.sql", None),
            ("V9223372036854775808_x.sql", None),
            ("0001_users_down.sql", Some("0001_users.down.sql")),
            ("0001_down.sql", Some("0001_description.down.sql")),
            ("0001_users-up.sql", Some("0001_users.up.sql")),
            ("U20__undo.sql", Some("20_undo.down.sql")),
            ("2024-01-31_x.sql", Some("20240131_x.sql")),
            ("V1.2__x.sql", None),
            ("1.2_x.sql", None),
        ] {
            assert_eq!(FileName::parse(file).unwrap_err().suggestion(), suggestion, "{file}");
        }
    }

    proptest! {
        #[test]
        fn every_suggestion_is_a_valid_name(file in ".{0,20}(\\.up|\\.down|\\.UP)?\\.(sql|SQL)") {
            if let Err(error) = FileName::parse(&file)
                && let Some(suggestion) = error.suggestion()
            {
                let named = suggestion.replace("NNN", "1");
                prop_assert!(matches!(FileName::parse(&named), Ok(Some(_))), "{file:?} -> {suggestion:?}");
            }
        }

        #[test]
        fn valid_names_keep_their_parts(version in 0..=i64::MAX, name in "[A-Za-z0-9_-]*[A-Za-z0-9][A-Za-z0-9_-]*") {
            let parsed = FileName::parse(&format!("{version}_{name}.up.sql")).unwrap().unwrap();
            prop_assert_eq!((parsed.version.number(), parsed.name), (version, name));
        }
    }
}
