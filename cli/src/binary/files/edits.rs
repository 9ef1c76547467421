//! Collects what is to happen to the files of migrations, and takes `renames.txt` and `migrations.lock` along.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use gapless::{Checksum, Layout, Version};
use gapless_core::{LOCK, RENAMES, no_file, normalise, odd_renames, stem as native_stem};

use super::change::{Change, Changes};
use super::tree::{Entry, Tree};
use crate::exit::CommandError;

/// Changes of a tree that are not made yet.
#[derive(Debug)]
pub(super) struct Edits<'t> {
    tree: &'t Tree,
    moves: Vec<Change>,
    writes: Vec<Change>,
    /// For each directory, the entries that get another name, or none.
    names: BTreeMap<usize, Vec<(String, Option<String>)>>,
    /// For each directory, the new texts by the names of entries.
    texts: BTreeMap<usize, Vec<(String, String)>>,
    renames: BTreeMap<usize, Vec<RenameEdit>>,
}

/// A change of `renames.txt`.
#[derive(Clone, Debug)]
enum RenameEdit {
    /// A line `old -> new` is added.
    Declared { old: String, new: String },
    /// What led to the old name leads to the new one.
    Led { old: String, new: String },
    /// What this name leads to is forgotten: it is a migration again.
    Freed { name: String },
}

impl<'t> Edits<'t> {
    pub(super) fn new(tree: &'t Tree) -> Edits<'t> {
        Edits {
            tree,
            moves: Vec::new(),
            writes: Vec::new(),
            names: BTreeMap::new(),
            texts: BTreeMap::new(),
            renames: BTreeMap::new(),
        }
    }

    fn directory(&self, directory: usize) -> &'t Path {
        &self.tree.directories[directory].path
    }

    /// Gives an entry another name in its directory, and what says how to run it along.
    pub(super) fn rename(&mut self, entry: &Entry, name: String) {
        let at = self.directory(entry.directory);
        self.moves.push(Change::Rename { from: at.join(&entry.entry), to: at.join(&name) });
        let settings = at.join(format!("{}.conf", entry.entry));
        if self.tree.rules.layout == Layout::Flyway && settings.symlink_metadata().is_ok() {
            self.moves.push(Change::Rename { from: settings, to: at.join(format!("{name}.conf")) });
        }
        self.names.entry(entry.directory).or_default().push((entry.entry.clone(), Some(name)));
    }

    /// Removes an entry, and what says how to run it.
    pub(super) fn remove(&mut self, entry: &Entry) {
        let at = self.directory(entry.directory);
        self.moves.push(Change::Remove { path: at.join(&entry.entry) });
        let settings = at.join(format!("{}.conf", entry.entry));
        if self.tree.rules.layout == Layout::Flyway && settings.symlink_metadata().is_ok() {
            self.moves.push(Change::Remove { path: settings });
        }
        self.names.entry(entry.directory).or_default().push((entry.entry.clone(), None));
    }

    /// Writes a file of a migration, under the name that it has at the end.
    pub(super) fn write(&mut self, directory: usize, name: String, text: String, note: String) {
        self.writes.push(Change::Write {
            path: self.directory(directory).join(&name),
            text: text.clone(),
            note,
        });
        self.texts.entry(directory).or_default().push((name, text));
    }

    /// Adds the line `old -> new` to the directory's `renames.txt`.
    pub(super) fn declare(&mut self, directory: usize, old: &str, new: &str) {
        let edit = RenameEdit::Declared { old: old.to_owned(), new: new.to_owned() };
        self.renames.entry(directory).or_default().push(edit);
        // Back to a name that it has had: a name that is there leads nowhere else.
        for directory in 0..self.tree.directories.len() {
            let edit = RenameEdit::Freed { name: new.to_owned() };
            self.renames.entry(directory).or_default().push(edit);
        }
    }

    /// Lets lines of every `renames.txt` that lead to `old` lead to `new`.
    pub(super) fn lead(&mut self, old: &str, new: &str) {
        for directory in 0..self.tree.directories.len() {
            let edit = RenameEdit::Led { old: old.to_owned(), new: new.to_owned() };
            self.renames.entry(directory).or_default().push(edit);
        }
    }

