//! The commands that read and write files, and need no database.

mod base;
mod change;
pub(super) mod check;
mod compare;
pub(super) mod create;
mod editor;
mod edits;
mod finding;
mod git;
pub(super) mod lock;
mod mentions;
pub(super) mod new;
pub(super) mod numbering;
pub(super) mod rename;
pub(super) mod renumber;
pub(super) mod retire;
mod template;
pub(super) mod tree;

/// Returns those of the migrations that a base of this branch has not.
#[cfg(feature = "lint")]
pub(super) fn added_since<'a>(
    base: &str,
    configuration: &super::configuration::Configuration,
    migrations: impl Iterator<Item = &'a gapless::Migration>,
) -> Result<Vec<&'a gapless::Migration>, crate::exit::CommandError> {
    let base = base::Base::read(&tree::Tree::read(configuration)?, base)?;
    Ok(migrations.filter(|migration| !base.has(migration.version(), migration.name())).collect())
}

/// The directory as seen from the top of its git repository, where it is in one.
#[cfg(feature = "lint")]
pub(super) fn from_top(directory: &std::path::Path) -> Option<String> {
    git::Git::around(directory).ok()?.relative(directory)
}
