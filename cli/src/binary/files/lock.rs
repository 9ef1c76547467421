//! `lock`: writes `migrations.lock`, or checks that it is there and holds.

use std::collections::BTreeMap;

use gapless::MigrationSet;
use gapless_core::{LOCK, LockChange, LockChangeKind, lock_changes, write_locks};

use super::edits::read;
use super::tree::Tree;
use crate::ask::Consent;
use crate::binary::configuration::Configuration;
use crate::exit::{CommandError, Exit};
use crate::output::{Output, counted};

#[derive(Clone, Debug, clap::Args)]
pub(in crate::binary) struct Arguments {
    /// Write nothing; fail if a directory has no lock, or files are not as it says
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    consent: Consent,
}

pub(in crate::binary) fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let tree = Tree::read(configuration)?;
    if arguments.check {
        return check(&tree, output);
    }
    let before = tree.locks()?;
    // A lock is there so that edits are noticed: whoever writes it anew should see them.
    let changes = lock_changes(&tree.root, &tree.patterns, tree.rules).map_err(CommandError::refused)?;
    show(&changes, output)?;
    let only_adds = changes.iter().all(|change| change.kind == LockChangeKind::Added);
    if !only_adds && !arguments.consent.given("write the lock anew?")? {
        output.line("nothing was changed")?;
        return Ok(Exit::Failed);
    }
    write_locks(&tree.root, &tree.patterns, tree.rules).map_err(CommandError::refused)?;
    let after = tree.locks()?;
    for (path, text) in &after {
        let files = counted(text.as_deref().unwrap_or_default().lines().count(), "file");
        let state = if before.get(path) == Some(text) { "unchanged" } else { "written" };
        output.line(format_args!("{path}: {files}, {state}"))?;
    }
    Ok(Exit::Done)
}

fn check(tree: &Tree, output: &mut Output) -> Result<Exit, CommandError> {
    let bare = tree.directories.iter().find(|one| !one.path.join(LOCK).exists());
    if let Some(bare) = bare {
        return Err(CommandError::failed(format!(
            "{} has no {LOCK}\nhelp: write it with `gapless lock`",
            bare.shown
        )));
    }
    let set = MigrationSet::scan(&tree.root, &tree.patterns, tree.rules).map_err(CommandError::refused)?;
    output.line(format_args!("{}: as locked", counted(set.migrations().len(), "migration")))?;
    Ok(Exit::Done)
}

/// Prints what the new locks change.
fn show(changes: &[LockChange], output: &mut Output) -> Result<(), CommandError> {
    let (added, others): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| change.kind == LockChangeKind::Added);
    for change in added {
        output.line(format_args!("added {}", change.file))?;
    }
    for LockChange { file, kind } in &others {
        let what = match kind {
            LockChangeKind::Unreadable(reason) => {
                output.line(format_args!("{file} cannot say what was edited: {reason}"))?;
                continue;
            }
            LockChangeKind::EditedOnOneSide => "is listed with another text by one side of the merge",
            LockChangeKind::Missing => "is listed, but missing",
            _ => "was edited since migrations.lock was written",
        };
        output.line(format_args!("{file} {what}"))?;
    }
    if !others.is_empty() {
        output.line(
            "note: a database that has applied the old text of a file refuses the new one; restore it from version control \
             then, and put the change into a new migration",
        )?;
    }
    Ok(())
}

impl Tree {
    /// The text of each directory's lock.
    fn locks(&self) -> Result<BTreeMap<String, Option<String>>, CommandError> {
        let texts = self.directories.iter().map(|directory| {
            let path = directory.path.join(LOCK);
            Ok((path.display().to_string(), read(&path)?))
        });
        texts.collect()
    }
}
