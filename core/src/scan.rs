//! Reads directories of migrations and collects everything that is wrong with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::directive::directives;
use crate::name::{FileName, Kind};
use crate::refuse::refusal;
use crate::statement::{Fault, read};
use crate::{
    Directives, Down, Migration, MigrationSet, Pattern, Problem, Problems, Syntax, Version, normalise,
    snippet,
};

/// What a scan found: the migrations, ascending by version, and their files.
#[derive(Debug)]
pub struct Scan {
    migrations: Vec<Scanned>,
    patterns: Vec<Pattern>,
    syntax: Syntax,
}

/// A migration and the files that it was read from.
#[derive(Debug)]
pub struct Scanned {
    /// The migration.
    pub migration: Migration,
    /// The file of [`Migration::sql`].
    pub up: ScannedFile,
    /// The file of [`Migration::down`].
    pub down: Option<ScannedFile>,
}

/// A file that was read.
#[derive(Debug)]
pub struct ScannedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Whether its text was normalised, so that it differs from the file's bytes.
    pub rewritten: bool,
}

impl Scan {
    /// The migrations, ascending.
    pub fn migrations(&self) -> &[Scanned] {
        &self.migrations
    }

    /// The set without its files.
    pub fn into_set(self) -> MigrationSet {
        let migrations = self.migrations.into_iter().map(|scanned| scanned.migration).collect();
        MigrationSet::scanned(migrations, &self.patterns, self.syntax)
    }
}

/// Reads the directories that the patterns name below `root`.
///
/// # Errors
///
/// Every problem of every directory, file and script at once.
pub fn scan(root: &Path, patterns: &[Pattern], syntax: Syntax) -> Result<Scan, Problems> {
    let mut scanner = Scanner { root, syntax, problems: Vec::new(), files: Vec::new() };
    let mut seen = BTreeMap::new();
    for (index, pattern) in patterns.iter().enumerate() {
        match pattern.directories(root) {
            Err(error) => scanner.problems.push(Problem::new(index, error.to_string())),
            Ok(directories) => {
                for (relative, path) in directories {
                    let known = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                    if seen.insert(known, ()).is_some() {
                        let problem = Problem::new(index, format!("`{relative}` is named twice"));
                        scanner.problems.push(problem.help("name each directory once"));
                    } else {
                        scanner.directory(index, &relative, &path);
                    }
                }
            }
        }
    }
    let migrations = scanner.assemble();
    Problems::check(scanner.problems)?;
    Ok(Scan { migrations, patterns: patterns.to_vec(), syntax })
}

/// A file whose name is a migration's.
struct File {
    name: FileName,
    pattern: usize,
    /// Relative to the root, with forward slashes: what messages and the table show.
    shown: String,
    path: PathBuf,
}

struct Scanner<'a> {
    root: &'a Path,
    syntax: Syntax,
    problems: Vec<Problem>,
    files: Vec<File>,
}

