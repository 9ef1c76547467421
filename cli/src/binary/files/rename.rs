//! `rename`: gives a migration another name or version, and declares that.

use gapless::Layout;
use gapless_core::{FileName, Kind};

use super::edits::Edits;
use super::new::safe_name;
use super::numbering::written;
use super::settled;
use super::tree::{Entry, Tree, stem};
use crate::ask::Consent;
use crate::binary::configuration::Configuration;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

#[derive(Clone, Debug, clap::Args)]
pub(in crate::binary) struct Arguments {
    /// Migration: its version, or its file
    old: String,
    /// New name, or new version and name, such as `0013_invoices`
    new: String,
    #[command(flatten)]
    consent: Consent,
}

pub(in crate::binary) fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let Some(tree) = settled(configuration, &arguments.consent, output)? else { return Ok(Exit::Failed) };
    let entry = tree.find(&arguments.old)?;
    if entry.named.kind == Kind::Baseline {
        return Err(CommandError::usage(
            "a baseline is not renamed: databases know the migrations that it stands for",
        ));
    }
    let (version, name) = wanted(&tree, entry, &arguments.new)?;
    let renamed = renamed(&tree, entry, &version, &name)?;
    let mut edits = Edits::new(&tree);
    let layout = tree.rules.layout;
    for part in tree.of(entry.named.version, &entry.named.name) {
        edits.rename(part, replaced(layout, part, &version, &name));
    }
    edits.declare(entry.directory, entry.stem(layout), stem(layout, &renamed));
    let changes = edits.finish()?;
    changes.show(output)?;
    changes.make_if_agreed(&arguments.consent, "rename?", output)
}

/// The version, as it is written, and the name that the migration is to have.
fn wanted(tree: &Tree, entry: &Entry, new: &str) -> Result<(String, String), CommandError> {
    let layout = tree.rules.layout;
    let old = written(layout, &entry.entry);
    let text = stem(layout, new);
    let is_version = |digits: &str| {
        digits.starts_with(|first: char| first.is_ascii_digit())
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    if is_version(text) {
        let both = format!("{text}_{}", entry.named.name);
        return Err(CommandError::usage(format!(
            "`{new}` is a version without a name\nhelp: to give the migration this version, write `{both}`"
        )));
    }
    if let Some((digits, rest)) = text.split_once('_').filter(|(digits, _)| is_version(digits)) {
        return Ok((digits.to_owned(), safe_name(rest)?));
    }
    // As the layout writes it, with a letter before the version.
    if let Ok(Some(FileName { name, .. })) = layout.__entry(&format!("{text}.sql")) {
        return Ok((written(layout, text).to_owned(), name));
    }
    Ok((old.to_owned(), safe_name(text)?))
}

/// The new name of the entry, unless it is taken.
fn renamed(tree: &Tree, entry: &Entry, version: &str, name: &str) -> Result<String, CommandError> {
    let layout = tree.rules.layout;
    let renamed = replaced(layout, entry, version, name);
    let read = layout.__entry(&renamed);
    let Ok(Some(named)) = read else {
        let reason = read.err().map(|error| format!(": {error}")).unwrap_or_default();
        return Err(CommandError::usage(format!("`{renamed}` cannot be the name of a migration{reason}")));
    };
    if (named.version, &named.name) == (entry.named.version, &entry.named.name) {
        return Err(CommandError::usage(format!("{} has that name already", tree.shown(entry))));
    }
    let other = tree.entries.iter().find(|other| {
        other.named.version == named.version
            && other.named.kind != Kind::Down
            && other.named.kind != Kind::Baseline
            && other.named.version != entry.named.version
    });
    match other {
        None => Ok(renamed),
        Some(other) => Err(CommandError::usage(format!(
            "version {} is taken by {}\nhelp: choose a version that no file has",
            named.version,
            tree.shown(other)
        ))),
    }
}

/// An entry's name with another version and name.
fn replaced(layout: Layout, entry: &Entry, version: &str, name: &str) -> String {
    let stem = entry.stem(layout);
    let suffix = &entry.entry[stem.len()..];
    let old = written(layout, stem);
    let (before, rest) = stem.split_once(old).unwrap_or((stem, ""));
    let separator = match layout {
        Layout::Flyway | Layout::Refinery => "__",
        Layout::SqlMigrate if !rest.starts_with('_') => "-",
        _ => "_",
    };
    format!("{before}{version}{separator}{name}{suffix}")
}
