//! Directories of migrations as git knows them, also where they had or have another name.

use std::collections::BTreeSet;

use gapless::{Layout, Pattern};

use super::git::Git;
use super::tree::{Tree, identify};
use crate::exit::CommandError;

/// A pattern as git knows it: the path before the star and the path after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) before: String,
    after: Option<String>,
}

impl Place {
    pub(super) fn of(git: &Git, tree: &Tree, pattern: &Pattern) -> Result<Place, CommandError> {
        let (before, after) = match pattern.as_str().split_once("/*") {
            Some((before, after)) => (before, Some(after.trim_start_matches('/').to_owned())),
            None => (pattern.as_str(), None),
        };
        let relative = git.relative(&tree.root.join(before)).filter(|relative| !relative.is_empty());
        let before = relative.ok_or_else(|| {
            CommandError::failed(format!(
                "{} lies outside of the git repository",
                tree.root.join(before).display()
            ))
        })?;
        Ok(Place { before, after })
    }

    pub(super) fn pattern(&self) -> Option<Pattern> {
        let text = match &self.after {
            None => self.before.clone(),
            Some(after) => format!("{}/*/{after}", self.before),
        };
        Pattern::new(&text).ok()
    }

    /// The directory that the file lies in or below, and its path from there.
    pub(super) fn split<'p>(&self, path: &'p str) -> Option<(&'p str, &'p str)> {
        let rest = path.strip_prefix(&*self.before)?.strip_prefix('/')?;
        let rest = match &self.after {
            None => rest,
            Some(after) => {
                let below = rest.split_once('/')?.1;
                if after.is_empty() { below } else { below.strip_prefix(&**after)?.strip_prefix('/')? }
            }
        };
        Some((&path[..path.len() - rest.len() - 1], rest))
    }
}

/// The directories that migrations of these places have gone to, or have come from. Each pair is a file in one of the
/// places and what git takes for the same file.
pub(super) fn counterparts<'p>(
    pairs: impl IntoIterator<Item = (&'p str, &'p str)>,
    places: &[&Place],
    layout: Layout,
) -> BTreeSet<Place> {
    let counterpart = |(path, other): (&str, &str)| {
        let (_, rest) = places.iter().find_map(|place| place.split(path))?;
        let depth = rest.split('/').count();
        let start = other.rmatch_indices('/').nth(depth - 1)?.0;
        let (directory, rest) = (&other[..start], &other[start + 1..]);
        let (entry, is_directory) = rest.split_once('/').map_or((rest, false), |(entry, _)| (entry, true));
        identify(layout, entry, is_directory)?;
        Some(Place { before: directory.to_owned(), after: None })
    };
    pairs.into_iter().filter_map(counterpart).filter(|place| !places.contains(&place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_found_by_the_files_that_have_moved() {
        let place = |before: &str, after: Option<&str>| Place {
            before: before.to_owned(),
            after: after.map(str::to_owned),
        };
        let found = |pair: (&'static str, &'static str), place: &Place, layout: Layout| {
            let found = counterparts([pair], &[place], layout);
            found.into_iter().map(|place| place.before).collect::<Vec<_>>().join(" ")
        };
        let one = place("db/m", None);
        assert_eq!(found(("db/m/1_a.sql", "old/1_b.sql"), &one, Layout::Native), "old");
        assert_eq!(found(("db/m/1_a.sql", "1_b.sql"), &one, Layout::Native), "", "the top itself");
        assert_eq!(found(("db/m/1_a.sql", "old/b.sql"), &one, Layout::Native), "", "no migration");
        assert_eq!(found(("db/x/1_a.sql", "old/1_a.sql"), &one, Layout::Native), "", "another directory");
        assert_eq!(found(("db/m/1_a.sql", "db/m/2_a.sql"), &one, Layout::Native), "", "within it");
        assert_eq!(found(("db/m/1_a/up.sql", "x/y/2_a/up.sql"), &one, Layout::Diesel), "x/y");
        let star = place("modules", Some("sql"));
        assert_eq!(found(("modules/a/sql/1_a.sql", "old/a/1_a.sql"), &star, Layout::Native), "old/a");
    }
}
