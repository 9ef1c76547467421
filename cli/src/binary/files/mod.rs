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
mod place;
pub(super) mod rename;
pub(super) mod renumber;
pub(super) mod retire;
mod shell;
mod snapshot;
mod template;
pub(super) mod tree;
mod unfinished;

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

/// Creates a file of a migration, without overwriting any, and lists it in the directory's `migrations.lock`, if there
/// is one.
pub(super) fn add(
    tree: &tree::Tree,
    directory: usize,
    name: &str,
    text: &str,
) -> Result<std::path::PathBuf, crate::exit::CommandError> {
    let mut edits = edits::Edits::new(tree);
    edits.write(directory, name.to_owned(), text.to_owned(), String::new());
    let mut changes = edits.finish()?;
    let directory = &tree.directories[directory].path;
    let file = directory.join(name);
    changes.list.retain(|change| !matches!(change, change::Change::Write { path, .. } if *path == file));
    let created = create::one(directory, name, text)?;
    if !changes.list.is_empty() {
        changes.make().inspect_err(|_| drop(std::fs::remove_file(&created)))?;
    }
    Ok(created)
}

/// The configured directories, once what an interrupted command has left there is taken back. `None` if the user wants
/// it to stay.
fn settled(
    configuration: &super::configuration::Configuration,
    consent: &crate::ask::Consent,
    output: &mut crate::output::Output,
) -> Result<Option<tree::Tree>, crate::exit::CommandError> {
    let mut tree = tree::Tree::read(configuration)?;
    for directory in &tree.directories {
        let is_left = directory.path.join(gapless_core::UNFINISHED).symlink_metadata().is_ok();
        if is_left && !change::settle(&directory.path, consent, output)? {
            return Ok(None);
        }
    }
    tree.list()?;
    tree.refuse_leftovers()?;
    Ok(Some(tree))
}
