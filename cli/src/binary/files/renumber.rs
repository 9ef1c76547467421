//! `renumber`: puts a branch's own migrations behind those of its base.

use gapless_core::{Scan, scan_leniently};

use super::base::Base;
use super::compare::own;
use super::edits::{Edits, read};
use super::mentions::{Moved, reworded};
use super::numbering::{Style, now, written};
use super::settled;
use super::tree::{Entry, Tree};
use crate::ask::Consent;
use crate::binary::configuration::Configuration;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

#[derive(Clone, Debug, clap::Args)]
pub(in crate::binary) struct Arguments {
    /// Base of this branch: a branch or commit of git, such as `origin/main`
    #[arg(long, value_name = "REF")]
    base: String,
    /// Declare the renames, for databases that have applied the migrations under their old versions
    #[arg(long)]
    declare: bool,
    /// Show the changes and make none
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
}

pub(in crate::binary) fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let Some(tree) = settled(configuration, &arguments.consent, output)? else { return Ok(Exit::Failed) };
    // Two migrations with one version are a reason to be here.
    let (scan, _) = scan_leniently(&tree.root, &tree.patterns, tree.rules);
    let base = Base::read(&tree, &arguments.base)?;
    let moves = moves(&base, &tree, &scan)?;
    if moves.is_empty() {
        output.line(format_args!("nothing to do: no new migration lies below those of {}", base.name))?;
        return Ok(Exit::Done);
    }
    let changes = edits(&tree, &base, &scan, &moves, arguments.declare)?.finish()?;
    changes.show(output)?;
    if !arguments.declare {
        output.line(
            "note: a database that has applied one of them already finds it again only if renames.txt says so: give \
             --declare then",
        )?;
    }
    if arguments.dry_run {
        return Ok(Exit::Done);
    }
    changes.make_if_agreed(&arguments.consent, "renumber?", output)
}

/// A migration, and the version that it is to have, as it is written.
struct Move<'t> {
    entry: &'t Entry,
    version: String,
}

/// The migrations of the branch that need another version. Those behind them get one too where their order wants it.
fn moves<'t>(base: &Base, tree: &'t Tree, scan: &Scan) -> Result<Vec<Move<'t>>, CommandError> {
    let layout = tree.rules.layout;
    let own = own(base, tree, scan);
    let is_own = |entry: &Entry| own.iter().any(|other| std::ptr::eq(*other, entry));
    let theirs = base.tip.migrations().map(|entry| (entry.version, &*entry.entry));
    // What the base has left behind here, and the branch's tombstones and baselines, keep their versions.
    let stays = |entry: &&Entry| {
        !is_own(entry)
            && !own.iter().any(|other| {
                other.named.version == entry.named.version && entry.named.name == other.named.name
            })
    };
    let here = tree.entries.iter().filter(stays).map(|entry| (entry.named.version, &*entry.entry));
    let highest = theirs.chain(here).max_by_key(|(version, _)| *version);
    let Some((mut last, entry)) = highest else { return Ok(Vec::new()) };
    let mut text = written(layout, entry).to_owned();
    let style = Style::found(tree, None);
    let style = if let (Style::Counter(_), style @ Style::Date(_)) = (style, Style::of(&text)) {
        style
    } else {
        style
    };
    let mut moves = Vec::new();
    for entry in own {
        if entry.named.version > last {
            (last, text) = (entry.named.version, written(layout, &entry.entry).to_owned());
            continue;
        }
        (last, text) = style.next(Some((last, &text)), now())?;
        moves.push(Move { entry, version: text.clone() });
    }
    Ok(moves)
}

fn edits<'t>(
    tree: &'t Tree,
    base: &Base,
    scan: &Scan,
    moves: &[Move<'_>],
    declare: bool,
) -> Result<Edits<'t>, CommandError> {
    let layout = tree.rules.layout;
    let mut edits = Edits::new(tree);
    let mut moved = Vec::new();
    for Move { entry, version } in moves {
        let old = entry.stem(layout);
        let new = renumbered(tree, old, version);
        for part in tree.of(entry.named.version, &entry.named.name) {
            edits.rename(part, renumbered(tree, &part.entry, version));
        }
        edits.lead(old, &new);
        if declare {
            edits.declare(entry.directory, old, &new);
        }
        moved.push(Moved::new(entry, written(layout, old), version, old, &new));
    }
    // What was applied stays as it is to the last byte.
    if !declare {
        for entry in own(base, tree, scan) {
            for part in tree.of(entry.named.version, &entry.named.name) {
                reword(tree, part, moves, &moved, &mut edits)?;
            }
        }
    }
    Ok(edits)
}

/// Puts the new versions and names into the comments of an entry's files.
fn reword(
    tree: &Tree,
    part: &Entry,
    moves: &[Move<'_>],
    moved: &[Moved],
    edits: &mut Edits<'_>,
) -> Result<(), CommandError> {
    let key = (part.named.version, &part.named.name);
    let renumbering = moves.iter().find(|other| (other.entry.named.version, &other.entry.named.name) == key);
    let name = renumbering.map_or(part.entry.clone(), |other| renumbered(tree, &part.entry, &other.version));
    let path = tree.directories[part.directory].path.join(&part.entry);
    let files = if path.is_dir() { &["/up.sql", "/down.sql"][..] } else { &[""] };
    for file in files {
        // A file that is not UTF-8 is a problem of `check`.
        let Ok(Some(text)) = read(&format!("{}{file}", path.display()).into()) else { continue };
        if let Some((text, count)) = reworded(&text, tree.rules.syntax, moved) {
            let note = format!("{count} mention{} in comments", if count == 1 { "" } else { "s" });
            edits.write(part.directory, format!("{name}{file}"), text, note);
        }
    }
    Ok(())
}

/// An entry's name or stem with another version.
fn renumbered(tree: &Tree, name: &str, version: &str) -> String {
    let old = written(tree.rules.layout, name);
    match name.split_once(old) {
        Some((before, after)) if !old.is_empty() => format!("{before}{version}{after}"),
        _ => name.to_owned(),
    }
}

impl Moved {
    fn new(entry: &Entry, old: &str, new: &str, old_stem: &str, new_stem: &str) -> Moved {
        Moved {
            version: entry.named.version,
            old: old.to_owned(),
            new: new.to_owned(),
            old_stem: old_stem.to_owned(),
            new_stem: new_stem.to_owned(),
        }
    }
}
