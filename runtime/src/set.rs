//! The set of embedded migrations.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

use gapless_core::{DuplicateVersion, Migration, Pattern, Problems, Rules};

use crate::Runner;

/// The migrations of an application, as [`embed_migrations!`](crate::embed_migrations) makes them.
///
/// Ascending, no version twice; see [`gapless_core::MigrationSet`] for what can be asked of it. Begin a
/// run with [`MigrationSet::runner`].
#[derive(Clone)]
pub struct MigrationSet(gapless_core::MigrationSet);

impl MigrationSet {
    /// The macro's way to write a set down as a constant.
    #[doc(hidden)]
    pub const fn __new(set: gapless_core::MigrationSet) -> MigrationSet {
        MigrationSet(set)
    }

    /// The set inside, where a constant may ask.
    #[doc(hidden)]
    pub const fn __core(&self) -> &gapless_core::MigrationSet {
        &self.0
    }

    /// Returns a set of migrations taken from other sets, in whatever order they come. Only
    /// [`embed_migrations!`](crate::embed_migrations) and [`scan`](MigrationSet::scan) make migrations. Renames and
    /// baselines stay behind.
    ///
    /// ```
    /// use gapless::{MigrationSet, Version, embed_migrations};
    ///
    /// static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    ///
    /// # fn main() -> Result<(), gapless::DuplicateVersion> {
    /// let first = MIGRATIONS.migrations().iter().filter(|migration| migration.version() <= Version::from(3));
    /// let first = MigrationSet::new(first.cloned().collect())?;
    /// assert_eq!(first.migrations().len(), 3);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Two with one version.
    pub fn new(migrations: Vec<Migration>) -> Result<MigrationSet, DuplicateVersion> {
        gapless_core::MigrationSet::new(migrations).map(MigrationSet)
    }

    /// Returns the set of what directories hold now, read as the macro reads them; for tools and tests.
    ///
    /// # Errors
    ///
    /// Every problem of every directory.
    pub fn scan(
        root: &Path,
        patterns: &[Pattern],
        rules: impl Into<Rules>,
    ) -> Result<MigrationSet, Problems> {
        gapless_core::MigrationSet::scan(root, patterns, rules).map(MigrationSet)
    }

    /// Begins a run; say how with the methods of [`Runner`], and end with one of `run`, `plan`, `verify`.
    pub fn runner(&self) -> Runner<'_> {
        Runner::new(&self.0)
    }
}

impl From<gapless_core::MigrationSet> for MigrationSet {
    fn from(set: gapless_core::MigrationSet) -> MigrationSet {
        MigrationSet(set)
    }
}

impl Deref for MigrationSet {
    type Target = gapless_core::MigrationSet;

    fn deref(&self) -> &gapless_core::MigrationSet {
        &self.0
    }
}

impl fmt::Debug for MigrationSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.migrations().iter().map(|migration| migration.path())).finish()
    }
}
