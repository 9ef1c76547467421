//! `lock`: writes `migrations.lock`, or checks that it is there and holds.

use std::collections::BTreeMap;

use gapless::{MigrationSet, Problem, Problems};
use gapless_core::{LOCK, write_locks};

use super::edits::read;
use super::tree::Tree;
use crate::ask::Consent;
use crate::binary::configuration::Configuration;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::voice::in_commands;

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
    let failed = |problems: Problems| CommandError::failed(problems.to_string());
    let checked = MigrationSet::scan(&tree.root, &tree.patterns, tree.rules);
    if arguments.check {
        let bare: Vec<_> = tree.directories.iter().filter(|one| !one.path.join(LOCK).exists()).collect();
        if let Some(bare) = bare.first() {
            let shown = &bare.shown;
            return Err(CommandError::failed(format!(
                "{shown} has no {LOCK}\nhelp: write it with `gapless lock`"
            )));
        }
        let set = checked.map_err(failed)?;
        output.line(format_args!("{} migrations: as locked", set.migrations().len()))?;
        return Ok(Exit::Done);
    }
    let before = tree.locks()?;
    // A lock is there so that edits are noticed: whoever writes it anew should see them.
    if let (Err(problems), true) = (&checked, before.values().any(Option::is_some)) {
        if problems.iter().all(adds) {
            let added = problems.iter().flat_map(|problem| problem.files());
            added.into_iter().try_for_each(|file| output.line(format_args!("added {file}")))?;
        } else {
            output.line(in_commands(&problems.to_string()))?;
            if !arguments.consent.given("write the lock anew?")? {
                output.line("nothing was changed")?;
                return Ok(Exit::Failed);
            }
        }
    }
    write_locks(&tree.root, &tree.patterns, tree.rules).map_err(failed)?;
    let after = tree.locks()?;
    for (path, text) in &after {
        let lines = text.as_deref().unwrap_or_default().lines().count();
        let state = if before.get(path) == Some(text) { "unchanged" } else { "written" };
        output.line(format_args!("{path}: {lines} files, {state}"))?;
    }
    Ok(Exit::Done)
}

/// True if all that is wrong with a lock is that files have been added.
fn adds(problem: &Problem) -> bool {
    problem.to_string().starts_with("not listed in migrations.lock")
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
