//! The configuration: flags, the environment, and `gapless.toml`, in this order.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gapless::Syntax;
use serde::Deserialize;

use super::anchor::anchored;
use super::arguments::Options;
use super::database_url::DatabaseUrl;
use super::dotenv;
use super::files::numbering::Numbering;
use super::source;
use crate::exit::{CommandError, Exit};
use crate::output::Output;

const FILE: &str = "gapless.toml";
const DATABASE_URL: &str = "DATABASE_URL";

/// A value and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Setting<T> {
    pub(super) value: T,
    origin: String,
}

impl<T> Setting<T> {
    fn new(value: T, origin: impl Into<String>) -> Setting<T> {
        Setting { value, origin: origin.into() }
    }
}

/// Every setting, with its default where nothing else was said.
#[derive(Debug)]
pub(super) struct Configuration {
    /// The directory that relative directories of migrations begin at.
    pub(super) root: PathBuf,
    /// The directories from there.
    pub(super) patterns: Vec<String>,
    /// The directories as they were given.
    directories: Setting<Vec<String>>,
    pub(super) layout: Setting<String>,
    pub(super) dialect: Option<Setting<String>>,
    pub(super) database_url: Option<Setting<String>>,
    pub(super) schema: Option<Setting<String>>,
    pub(super) table: Option<Setting<String>>,
    /// The numbering of the first migration.
    pub(super) numbering: Option<Setting<Numbering>>,
    pub(super) lint: Setting<Lint>,
}

/// The table `[lint]` of `gapless.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub(super) struct Lint {
    pub(super) except: Vec<String>,
    pub(super) include: Vec<String>,
}

/// The keys of `gapless.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    dir: Option<OneOrMany>,
    layout: Option<String>,
    dialect: Option<String>,
    database_url: Option<String>,
    schema: Option<String>,
    table: Option<String>,
    numbering: Option<Numbering>,
    lint: Option<Lint>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a directory or a list of directories")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Vec<String> {
    fn from(directories: OneOrMany) -> Vec<String> {
        match directories {
            OneOrMany::One(directory) => vec![directory],
            OneOrMany::Many(directories) => directories,
        }
    }
}

impl Configuration {
    pub(super) fn load(options: &Options) -> Result<Configuration, CommandError> {
        let (file, path) = File::read(options.config.as_deref())?;
        let origin = path.display().to_string();
        let pick = |flag: &Option<String>, name: &str, filed: Option<String>| {
            let flag = flag.clone().map(|value| Setting::new(value, format!("--{name}")));
            flag.or_else(|| filed.map(|value| Setting::new(value, &origin)))
        };
        let directories = match (&*options.directories, file.dir) {
            ([], Some(directories)) => Setting::new(directories.into(), &origin),
            ([], None) => Setting::new(vec!["migrations".to_owned()], "default"),
            (directories, _) => Setting::new(directories.to_vec(), "--dir"),
        };
        if directories.value.is_empty() {
            return Err(CommandError::usage(format!(
                "{origin} cannot be used: `dir` names no directory\nhelp: name one, or leave the line out, which means \
                 `migrations`"
            )));
        }
        // Directories of a file are relative to it, those of a flag to the current directory.
        let from_file = directories.origin == origin;
        let root = path.parent().filter(|_| from_file).map(Path::to_path_buf).unwrap_or_default();
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        let (root, patterns) = anchored(root, &directories.value);
        let layout = pick(&options.layout, "layout", file.layout);
        Ok(Configuration {
            root,
            patterns,
            directories,
            layout: layout.unwrap_or_else(|| Setting::new("native".to_owned(), "default")),
            dialect: pick(&options.dialect, "dialect", file.dialect),
            database_url: database_url(options, file.database_url, &origin)?,
            schema: pick(&options.schema, "schema", file.schema),
            table: pick(&options.table, "table", file.table),
            numbering: file.numbering.map(|numbering| Setting::new(numbering, &origin)),
            lint: match file.lint {
                Some(lint) => Setting::new(lint, &origin),
                None => Setting::new(Lint::default(), "default"),
            },
        })
    }

    /// The rules of quoting of the database that is named, if one is.
    pub(super) fn syntax(&self) -> Syntax {
        let url = self.database_url.as_ref().map(|url| DatabaseUrl::parse(&url.value));
        url.and_then(Result::ok).map(|url| url.syntax()).unwrap_or_default()
    }

