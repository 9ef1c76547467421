//! `retire`: leaves a tombstone in a migration's place.

use std::path::{Path, PathBuf};

use gapless_core::{Kind, instruction_in};

use super::edits::Edits;
use super::settled;
use crate::ask::Consent;
use crate::binary::configuration::Configuration;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

#[derive(Clone, Debug, clap::Args)]
pub(in crate::binary) struct Arguments {
    /// Migration: its version, or its file
    migration: String,
    /// Reason, which the tombstone keeps
    #[arg(long, value_name = "REASON")]
    why: String,
    #[command(flatten)]
    consent: Consent,
}

pub(in crate::binary) fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let Some(tree) = settled(configuration, &arguments.consent, output)? else { return Ok(Exit::Failed) };
    let entry = tree.find(&arguments.migration)?;
    match entry.named.kind {
        Kind::Up | Kind::Down => {}
        Kind::Tombstone => {
            return Err(CommandError::usage(format!("{} is a tombstone already", tree.shown(entry))));
        }
        Kind::Baseline => return Err(CommandError::usage("a baseline is not retired: remove its file")),
    }
    let text = comment(&arguments.why)?;
    if let Some(line) = instruction_in(&text, tree.rules) {
        return Err(CommandError::usage(format!(
            "the reason would be read as an instruction: `{line}`\nhelp: say it in other words"
        )));
    }
    let mut edits = Edits::new(&tree);
    for part in tree.of(entry.named.version, &entry.named.name) {
        if let Some(other) = foreign(&tree.directories[part.directory].path.join(&part.entry)) {
            return Err(CommandError::failed(format!(
                "{} is not a part of the migration, and would be removed with it\n\
                 help: move it elsewhere first",
                other.display()
            )));
        }
        edits.remove(part);
    }
    let name = format!("{}.tombstone.sql", entry.stem(tree.rules.layout));
    edits.write(entry.directory, name, text, "the tombstone".to_owned());
    let changes = edits.finish()?;
    changes.show(output)?;
    changes.make_if_agreed(&arguments.consent, "retire it?", output)
}

/// A file in the directory of a Diesel migration that Diesel does not read.
fn foreign(migration: &Path) -> Option<PathBuf> {
    let files = migration.read_dir().ok()?.filter_map(Result::ok);
    let mut files = files
        .filter(|file| !["up.sql", "down.sql", "metadata.toml"].iter().any(|name| file.file_name() == *name));
    files.next().map(|file| file.path())
}

/// The reason as comments.
fn comment(why: &str) -> Result<String, CommandError> {
    let lines: Vec<_> =
        why.trim().lines().map(|line| format!("-- {}", line.trim()).trim_end().to_owned()).collect();
    if lines.is_empty() {
        return Err(CommandError::usage(
            "the reason is empty\nhelp: say in a sentence why the migration was retired",
        ));
    }
    Ok(lines.join("\n") + "\n")
}