    /// The changes, in the order in which they are to be made.
    pub(super) fn finish(mut self) -> Result<Changes, CommandError> {
        self.refuse_former_names()?;
        for (directory, edits) in &self.renames {
            let path = self.directory(*directory).join(RENAMES);
            let before = read(&path)?;
            let text = edited(self.tree.rules.layout, before.as_deref().unwrap_or_default(), edits);
            if text != before.unwrap_or_default() {
                let lines: Vec<_> = edits.iter().filter_map(RenameEdit::declared).collect();
                let note =
                    if lines.is_empty() { "lines that lead there".to_owned() } else { lines.join(", ") };
                self.writes.push(Change::Write { path, text, note });
            }
        }
        let touched: Vec<_> = self.names.keys().chain(self.texts.keys()).copied().collect();
        for directory in 0..self.tree.directories.len() {
            if touched.contains(&directory) {
                let change = self.lock(directory)?;
                self.writes.extend(change);
            }
        }
        let at = touched.iter().min().map_or(self.tree.place(), |first| self.directory(*first));
        Ok(Changes { at: at.to_owned(), list: self.moves.into_iter().chain(self.writes).collect() })
    }

    /// Refuses a `renames.txt` that cannot be read, and a new name that another migration had: databases know that one by
    /// it.
    fn refuse_former_names(&self) -> Result<(), CommandError> {
        let layout = self.tree.rules.layout;
        let edits: Vec<_> = self.renames.values().flatten().collect();
        let mut lines = Vec::new();
        for directory in 0..self.tree.directories.len() {
            let path = self.directory(directory).join(RENAMES);
            let text = if edits.is_empty() { None } else { read(&path)? }.unwrap_or_default();
            if let Some((number, line)) = odd_renames(&text).into_iter().next() {
                return Err(CommandError::failed(format!(
                    "{}:{number}: `{line}` is not a rename\nhelp: write `old_name -> new_name`, one per line",
                    path.display()
                )));
            }
            let read = text.lines().filter_map(sides);
            lines.extend(read.map(|(from, to)| (from.to_owned(), to.to_owned())));
        }
        let leads = |name: &str| lines.iter().find(|(from, _)| same(layout, from, name)).map(|(_, to)| &**to);
        for edit in edits {
            let RenameEdit::Declared { old, new } = edit else { continue };
            let mut now = leads(new);
            for _ in 0..lines.len() {
                now = now.and_then(leads).or(now);
            }
            if let Some(now) = now.filter(|now| !same(layout, now, old)) {
                return Err(CommandError::usage(format!(
                    "`{new}` is a former name of `{now}`, as {RENAMES} says\nhelp: choose another name: databases may know \
                     `{now}` by this one"
                )));
            }
        }
        Ok(())
    }

    /// The lock of a directory with the new names and texts. What contradicts it still does afterwards.
    fn lock(&self, directory: usize) -> Result<Option<Change>, CommandError> {
        let path = self.directory(directory).join(LOCK);
        let Some(before) = read(&path)? else { return Ok(None) };
        let comments: String =
            before.lines().filter(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        let mut lines = BTreeMap::new();
        for line in before.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            let parts = line.split_once(' ').filter(|(checksum, _)| checksum.parse::<Checksum>().is_ok());
            let Some((checksum, name)) = parts else {
                return Err(CommandError::failed(format!(
                    "{} has a line that is not a checksum and a file name: {line}\nhelp: write it anew first, with \
                     `gapless lock`",
                    path.display()
                )));
            };
            let name = name.trim_start_matches([' ', '*']).trim_end();
            let old = name.strip_prefix("./").unwrap_or(name);
            let Some(new) = self.renamed(directory, old) else { continue };
            let then = self.directory(directory).join(old);
            let matched =
                read(&then)?.is_some_and(|text| Checksum::of(&normalise(&text)).to_string() == checksum);
            let text = self.text(directory, &new).filter(|_| matched);
            let checksum =
                text.map_or_else(|| checksum.to_owned(), |text| Checksum::of(&normalise(text)).to_string());
            lines.insert(new, checksum);
        }
        for (name, text) in self.texts.get(&directory).into_iter().flatten() {
            let is_new =
                !self.directory(directory).join(name).exists() && self.names_to(directory, name).is_none();
            if is_new {
                lines.insert(name.clone(), Checksum::of(&normalise(text)).to_string());
            }
        }
        let text: String = lines.iter().map(|(name, checksum)| format!("{checksum}  {name}\n")).collect();
        let text = comments + &text;
        let note = "the new names and texts".to_owned();
        Ok((text != before).then_some(Change::Write { path, text, note }))
    }

    /// The name that a file has at the end; `None` if it is removed.
    fn renamed(&self, directory: usize, name: &str) -> Option<String> {
        for (old, new) in self.names.get(&directory).into_iter().flatten() {
            let below = name.strip_prefix(&**old).filter(|rest| rest.is_empty() || rest.starts_with('/'));
            if let Some(below) = below {
                return new.as_ref().map(|new| format!("{new}{below}"));
            }
        }
        Some(name.to_owned())
    }

