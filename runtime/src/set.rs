//! The set of embedded migrations.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

use gapless_core::{DuplicateVersion, Migration, Pattern, Problems, Rules};

use crate::Runner;

/// Migrations of an application, made by [`embed_migrations!`](crate::embed_migrations).
///
/// They are in ascending order, and no version occurs twice. The set dereferences to [`gapless_core::MigrationSet`],
/// whose methods read it. Begin a run with [`MigrationSet::runner`].
#[derive(Clone)]
pub struct MigrationSet(gapless_core::MigrationSet);

impl MigrationSet {
    /// Makes a set in a constant, for the macro.
    #[doc(hidden)]
    pub const fn __new(set: gapless_core::MigrationSet) -> MigrationSet {
        MigrationSet(set)
    }

    /// Returns the inner set in a constant, for the macro.
    #[doc(hidden)]
    pub const fn __core(&self) -> &gapless_core::MigrationSet {
        &self.0
    }

    /// Returns a set of migrations from other sets, in any order. Only [`embed_migrations!`](crate::embed_migrations) and
    /// [`scan`](MigrationSet::scan) make migrations. The new set has no renames and no baseline.
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
    /// Two migrations with the same version.
    pub fn new(migrations: Vec<Migration>) -> Result<MigrationSet, DuplicateVersion> {
        gapless_core::MigrationSet::new(migrations).map(MigrationSet)
    }

    /// Reads directories at run time, as the macro reads them at build time; for tools and tests.
    ///
    /// # Errors
    ///
    /// All problems of all directories.
    pub fn scan(
        root: &Path,
        patterns: &[Pattern],
        rules: impl Into<Rules>,
    ) -> Result<MigrationSet, Problems> {
        gapless_core::MigrationSet::scan(root, patterns, rules).map(MigrationSet)
    }

    /// Returns the builder for a run.
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