impl Scanner<'_> {
    fn directory(&mut self, pattern: usize, relative: &str, path: &Path) {
        let names = match sorted_names(path) {
            Ok(names) => names,
            Err(error) => {
                let problem = Problem::new(pattern, format!("the directory cannot be read: {error}"));
                return self.problems.push(problem.file(relative));
            }
        };
        let known = self.files.len() + self.problems.len();
        for name in names {
            let (shown, path) = (format!("{relative}/{name}"), path.join(&name));
            if path.is_dir() {
                self.subdirectory(pattern, shown, &name, &path);
                continue;
            }
            match FileName::parse(&name) {
                Ok(None) => {}
                Ok(Some(name)) => self.files.push(File { name, pattern, shown, path }),
                Err(error) => {
                    let help = error.suggestion().map_or_else(
                        || "a version is often a counter or a date, as in `20260131120000`".to_owned(),
                        |suggestion| format!("rename it to `{suggestion}`"),
                    );
                    let problem = Problem::new(pattern, format!("not a migration's file name: {error}"));
                    self.problems.push(problem.file(shown).help(help));
                }
            }
        }
        if known == self.files.len() + self.problems.len() {
            let help = "add the first migration, for example `0001_users.up.sql`, or correct the path";
            let problem = Problem::new(pattern, "the directory holds no migration").file(relative);
            self.problems.push(problem.help(help));
        }
    }

    fn subdirectory(&mut self, pattern: usize, shown: String, name: &str, path: &Path) {
        if !name.starts_with('.') && (is_sql(name) || holds_sql(path)) {
            let help = "move its files up, or name the directory in `embed_migrations!` too";
            let problem = Problem::new(pattern, "a subdirectory with SQL files would be passed over");
            self.problems.push(problem.file(shown).help(help));
        }
    }

    /// Pairs the files, reads them, and reports what does not fit.
    fn assemble(&mut self) -> Vec<Scanned> {
        let files = std::mem::take(&mut self.files);
        let next = next_version(&files);
        let mut versions: BTreeMap<Version, (Vec<File>, Vec<File>)> = BTreeMap::new();
        for file in files {
            let (ups, downs) = versions.entry(file.name.version).or_default();
            if file.name.kind == Kind::Up { ups.push(file) } else { downs.push(file) }
        }
        let mut migrations = Vec::with_capacity(versions.len());
        for (version, (ups, downs)) in versions {
            if ups.len() > 1 {
                self.duplicate(&format!("{} migrations have version {version}", ups.len()), &ups, &next);
            } else if let Some(up) = ups.first() {
                self.stray_downs(&downs, Some(up));
                let down = downs.iter().find(|down| down.name.name == up.name.name);
                migrations.extend(self.migration(up, down));
                continue;
            } else {
                self.stray_downs(&downs, None);
            }
            // Their texts are looked at all the same: every error at once.
            for file in ups.iter().chain(&downs) {
                self.script(file);
            }
        }
        migrations
    }

    fn duplicate(&mut self, message: &str, files: &[File], next: &str) {
        let pattern = files.iter().map(|file| file.pattern).max().unwrap_or_default();
        let problem = files.iter().fold(Problem::new(pattern, message), |p, file| p.file(&file.shown));
        let help = format!("give the one that is not applied anywhere yet another version{next}");
        self.problems.push(problem.help(help));
    }

    /// Down files beside no up file of the same stem.
    fn stray_downs(&mut self, downs: &[File], up: Option<&File>) {
        for down in downs {
            let problem = Problem::new(down.pattern, "a down migration without its up").file(&down.shown);
            let problem = match up {
                None => {
                    let wanted = format!("{}.up.sql", stem(&down.shown));
                    problem.help(format!("add `{wanted}`, or remove this file"))
                }
                Some(up) if up.name.name == down.name.name => continue,
                Some(up) => {
                    let case = up.name.name.eq_ignore_ascii_case(&down.name.name);
                    let differ = if case { "the names differ only in case" } else { "the names differ" };
                    let wanted = format!("{}.down.sql", stem(&up.shown));
                    problem.file(&up.shown).help(format!("{differ}: rename it to `{wanted}`"))
                }
            };
            self.problems.push(problem);
        }
        let same: Vec<_> =
            downs.iter().filter(|down| up.is_some_and(|up| up.name.name == down.name.name)).collect();
        if same.len() > 1 {
            let problem = Problem::new(same[1].pattern, "a migration with more than one down file");
            let problem = same.iter().fold(problem, |problem, file| problem.file(&file.shown));
            self.problems.push(problem.help("remove all but one"));
        }
    }

    fn migration(&mut self, up: &File, down: Option<&File>) -> Option<Scanned> {
        let (up_read, down_read) = (self.script(up), down.map(|down| (down, self.script(down))));
        let (text, directives, file) = up_read?;
        let FileName { version, name, .. } = up.name.clone();
        let mut migration = Migration::new(version, name, up.shown.clone(), text).with_directives(directives);
        let mut down_file = None;
        if let Some((down, read)) = down_read {
            let (text, _, file) = read?;
            migration = migration.with_down(Down::new(down.shown.clone(), text));
            down_file = Some(file);
        }
        Some(Scanned { migration, up: file, down: down_file })
    }

    /// The normalised text of a file and its directives, unless something is wrong with it.
    fn script(&mut self, file: &File) -> Option<(String, Directives, ScannedFile)> {
        let problem = |message: String| Problem::new(file.pattern, message).file(&file.shown);
        let bytes = match fs::read(&file.path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.problems.push(problem(format!("the file cannot be read: {error}")));
                return None;
            }
        };
        let raw = match String::from_utf8(bytes) {
            Ok(raw) => raw,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                let message = format!("not UTF-8: the byte at offset {at} belongs to another encoding");
                self.problems.push(problem(message).help("save the file as UTF-8"));
                return None;
            }
        };
        let text = normalise(&raw).into_owned();
        let Checked { directives, faults, empty } = Checked::of(&text, self.syntax);
        if empty {
            let help = "write the SQL, or say in a comment why there is none";
            self.problems.push(problem("the file is empty".to_owned()).help(help));
            return None;
        }
        let sound = faults.is_empty();
        self.problems.extend(shown(file.pattern, &file.shown, &text, faults));
        let rewritten = text.len() != raw.len();
        sound.then(|| (text, directives, ScannedFile { path: self.root.join(&file.path), rewritten }))
    }
}