    fn names_to(&self, directory: usize, name: &str) -> Option<&str> {
        let entry = name.split('/').next().unwrap_or(name);
        let mut names = self.names.get(&directory).into_iter().flatten();
        names.find(|(_, new)| new.as_deref() == Some(entry)).map(|(old, _)| &**old)
    }

    fn text(&self, directory: usize, name: &str) -> Option<&str> {
        let mut texts = self.texts.get(&directory).into_iter().flatten();
        texts.find(|(known, _)| known == name).map(|(_, text)| &**text)
    }
}

impl RenameEdit {
    fn declared(&self) -> Option<String> {
        match self {
            RenameEdit::Declared { old, new } => Some(format!("{old} -> {new}")),
            RenameEdit::Led { .. } | RenameEdit::Freed { .. } => None,
        }
    }
}

/// The text of `renames.txt` with these edits, and its own line endings.
fn edited(layout: Layout, before: &str, edits: &[RenameEdit]) -> String {
    let ending = if before.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = before.lines().map(str::to_owned).collect();
    for edit in edits {
        match edit {
            RenameEdit::Led { old, new } => {
                for line in &mut lines {
                    let Some((from, _)) = sides(line).filter(|(_, to)| same(layout, to, old)) else {
                        continue;
                    };
                    *line = format!("{from} -> {new}");
                }
            }
            RenameEdit::Declared { old, new } => lines.push(format!("{old} -> {new}")),
            RenameEdit::Freed { name } => {
                lines.retain(|line| sides(line).is_none_or(|(from, _)| !same(layout, from, name)));
            }
        }
    }
    let text: String = lines.iter().map(|line| format!("{line}{ending}")).collect();
    // What nothing was changed in stays as it is to the last byte.
    if before.lines().eq(lines.iter().map(String::as_str)) { before.to_owned() } else { text }
}

/// True if two identifiers of `renames.txt` mean one migration.
fn same(layout: Layout, one: &str, other: &str) -> bool {
    one == other || (key(layout, one).is_some() && key(layout, one) == key(layout, other))
}

/// Both sides of a line that declares a rename.
fn sides(line: &str) -> Option<(&str, &str)> {
    if line.trim_start().starts_with('#') {
        return None;
    }
    line.split_once("->").map(|(from, to)| (from.trim(), to.trim()))
}

/// What an identifier of `renames.txt` means: `0001_a` and `1_a.up.sql` are the same.
fn key(layout: Layout, text: &str) -> Option<(Version, String)> {
    let text = super::tree::stem(layout, text);
    let native = native_stem(text).map(|(version, name)| (version, name.to_owned()));
    native.or_else(|| {
        layout.identify(&if layout == Layout::Diesel { text.to_owned() } else { format!("{text}.sql") })
    })
}

/// The text of a file; `None` if there is none.
pub(super) fn read(path: &PathBuf) -> Result<Option<String>, CommandError> {
    if let Some(kind) = no_file(path) {
        return Err(CommandError::failed(format!("{} is a {kind}, not a file", path.display())));
    }
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CommandError::failed(format!("cannot read {}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_keep_their_line_endings_and_comments() {
        let declared =
            |old: &str, new: &str| RenameEdit::Declared { old: old.to_owned(), new: new.to_owned() };
        let led = |old: &str, new: &str| RenameEdit::Led { old: old.to_owned(), new: new.to_owned() };
        let edit = |before: &str, edit: RenameEdit| edited(Layout::Native, before, &[edit]);
        let freed = RenameEdit::Freed { name: "1_b".to_owned() };
        assert_eq!(edit("", declared("1_a", "1_b")), "1_a -> 1_b\n");
        assert_eq!(
            edit("# why\r\n1_x -> 1_a\r\n", declared("1_a", "1_b")),
            "# why\r\n1_x -> 1_a\r\n1_a -> 1_b\r\n"
        );
        assert_eq!(
            edit("1_x -> 2_y", declared("1_a", "1_b")),
            "1_x -> 2_y\n1_a -> 1_b\n",
            "without a newline at its end"
        );
        assert_eq!(edit("0001_b -> 1_a\n# 1_b\n", freed), "# 1_b\n", "back to a former name");
        assert_eq!(edit("0_x -> 0001_a.up.sql\n# 1_a\n", led("1_a", "2_a")), "0_x -> 2_a\n# 1_a\n");
        assert_eq!(edit("0_x -> 3_a", led("1_a", "2_a")), "0_x -> 3_a", "nothing changes");
    }
}
