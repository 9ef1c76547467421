//! `renames.txt`: what is applied under another name than its file has now.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::directory::RENAMES;
use crate::scan::{Scanned, Scanner};
use crate::{FileName, Layout, Problem, Version};

/// A line of `renames.txt`: what had this identifier is the migration with that version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    from: Cow<'static, str>,
    to: Version,
}

impl Rename {
    pub(crate) fn new(from: String, to: Version) -> Rename {
        Rename { from: from.into(), to }
    }

    /// The macro's way to write it down as a constant.
    ///
    /// # Panics
    ///
    /// At compile time, on a negative version.
    #[doc(hidden)]
    pub const fn __embedded(from: &'static str, to: i64) -> Rename {
        Rename { from: Cow::Borrowed(from), to: Version::new(to).expect("a version is not negative") }
    }

    /// A copy for a set that is merged at compile time.
    ///
    /// # Panics
    ///
    /// At compile time, if it is not a constant.
    #[doc(hidden)]
    #[must_use]
    #[expect(clippy::panic, reason = "while a crate compiles, a panic is the error that its author sees")]
    pub const fn __copy(&self) -> Rename {
        match &self.from {
            Cow::Borrowed(from) => Rename { from: Cow::Borrowed(from), to: self.to },
            Cow::Owned(_) => panic!("only sets of `embed_migrations!` are merged at compile time"),
        }
    }

    /// The old identifier: `NNN_name`, or that of another tool.
    pub fn from(&self) -> &str {
        &self.from
    }

    /// The version and name that the old identifier spells; `None` for one of another tool.
    pub fn from_stem(&self) -> Option<(Version, &str)> {
        stem(&self.from)
    }

    /// The version of the migration that it is now.
    pub const fn to(&self) -> Version {
        self.to
    }
}

/// `NNN_name` taken apart; `None` for anything else.
pub fn stem(text: &str) -> Option<(Version, &str)> {
    let (digits, name) = text.split_once('_')?;
    let parsed = FileName::parse(&format!("{text}.up.sql")).ok()??;
    digits.parse().ok().filter(|version| *version == parsed.version).map(|version| (version, name))
}

impl Scanner<'_> {
    /// What the directories declare as renamed, each led to the migration that it is now.
    pub(crate) fn renames(&mut self, migrations: &[Scanned]) -> Vec<Rename> {
        let mut declared = Vec::new();
        for directory in &self.directories {
            let Some(text) = &directory.renames else { continue };
            let shown = format!("{}/{RENAMES}", directory.shown);
            let (read, odd) = lines(text);
            declared.extend(read.into_iter().map(|line| (directory.pattern, shown.clone(), line)));
            self.problems.extend(odd.into_iter().map(|(number, line)| {
                let problem = Problem::new(directory.pattern, format!("`{line}` is not a rename"));
                problem.file(format!("{shown}:{number}")).help("write `old_name -> new_name`, one a line")
            }));
        }
        let mut chain = BTreeMap::new();
        for (pattern, shown, line) in &declared {
            if chain.insert(&*line.from, &*line.to).is_some() {
                let problem = Problem::new(*pattern, format!("`{}` is renamed twice", line.from));
                self.problems
                    .push(problem.file(format!("{shown}:{}", line.number)).help("keep one of the lines"));
            }
        }
        // What is still there leads nowhere else, whatever a line says.
        chain.retain(|from, _| self.find(migrations, from).is_none());
        let mut renames = Vec::new();
        for (pattern, shown, line) in &declared {
            match self.rename(line, &chain, migrations) {
                Ok(rename) => renames.push(rename),
                Err((message, help)) => {
                    let problem = Problem::new(*pattern, message).file(format!("{shown}:{}", line.number));
                    self.problems.push(problem.help(help));
                }
            }
        }
        renames
    }

    fn rename(
        &self,
        line: &Line,
        chain: &BTreeMap<&str, &str>,
        migrations: &[Scanned],
    ) -> Result<Rename, (String, String)> {
        let Line { from, to, .. } = line;
        if self.find(migrations, from).is_some() {
            let help = "remove the line, or rename the file".to_owned();
            return Err((format!("`{from}` is declared as renamed, and its file is still there"), help));
        }
        let Some(last) = resolve(from, chain) else {
            return Err((
                format!("the renames of `{from}` go round in a circle"),
                "remove one of them".to_owned(),
            ));
        };
        let Some(version) = self.find(migrations, last) else {
            let help = "name a migration or a tombstone without its suffix, as in `0012_orders`".to_owned();
            return Err((format!("`{to}` is no migration of this set"), help));
        };
        Ok(Rename::new(from.clone(), version))
    }

    /// The migration that a stem names.
    fn find(&self, migrations: &[Scanned], stem: &str) -> Option<Version> {
        let (version, name) = self.named(stem)?;
        let at = migrations.binary_search_by_key(&version, |scanned| scanned.migration.version()).ok()?;
        migrations.get(at).filter(|scanned| scanned.migration.name() == name).map(|_| version)
    }

    /// A stem as this layout writes it, or as we do.
    fn named(&self, text: &str) -> Option<(Version, String)> {
        let native = stem(text).map(|(version, name)| (version, name.to_owned()));
        native.or_else(|| {
            let file =
                if self.rules.layout == Layout::Diesel { text.to_owned() } else { format!("{text}.sql") };
            let named = self.rules.layout.parse(&file).ok()??;
            Some((named.version, named.name))
        })
    }
}