impl Migration {
    /// What is wrong with the text by the rules of this syntax: those of the database that is to run it, when
    /// the set was read by others.
    pub fn problems(&self, syntax: Syntax) -> Vec<Problem> {
        shown(0, self.path(), self.sql(), Checked::of(self.sql(), syntax).faults).collect()
    }
}

/// The faults of a file, each with its line. A file of another kind altogether has thousands.
fn shown(pattern: usize, path: &str, sql: &str, faults: Vec<Fault>) -> impl Iterator<Item = Problem> {
    faults.into_iter().take(MOST_FAULTS).map(move |fault| {
        let problem = Problem::new(pattern, fault.message).file(path);
        problem.snippet(snippet(path, sql, fault.span)).help(fault.help)
    })
}

/// How many faults of one file are shown.
const MOST_FAULTS: usize = 50;

/// What there is to say of a script.
struct Checked {
    directives: Directives,
    /// In the order of the text.
    faults: Vec<Fault>,
    /// Neither SQL nor a word about why there is none.
    empty: bool,
}

impl Checked {
    fn of(sql: &str, syntax: Syntax) -> Checked {
        let script = read(sql, syntax);
        let (directives, mut faults) = directives(sql, &script);
        faults
            .extend(script.statements.iter().filter_map(|statement| refusal(statement, syntax, directives)));
        faults.extend(script.faults);
        if let Some(at) = sql.find('\0') {
            faults.push(Fault::new(
                "a NUL character",
                at..at + 1,
                "remove it: no database takes it in a script",
            ));
        }
        faults.sort_by_key(|fault| fault.span.start);
        let empty = script.statements.is_empty() && script.comments.is_empty() && faults.is_empty();
        Checked { directives, faults, empty }
    }
}

fn sorted_names(path: &Path) -> std::io::Result<Vec<String>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
        .collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn is_sql(name: &str) -> bool {
    name.len() >= 4
        && name.is_char_boundary(name.len() - 4)
        && name[name.len() - 4..].eq_ignore_ascii_case(".sql")
}

/// Whether a file that looks like SQL lies in the directory or below it.
fn holds_sql(path: &Path) -> bool {
    let Ok(entries) = fs::read_dir(path) else { return false };
    entries.flatten().any(|entry| {
        // Links are not followed: they can lead round in a circle.
        let directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_sql(&entry.file_name().to_string_lossy()) || (directory && holds_sql(&entry.path()))
    })
}

/// `NNN_description`, with its directory.
fn stem(shown: &str) -> &str {
    [".up.sql", ".down.sql", ".sql"].iter().find_map(|suffix| shown.strip_suffix(suffix)).unwrap_or(shown)
}

/// The version after the highest, as wide as the widest is written, to be offered to a duplicate.
fn next_version(files: &[File]) -> String {
    let highest = files.iter().map(|file| file.name.version).max();
    let width = files.iter().map(|file| {
        let name = file.shown.rsplit('/').next().unwrap_or_default();
        name.bytes().take_while(u8::is_ascii_digit).count()
    });
    let width = width.max().unwrap_or_default();
    let next = highest.and_then(Version::next);
    next.map_or(String::new(), |next| format!(", for example {:0width$}", next.number()))
}
