//! `new`: creates the files of a new migration.

use std::fs;
use std::path::PathBuf;

use gapless::{Layout, Version};
use gapless_core::{FileName, Kind};

use super::create::create;
use super::editor;
use super::git;
use super::numbering::{Numbering, Style, now, written};
use super::template::{Blueprint, Work};
use super::tree::{Directory, Tree};
use crate::binary::configuration::Configuration;
use crate::exit::{CommandError, Exit};
use crate::output::Output;
use crate::output::complain;

#[derive(Clone, Debug, clap::Args)]
pub(in crate::binary) struct Arguments {
    /// Name of the migration: letters, digits, `_` and `-`; spaces become `_`
    #[arg(required = true, num_args = 1..)]
    name: Vec<String>,
    /// Also create the down file, or the down section
    #[arg(long)]
    down: bool,
    /// For a migration in Rust: the file holds comments only
    #[arg(long)]
    rust: bool,
    /// Run it outside of a transaction
    #[arg(long)]
    no_transaction: bool,
    /// Open the new files in $VISUAL or $EDITOR
    #[arg(long)]
    edit: bool,
    /// Directory to create them in, if several are configured
    #[arg(long, value_name = "DIRECTORY")]
    into: Option<String>,
    /// Numbering [default: as found, `counter` in an empty directory]
    #[arg(long)]
    numbering: Option<Numbering>,
}

pub(in crate::binary) fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let name = safe_name(&arguments.name.join(" "))?;
    let editor = arguments.edit.then(editor::named).transpose()?;
    let mut tree = read_or_create(arguments, configuration)?;
    tree.refuse_leftovers()?;
    let at = tree.chosen(arguments.into.as_deref())?;
    let style = match arguments.numbering {
        Some(numbering) => Style::asked(&tree, numbering)?,
        None => Style::found(&tree, configuration.numbering.as_ref().map(|setting| setting.value)),
    };
    let (blueprint, skipped) = plan(arguments, &tree, name, style)?;
    let created = create(&tree.directories[at].path, &blueprint.files())?;
    for (version, branch) in skipped {
        complain(format_args!("note: {version} is taken on the branch {branch}"));
    }
    for path in &created {
        output.line(path.display())?;
    }
    tree.list()?;
    if let Some(editor) = editor {
        editor::open(&editor, &created)?;
    }
    Ok(Exit::Done)
}

/// The new migration, and the versions that other branches have taken.
fn plan(
    arguments: &Arguments,
    tree: &Tree,
    name: String,
    style: Style,
) -> Result<(Blueprint, Vec<(Version, String)>), CommandError> {
    let layout = tree.rules.layout;
    if arguments.down && layout == Layout::Refinery {
        return Err(CommandError::usage("refinery's layout has no down files\nhelp: leave --down out"));
    }
    let highest = tree.highest().map(|entry| (entry.named.version, written(layout, &entry.entry)));
    let (mut version, mut text) = style.next(highest, now())?;
    let taken = git::taken(tree).unwrap_or_default();
    let mut skipped = Vec::new();
    while let Some((_, branch)) = taken.iter().find(|(other, _)| *other == version) {
        skipped.push((version, branch.clone()));
        (version, text) = style.next(Some((version, &text)), now())?;
    }
    let work = if arguments.rust { Work::Rust } else { Work::Sql };
    let (down, no_transaction, ending) =
        (arguments.down, arguments.no_transaction, ending(tree, arguments.down));
    let mut blueprint = Blueprint { layout, version: text, name, down, work, no_transaction, ending };
    if fits(&blueprint, version).is_err() {
        // `0012_scale_down.sql` would read as a down file.
        blueprint.ending = ".up.sql";
    }
    fits(&blueprint, version)?;
    Ok((blueprint, skipped))
}

