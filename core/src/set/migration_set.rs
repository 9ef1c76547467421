//! Holds migrations in ascending order, no version twice.

use std::borrow::Cow;
use std::fmt;

use super::digest::digest;
use super::layout::Layout;
use super::migration::Migration;
use super::rename::Rename;
use super::rules::Rules;
use super::version::Version;
use crate::sql::Syntax;

/// A set of migrations in ascending order, no version twice.
#[derive(Clone, Debug)]
pub struct MigrationSet {
    migrations: Cow<'static, [Migration]>,
    baseline: Option<Migration>,
    renames: Cow<'static, [Rename]>,
    sources: Cow<'static, [Cow<'static, str>]>,
    rules: Rules,
    digest: Option<i64>,
    /// The crate that embeds it; empty for a set that was read at run time or merged.
    package: &'static str,
}

/// The error for two migrations with one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateVersion {
    version: Version,
    paths: [String; 2],
}

impl fmt::Display for DuplicateVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.paths;
        write!(f, "two migrations have version {}: {first} and {second}", self.version)
    }
}

impl std::error::Error for DuplicateVersion {}

impl MigrationSet {
    /// The empty set.
    pub const EMPTY: MigrationSet = MigrationSet {
        migrations: Cow::Borrowed(&[]),
        baseline: None,
        renames: Cow::Borrowed(&[]),
        sources: Cow::Borrowed(&[]),
        rules: Rules::new(Syntax::Shared, Layout::Native),
        digest: Some(0),
        package: "",
    };

    /// Makes a set of migrations in any order.
    ///
    /// # Errors
    ///
    /// Two with one version.
    pub fn new(mut migrations: Vec<Migration>) -> Result<MigrationSet, DuplicateVersion> {
        migrations.sort_by_key(Migration::version);
        match migrations.windows(2).find(|pair| pair[0].version() == pair[1].version()) {
            Some(pair) => Err(DuplicateVersion {
                version: pair[0].version(),
                paths: [pair[0].path().to_owned(), pair[1].path().to_owned()],
            }),
            None => {
                let digest = digest(&migrations, None);
                Ok(MigrationSet { migrations: migrations.into(), digest, ..MigrationSet::EMPTY })
            }
        }
    }

    pub(crate) fn scanned(
        migrations: Vec<Migration>,
        baseline: Option<Migration>,
        renames: Vec<Rename>,
        sources: Vec<Cow<'static, str>>,
        rules: Rules,
    ) -> MigrationSet {
        let digest = digest(&migrations, baseline.as_ref());
        let (migrations, renames, sources) = (migrations.into(), renames.into(), Cow::Owned(sources));
        MigrationSet { migrations, baseline, renames, sources, rules, digest, package: "" }
    }

    /// Makes a set in the macro's expansion.
    ///
    /// # Panics
    ///
    /// At compile time, if the versions do not ascend.
    #[doc(hidden)]
    pub const fn __embedded(
        migrations: &'static [Migration],
        baseline: Option<Migration>,
        renames: &'static [Rename],
        sources: &'static [Cow<'static, str>],
        rules: Rules,
        digest: Option<i64>,
        package: &'static str,
    ) -> MigrationSet {
        let mut index = 1;
        while index < migrations.len() {
            let (low, high) = (migrations[index - 1].version(), migrations[index].version());
            assert!(low.number() < high.number(), "versions must ascend");
            index += 1;
        }
        MigrationSet {
            migrations: Cow::Borrowed(migrations),
            baseline,
            renames: Cow::Borrowed(renames),
            sources: Cow::Borrowed(sources),
            rules,
            digest,
            package,
        }
    }

    /// Returns the migrations, in ascending order.
    pub fn migrations(&self) -> &[Migration] {
        &self.migrations
    }

    /// Returns the migration with this version.
    pub fn find(&self, version: Version) -> Option<&Migration> {
        let at = self.migrations.binary_search_by_key(&version, Migration::version).ok()?;
        self.migrations.get(at)
    }

    /// Returns the highest version; `None` for an empty set.
    pub fn last_version(&self) -> Option<Version> {
        self.migrations.last().map(Migration::version)
    }

    /// Returns the baseline, which stands for all migrations up to its version on an empty database.
    pub const fn baseline(&self) -> Option<&Migration> {
        self.baseline.as_ref()
    }

    /// Returns the renames: migrations that may be applied under another name.
    pub fn renames(&self) -> &[Rename] {
        &self.renames
    }

    /// Returns the directories that the set was read from, relative to the embedding crate; none for a merged set.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(|source| &**source)
    }

    /// Returns the syntax by which the scripts were read.
    pub const fn syntax(&self) -> Syntax {
        self.rules.syntax
    }

    /// Returns the rules by which the directories were read.
    pub const fn rules(&self) -> Rules {
        self.rules
    }

    /// Returns the value of `bit_xor(hashtextextended(name, hashtextextended(checksum, version)))` in Postgres for an
    /// applied set of exactly these migrations. Returns `None` with a tombstone or a baseline, which leave the rows open.
    pub const fn digest(&self) -> Option<i64> {
        self.digest
    }

    /// Returns true if the migrations come from several directories, so that a name alone does not say which.
    pub fn is_composed(&self) -> bool {
        let merged = self.migrations.first().is_some_and(|first| first.package().is_some());
        merged || self.sources.len() > 1 || self.sources().any(|source| source.contains('*'))
    }

    /// Returns the crate that embeds it.
    #[doc(hidden)]
    pub const fn __package(&self) -> &'static str {
        self.package
    }

    /// Returns the migrations in a constant.
    #[doc(hidden)]
    #[expect(clippy::panic, reason = "while a crate compiles, a panic is the error that its author sees")]
    pub const fn __migrations(&self) -> &[Migration] {
        match &self.migrations {
            Cow::Borrowed(migrations) => migrations,
            Cow::Owned(_) => panic!("only sets of `embed_migrations!` are merged at compile time"),
        }
    }

    /// Returns the renames in a constant.
    #[doc(hidden)]
    #[expect(clippy::panic, reason = "while a crate compiles, a panic is the error that its author sees")]
    pub const fn __renames(&self) -> &[Rename] {
        match &self.renames {
            Cow::Borrowed(renames) => renames,
            Cow::Owned(_) => panic!("only sets of `embed_migrations!` are merged at compile time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn migration(number: i64) -> Migration {
        let version = Version::new(number).unwrap();
        Migration::new(version, "x".into(), format!("{number}_x.sql"), "SELECT 1".into())
    }

    proptest! {
        #[test]
        fn is_sorted_and_unique_or_not_at_all(numbers in proptest::collection::vec(0i64..30, 0..12)) {
            let mut unique = numbers.clone();
            unique.sort_unstable();
            unique.dedup();
            match MigrationSet::new(numbers.iter().copied().map(migration).collect()) {
                Ok(set) => {
                    let versions: Vec<_> = set.migrations().iter().map(|m| m.version().number()).collect();
                    prop_assert_eq!(versions, unique);
                    for number in 0..30 {
                        let version = Version::new(number).unwrap();
                        prop_assert_eq!(set.find(version).is_some(), numbers.contains(&number));
                    }
                }
                Err(_) => prop_assert!(unique.len() < numbers.len()),
            }
        }
    }
}
