//! The directories of the configuration, and the entries in them that belong to migrations.

use std::fs;
use std::path::{Path, PathBuf};

use gapless::{Layout, Pattern, Rules, Version};
use gapless_core::{FileName, INTERRUPTED, INTERRUPTED_HELP, Kind, MAKESHIFT};

use crate::binary::configuration::Configuration;
use crate::binary::source;
use crate::exit::CommandError;

/// The configured directories. Files that have problems are listed too, as long as their names can be read.
#[derive(Debug)]
pub(in crate::binary) struct Tree {
    pub(in crate::binary) root: PathBuf,
    pub(in crate::binary) patterns: Vec<Pattern>,
    pub(in crate::binary) rules: Rules,
    pub(in crate::binary) directories: Vec<Directory>,
    pub(in crate::binary) entries: Vec<Entry>,
    /// Files under makeshift names, which an interrupted command has left.
    leftovers: Vec<PathBuf>,
}

/// A directory of migrations.
#[derive(Clone, Debug)]
pub(in crate::binary) struct Directory {
    /// As messages show it.
    pub(in crate::binary) shown: String,
    pub(in crate::binary) path: PathBuf,
}

/// An entry of a directory that belongs to a migration: a file, or where migrations are directories one of these.
#[derive(Clone, Debug)]
pub(in crate::binary) struct Entry {
    /// The index of its directory.
    pub(in crate::binary) directory: usize,
    /// Its name in that directory.
    pub(in crate::binary) entry: String,
    pub(in crate::binary) named: FileName,
}

impl Tree {
    /// Lists the configured directories.
    ///
    /// # Errors
    ///
    /// A directory that is missing or cannot be read.
    pub(in crate::binary) fn read(configuration: &Configuration) -> Result<Tree, CommandError> {
        let mut tree = Tree::empty(configuration)?;
        for (number, pattern) in tree.patterns.iter().enumerate() {
            let found = pattern.directories(&tree.root);
            let found = found
                .map_err(|error| CommandError::usage(configuration.as_given(number, &error.to_string())))?;
            tree.directories.extend(found.into_iter().map(|found| Directory::of(&tree.root, found)));
        }
        tree.list()?;
        Ok(tree)
    }

    /// Lists the configured directories that are there, and leaves the others out.
    pub(super) fn present(configuration: &Configuration) -> Result<Tree, CommandError> {
        let mut tree = Tree::empty(configuration)?;
        let found = |pattern: &Pattern| pattern.directories(&configuration.root);
        tree.patterns.retain(|pattern| found(pattern).is_ok());
        let directories = tree.patterns.iter().flat_map(found).flatten();
        tree.directories = directories.map(|found| Directory::of(&configuration.root, found)).collect();
        tree.list()?;
        Ok(tree)
    }

    /// The tree without its directories, which may be missing.
    pub(super) fn empty(configuration: &Configuration) -> Result<Tree, CommandError> {
        Ok(Tree {
            root: configuration.root.clone(),
            patterns: source::patterns(configuration)?,
            rules: source::rules(configuration, configuration.syntax())?,
            directories: Vec::new(),
            entries: Vec::new(),
            leftovers: Vec::new(),
        })
    }

    pub(super) fn list(&mut self) -> Result<(), CommandError> {
        self.entries.clear();
        self.leftovers.clear();
        for (index, directory) in self.directories.iter().enumerate() {
            for name in names(&directory.path)? {
                let path = directory.path.join(&name);
                if name.starts_with(MAKESHIFT) {
                    self.leftovers.push(path);
                    continue;
                }
                if let Some(named) = identify(self.rules.layout, &name, path.is_dir()) {
                    self.entries.push(Entry { directory: index, entry: name, named });
                }
            }
        }
        self.entries.sort_by(|one, other| {
            (one.named.version, one.directory, &one.entry).cmp(&(
                other.named.version,
                other.directory,
                &other.entry,
            ))
        });
        Ok(())
    }

    /// Refuses to change directories in which a command was interrupted: files that are not seen may be migrations.
    pub(super) fn refuse_leftovers(&self) -> Result<(), CommandError> {
        let Some(first) = self.leftovers.first() else { return Ok(()) };
        Err(CommandError::failed(format!("{INTERRUPTED}\n  {}\nhelp: {INTERRUPTED_HELP}", first.display())))
    }

    pub(super) fn shown(&self, entry: &Entry) -> String {
        format!("{}/{}", self.directories[entry.directory].shown, entry.entry)
    }