/// Makes sure that the layout reads the names as they are meant.
fn fits(blueprint: &Blueprint, version: Version) -> Result<(), CommandError> {
    let entry = blueprint.entry();
    match blueprint.layout.__entry(&entry) {
        Ok(Some(FileName { version: read, name, kind: Kind::Up, .. }))
            if read == version && name == blueprint.name =>
        {
            Ok(())
        }
        Err(error) => {
            let suggestion = error.suggestion().map(|name| format!("\nhelp: the file could be `{name}`"));
            let suggestion = suggestion.unwrap_or_default();
            Err(CommandError::usage(format!("`{}` cannot be the name: {error}{suggestion}", blueprint.name)))
        }
        Ok(_) => Err(CommandError::usage(format!(
            "`{}` cannot be the name: `{entry}` would be read otherwise",
            blueprint.name
        ))),
    }
}

/// The ending of the last up file.
fn ending(tree: &Tree, down: bool) -> &'static str {
    let ups = tree.entries.iter().rev().filter(|entry| entry.named.kind == Kind::Up);
    let plain = ups.map(|entry| !entry.entry.ends_with(".up.sql")).next().unwrap_or(false);
    if plain && !down { ".sql" } else { ".up.sql" }
}

/// The name in characters that every file system takes.
///
/// # Errors
///
/// A name that cannot be made safe without a guess.
pub(in crate::binary) fn safe_name(text: &str) -> Result<String, CommandError> {
    let joined = text.split_whitespace().collect::<Vec<_>>().join("_");
    let odd = joined.chars().find(|one| !one.is_ascii_alphanumeric() && !matches!(one, '_' | '-'));
    if let Some(odd) = odd {
        let kept = |one: char| if one.is_ascii_alphanumeric() || one == '-' { one } else { '_' };
        let nearest: String = joined.chars().map(kept).collect();
        let nearest = nearest.split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
        let help = if nearest.is_empty() { String::new() } else { format!(", for example `{nearest}`") };
        return Err(CommandError::usage(format!(
            "a name cannot hold {odd:?}\nhelp: use letters, digits, `_` and `-` (ASCII){help}"
        )));
    }
    if !joined.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        return Err(CommandError::usage(
            "the name is empty\nhelp: say in a word or two what the migration does",
        ));
    }
    // Longer ones do not fit where file systems are encrypted.
    if joined.len() > LONGEST {
        let length = joined.len();
        return Err(CommandError::usage(format!(
            "the name has {length} characters, and {LONGEST} are the most\nhelp: say the rest in a comment"
        )));
    }
    Ok(joined)
}

const LONGEST: usize = 100;

/// Reads the directories. One that is missing is created if it is the only one.
fn read_or_create(arguments: &Arguments, configuration: &Configuration) -> Result<Tree, CommandError> {
    let mut tree = Tree::empty(configuration)?;
    let wanted = arguments.into.as_deref().map(|into| into.trim_end_matches('/'));
    for pattern in &tree.patterns {
        let named = pattern.as_str();
        let alone = tree.patterns.len() == 1 || wanted == Some(named);
        let path = tree.root.join(named);
        if alone && !named.contains('*') && path.symlink_metadata().is_err() {
            fs::create_dir_all(&path).map_err(|error| {
                CommandError::failed(format!("cannot create {}: {error}", path.display()))
            })?;
        }
    }
    tree = Tree::read(configuration)?;
    Ok(tree)
}

impl Tree {
    /// The index of the directory to write into.
    fn chosen(&self, into: Option<&str>) -> Result<usize, CommandError> {
        let list = || self.shown_directories();
        match (into, &*self.directories) {
            (None, [_]) => Ok(0),
            (None, _) => Err(CommandError::usage(format!(
                "there are several directories: {}\nhelp: name one of them with --into",
                list()
            ))),
            (Some(into), directories) => {
                let resolved = |path: PathBuf| fs::canonicalize(path).ok();
                let wanted = resolved(self.root.join(into));
                let is = |one: &Directory| wanted.is_some() && resolved(one.path.clone()) == wanted;
                directories.iter().position(is).ok_or_else(|| {
                    CommandError::usage(format!("`{into}` is none of the directories: {}", list()))
                })
            }
        }
    }
}