    /// Prints each setting with its origin. Passwords are hidden.
    pub(super) fn show(&self, output: &mut Output) -> Result<Exit, CommandError> {
        let unset = || ["-".to_owned(), "default".to_owned()];
        let text = |setting: &Option<Setting<String>>| {
            setting.as_ref().map_or_else(unset, |one| [one.value.clone(), one.origin.clone()])
        };
        let url = self.database_url.as_ref().map(|url| [DatabaseUrl::shown(&url.value), url.origin.clone()]);
        let numbering =
            self.numbering.as_ref().map(|one| [one.value.as_str().to_owned(), one.origin.clone()]);
        let rows = [
            ("dir", [self.directories.value.join(", "), self.directories.origin.clone()]),
            ("layout", [self.layout.value.clone(), self.layout.origin.clone()]),
            ("dialect", text(&self.dialect)),
            ("database-url", url.unwrap_or_else(|| ["-".to_owned(), "not set".to_owned()])),
            ("schema", text(&self.schema)),
            ("table", text(&self.table)),
            ("numbering", numbering.unwrap_or_else(unset)),
            ("lint.except", self.rules(&self.lint.value.except)),
            ("lint.include", self.rules(&self.lint.value.include)),
        ];
        let rows = rows.map(|(name, [value, origin])| [name.to_owned(), value, origin]);
        output.table(["setting", "value", "from"], rows)?;
        source::rules(self, self.syntax())?;
        source::patterns(self)?;
        Ok(Exit::Done)
    }

    /// A message about one of the directories with its name as it was given.
    pub(super) fn as_given(&self, number: usize, message: &str) -> String {
        match (self.patterns.get(number), self.directories.value.get(number)) {
            (Some(pattern), Some(given)) if pattern.is_empty() => {
                format!("`{given}` names no directory below the root\nhelp: name a directory of migrations")
            }
            (Some(pattern), Some(given)) => {
                message.replacen(&format!("`{pattern}`"), &format!("`{given}`"), 1)
            }
            _ => message.to_owned(),
        }
    }

    fn rules(&self, names: &[String]) -> [String; 2] {
        let shown = if names.is_empty() { "-".to_owned() } else { names.join(", ") };
        [shown, self.lint.origin.clone()]
    }
}

impl File {
    /// Reads the named file, or `gapless.toml` if it is there.
    fn read(named: Option<&Path>) -> Result<(File, PathBuf), CommandError> {
        let path = named.unwrap_or(Path::new(FILE)).to_path_buf();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(CommandError::usage(format!("cannot read {}: {error}", path.display())));
            }
        };
        let file = toml::from_str(&text).map_err(|error| {
            CommandError::usage(format!(
                "{} cannot be used: {}",
                path.display(),
                without_values(&error, &text)
            ))
        })?;
        Ok((file, path))
    }
}

/// The error without the text of the file: the line that it would show may hold a password.
fn without_values(error: &toml::de::Error, text: &str) -> String {
    let message = error.message();
    // Serde quotes a string that it did not expect, and a word that is none of those it knows.
    let (value, rest) = match message.rsplit_once(", expected") {
        Some((value, rest)) if !value.starts_with("unknown field") => (value, format!(", expected{rest}")),
        _ => (message, String::new()),
    };
    let value =
        value.find(['"', '`']).filter(|_| !rest.is_empty()).map_or(value, |start| value[..start].trim_end());
    let message = format!("{value}{rest}");
    let line = error.span().map(|span| {
        let before = text.as_bytes().iter().take(span.start);
        before.filter(|byte| **byte == b'\n').count() + 1
    });
    line.map_or(message.clone(), |line| format!("line {line}: {message}"))
}

fn database_url(
    options: &Options,
    filed: Option<String>,
    origin: &str,
) -> Result<Option<Setting<String>>, CommandError> {
    if let Some(url) = &options.database_url {
        return Ok(Some(Setting::new(url.clone(), "--database-url")));
    }
    if let Some(path) = &options.database_url_file {
        if path.to_string_lossy().contains(['=', '@']) && !path.exists() {
            return Err(CommandError::usage(
                "--database-url-file takes the name of a file, and this looks like a URL\n\
                 help: give --database-url, or write the URL into a file",
            ));
        }
        let text = if path.as_os_str() == "-" {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        } else {
            std::fs::read_to_string(path)
        };
        let text = text.map_err(|error| {
            CommandError::usage(format!("cannot read the database's URL from {}: {error}", path.display()))
        })?;
        return Ok(Some(Setting::new(only_line(path, &text)?, "--database-url-file")));
    }
    if let Ok(url) = std::env::var(DATABASE_URL) {
        return Ok(Some(Setting::new(url, format!("{DATABASE_URL} in the environment"))));
    }
    if let Some(url) = dotenv::variable(DATABASE_URL)? {
        return Ok(Some(Setting::new(url, format!("{DATABASE_URL} in .env"))));
    }
    Ok(filed.map(|url| Setting::new(url, origin)))
}

/// The one line of a file that is to hold a URL alone. The others may hold a password, so the error does not show them.
fn only_line(path: &Path, text: &str) -> Result<String, CommandError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let shown =
        if path.as_os_str() == "-" { "the standard input".into() } else { path.display().to_string() };
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let Some((_, url)) = lines.next() else {
        return Err(CommandError::usage(format!(
            "{shown} holds no URL\nhelp: write the database's URL into it"
        )));
    };
    match lines.next() {
        None => Ok(url.trim().to_owned()),
        Some((at, _)) => Err(CommandError::usage(format!(
            "{shown} holds more than a URL: line {}\nhelp: write the URL alone into the file, in one line",
            at + 1
        ))),
    }
}