    /// The path of a shown file as it is typed in the current directory.
    pub(super) fn typed(&self, shown: &str) -> String {
        let below = self.directories.iter().find_map(|directory| {
            let rest = shown.strip_prefix(&*directory.shown)?.strip_prefix('/')?;
            Some(directory.path.join(rest).display().to_string())
        });
        below.unwrap_or_else(|| shown.to_owned())
    }

    /// A directory of the project.
    pub(super) fn place(&self) -> &Path {
        self.directories.first().map_or(&self.root, |directory| &directory.path)
    }

    pub(super) fn highest(&self) -> Option<&Entry> {
        self.entries.last()
    }

    /// The entries of this version and name.
    pub(super) fn of<'t>(&'t self, version: Version, name: &'t str) -> impl Iterator<Item = &'t Entry> {
        self.entries.iter().filter(move |entry| entry.named.version == version && entry.named.name == name)
    }

    /// The only entry of a migration, a tombstone or a baseline that this identifier names: a version, a stem, or a
    /// file's name or path.
    ///
    /// # Errors
    ///
    /// An identifier that names none, or more than one.
    pub(super) fn find(&self, identifier: &str) -> Result<&Entry, CommandError> {
        let last = identifier.rsplit(['/', '\\']).next().unwrap_or(identifier);
        let version = last.parse::<Version>().ok();
        let wanted = |entry: &&Entry| {
            let own = entry.named.version;
            entry.named.kind != Kind::Down
                && (version == Some(own) || entry.entry == last || entry.stem(self.rules.layout) == last)
        };
        let mut found = self.entries.iter().filter(wanted);
        match (found.next(), found.next()) {
            (Some(entry), None) => Ok(entry),
            (None, _) => Err(CommandError::usage(format!(
                "`{identifier}` is no migration of {}\nhelp: name its version, or its file",
                self.shown_directories()
            ))),
            (Some(one), Some(other)) => Err(CommandError::usage(format!(
                "`{identifier}` is more than one migration\n  {}\n  {}\nhelp: name its file",
                self.shown(one),
                self.shown(other)
            ))),
        }
    }

    pub(super) fn shown_directories(&self) -> String {
        self.directories.iter().map(|directory| &*directory.shown).collect::<Vec<_>>().join(", ")
    }
}

impl Directory {
    /// A directory that was found, by its path from the root.
    fn of(root: &Path, (shown, path): (String, PathBuf)) -> Directory {
        let path = if root.is_absolute() { shortened(path) } else { without_dot(&root.join(&shown)) };
        Directory { shown, path }
    }
}

/// The path without the current directory before it.
fn without_dot(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}

impl Entry {
    /// The name in the form of `renames.txt`: without suffixes.
    pub(super) fn stem(&self, layout: Layout) -> &str {
        stem(layout, &self.entry)
    }
}

/// An entry's name without its suffixes.
pub(super) fn stem(layout: Layout, entry: &str) -> &str {
    let special = entry.strip_suffix(".tombstone.sql").or_else(|| entry.strip_suffix(".baseline.sql"));
    let plain = || match layout {
        Layout::Diesel => entry,
        Layout::Native | Layout::GolangMigrate => [".up.sql", ".down.sql", ".sql"]
            .iter()
            .find_map(|suffix| entry.strip_suffix(suffix))
            .unwrap_or(entry),
        _ => entry.strip_suffix(".sql").unwrap_or(entry),
    };
    special.unwrap_or_else(plain)
}

/// Takes the name of an entry apart, if it belongs to a migration.
pub(super) fn identify(layout: Layout, name: &str, is_directory: bool) -> Option<FileName> {
    let special = name.ends_with(".tombstone.sql") || name.ends_with(".baseline.sql");
    // Diesel passes over other files, and every other tool over directories.
    let counts = if layout == Layout::Diesel { is_directory || special } else { !is_directory };
    layout.__entry(name).ok().flatten().filter(|_| counts)
}

/// The path as seen from the current directory, if it is below that.
pub(super) fn shortened(path: PathBuf) -> PathBuf {
    let current = std::env::current_dir().ok();
    let below = current.and_then(|current| path.strip_prefix(current).ok().map(Path::to_path_buf));
    below.filter(|below| !below.as_os_str().is_empty()).unwrap_or(path)
}

/// The names of a directory's entries, sorted.
fn names(directory: &Path) -> Result<Vec<String>, CommandError> {
    let read = || -> std::io::Result<Vec<String>> {
        let entries = fs::read_dir(directory)?;
        let mut names: Vec<String> = entries
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()?;
        names.sort();
        Ok(names)
    };
    read().map_err(|error| CommandError::failed(format!("cannot read {}: {error}", directory.display())))
}