/// A line: what it says, and its number, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// Reads the lines of a file, and those that are not `old -> new`, by number. Blank ones and those that begin
/// with `#` say nothing.
pub(crate) fn lines(text: &str) -> (Vec<Line>, Vec<(usize, String)>) {
    let mut lines = Vec::new();
    let mut odd = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim());
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.split_once("->").map(|(from, to)| (without_suffix(from), without_suffix(to))) {
            Some((from, to)) if !from.is_empty() && !to.is_empty() && !to.contains("->") => {
                lines.push(Line { number, from: from.to_owned(), to: to.to_owned() });
            }
            _ => odd.push((number, line.to_owned())),
        }
    }
    (lines, odd)
}

/// File names are taken for the stems that they have.
fn without_suffix(text: &str) -> &str {
    crate::name::stem(text.trim())
}

/// Where a chain of renames leads: `a -> b`, `b -> c` makes an `a` a `c`. `None` if it goes round in a circle.
pub(crate) fn resolve<'a>(from: &'a str, lines: &BTreeMap<&'a str, &'a str>) -> Option<&'a str> {
    let mut at = *lines.get(from)?;
    for _ in 0..lines.len() {
        match lines.get(at) {
            Some(next) => at = next,
            None => return Some(at),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_odd_ones_named() {
        let (read, odd) = lines("# why\n\n 0001_a.up.sql -> 0002_b \n20200101-x.sql -> 3_c\n");
        assert_eq!(odd, []);
        let told: Vec<_> = read.iter().map(|line| (line.number, &*line.from, &*line.to)).collect();
        assert_eq!(told, [(3, "0001_a", "0002_b"), (4, "20200101-x", "3_c")]);
        for odd in ["a b", "a ->", "-> b", "a -> b -> c", "a => b"] {
            assert_eq!(lines(odd), (vec![], vec![(1, odd.to_owned())]));
        }
    }

    #[test]
    fn chains_are_followed_and_circles_found() {
        let chain = BTreeMap::from([("a", "b"), ("b", "c")]);
        assert_eq!(resolve("a", &chain), Some("c"));
        assert_eq!(resolve("b", &chain), Some("c"));
        assert_eq!(resolve("a", &BTreeMap::from([("a", "b"), ("b", "a")])), None);
    }

    #[test]
    fn stems_are_taken_apart() {
        assert_eq!(stem("0012_a_b"), Some((Version::from(12), "a_b")));
        for other in ["20200101-x", "x", "_x", "1_", "1.2_x", "V1__x"] {
            assert_eq!(stem(other), None, "{other}");
        }
    }
}
