//! `lint`: looks for statements that are dangerous on a database in use.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gapless::{DuplicateVersion, Location, Migration, MigrationSet, Problem, Syntax, Version, VersionStatus};
use gapless_core::{LOCK, Scan, listed, scan_unlocked};

use super::configuration::Configuration;
use super::database_url::DatabaseUrl;
use super::{connect, files, source};
use crate::exit::{CommandError, Exit, Form};
use crate::lint::format::{self, Format, Report};
use crate::lint::{DROPPED, Finding, Level, REFUSED, Script, Selection, all, lint};
use crate::output::Output;
use crate::voice::in_commands;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Files of migrations, up or down [default: up files that migrations.lock does not list]
    files: Vec<PathBuf>,
    /// Look at every up file
    #[arg(long, conflicts_with = "files")]
    all: bool,
    /// Look at the up files that this branch adds to its base: a branch or commit of git, such as `origin/main`
    #[arg(long, value_name = "REF", conflicts_with_all = ["files", "all"])]
    base: Option<String>,
    /// Look at the up files that the database has not applied
    #[arg(long, conflicts_with_all = ["files", "all", "base"])]
    pending: bool,
    /// Rules to leave out, separated by commas, or given several times
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    except: Vec<String>,
    /// Rules to add that are off by default, separated by commas, or given several times
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    include: Vec<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// List the rules, and those of squawk that are left out
    #[arg(long)]
    rules: bool,
}

impl Arguments {
    /// The form of the result, as far as a failure has one too.
    pub(super) fn form(&self) -> Form {
        if self.format == Format::Json { Form::Document } else { Form::Text }
    }
}

impl Arguments {
    /// True if the rules are to be listed, for which nothing is read.
    pub(super) fn lists_rules(&self) -> bool {
        self.rules
    }
}

pub(super) fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let selection = Selection {
        include: [&*configuration.lint.value.include, &arguments.include].concat(),
        except: [&*configuration.lint.value.except, &arguments.except].concat(),
    };
    if let Some(name) = selection.unknown() {
        let hint = "`gapless lint --rules` lists them";
        return Err(CommandError::usage(format!("no rule is named `{name}`\nhelp: {hint}")));
    }
    let rules = source::rules(configuration, syntax(configuration))?;
    let other = match rules.syntax {
        Syntax::Sqlite => Some("SQLite"),
        Syntax::Mysql => Some("MySQL or MariaDB"),
        _ => None,
    };
    if let Some(other) = other {
        return Err(CommandError::usage(format!(
            "the rules are about Postgres, and the database is {other}\nhelp: give --dialect postgres if the files run on both"
        )));
    }
    // Those that read these formats know the repository, and not where the command was typed.
    let for_repository = matches!(arguments.format, Format::Github | Format::Sarif);
    let top = if for_repository { files::from_top(&configuration.root) } else { None };
    let shown = |file: &str| shown(&configuration.root, top.as_deref(), file);
    let scan = scan_unlocked(&configuration.root, &source::directories(configuration)?, rules);
    let mut report = Report::default();
    match scan {
        Ok(scan) => {
            for script in scripts(arguments, configuration, &scan)? {
                let file = shown(script.file);
                report.findings.extend(lint(Script { file: &file, ..script }, &selection));
                report.files.push((file, script.sql.to_owned()));
            }
        }
        Err(problems) if arguments.format == Format::Text => return Err(CommandError::refused(problems)),
        // Whoever reads a document gets one, with the reasons.
        Err(problems) => report.findings = problems.iter().map(|problem| refusal(problem, shown)).collect(),
    }
    format::write(&report, arguments.format, output)?;
    Ok(if report.fails() { Exit::Failed } else { Exit::Done })
}

/// A problem by which `check` refuses the directories.
fn refusal(problem: &Problem, shown: impl Fn(&str) -> String) -> Finding {
    let first = problem.files().first().map_or("", |first| &**first);
    // A line of a file beside the migrations is named with it.
    let line = first.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<usize>().ok()?)));
    let (file, line) = line.map_or((first, None), |(file, line)| (file, Some(line)));
    let at = |line, column| Location { line, column };
    let place = problem.__place().or_else(|| line.map(|line| at(line, 1)..at(line, 2)));
    let files: Vec<_> = problem.files().iter().map(|file| shown(file)).collect();
    let files = if files.len() > 1 { format!(": {}", files.join(", ")) } else { String::new() };
    Finding {
        rule: REFUSED,
        level: Level::Error,
        file: shown(file),
        span: 0..0,
        place,
        message: in_commands(problem.__message()) + &files,
        help: problem.__help().map(in_commands),
    }
}

/// The syntax of the configured database; that of Postgres if there is none.
fn syntax(configuration: &Configuration) -> Syntax {
    let url = configuration.database_url.as_ref().and_then(|url| DatabaseUrl::parse(&url.value).ok());
    url.map_or(Syntax::Postgres, |url| url.syntax())
}

/// The scripts to look at. Those that a baseline stands for, tombstones and code have no statements.
fn scripts<'a>(
    arguments: &Arguments,
    configuration: &Configuration,
    scan: &'a Scan,
) -> Result<Vec<Script<'a>>, CommandError> {
    if !arguments.files.is_empty() {
        let mut scripts: Vec<Script<'_>> = Vec::new();
        for file in &arguments.files {
            let script = named(file, scan)?;
            if !scripts.iter().any(|known| known.file == script.file && known.sql == script.sql) {
                scripts.push(script);
            }
        }
        return Ok(scripts);
    }
    let open =
        open(arguments, configuration, scan)?.into_iter().filter(|migration| !migration.is_tombstone());
    let scripts = open.map(|migration| Script {
        file: migration.path(),
        sql: migration.sql(),
        directives: migration.directives(),
    });
    Ok(scripts.collect())
}

/// The migrations that can still be changed, unless all are asked for.
fn open<'a>(
    arguments: &Arguments,
    configuration: &Configuration,
    scan: &'a Scan,
) -> Result<Vec<&'a Migration>, CommandError> {
    let migrations = scan.migrations().iter().map(|scanned| &scanned.migration);
    if arguments.all {
        return Ok(migrations.collect());
    }
    if let Some(base) = &arguments.base {
        return files::added_since(base, configuration, migrations);
    }
    if arguments.pending {
        let pending = pending(configuration, MigrationSet::new(migrations.clone().cloned().collect()))?;
        return Ok(migrations.filter(|migration| pending.contains(&migration.version())).collect());
    }
    let locked = locked(configuration)?;
    Ok(migrations.filter(|migration| !locked.contains(migration.path())).collect())
}

/// The versions that the database has not applied.
fn pending(
    configuration: &Configuration,
    set: Result<MigrationSet, DuplicateVersion>,
) -> Result<BTreeSet<Version>, CommandError> {
    let url = configuration.database_url.as_ref().map(|url| DatabaseUrl::parse(&url.value));
    let Some(DatabaseUrl::Postgres(parameters)) = url.transpose().map_err(CommandError::usage)? else {
        let hint = "set DATABASE_URL, or give --database-url";
        return Err(CommandError::usage(format!("no database is named\nhelp: {hint}")));
    };
    let set = set.map_err(|error| CommandError::failed(error.to_string()))?;
    let status = connect::status(parameters, configuration, &set)?;
    let unapplied = status.versions().iter().filter(|version| version.applied_at().is_none());
    Ok(unapplied.map(VersionStatus::version).collect())
}

/// The script of a file that was named.
fn named<'a>(file: &Path, scan: &'a Scan) -> Result<Script<'a>, CommandError> {
    let known = |path: &Path| std::fs::canonicalize(path).ok();
    let wanted = known(file)
        .ok_or_else(|| CommandError::usage(format!("the file {} does not exist", file.display())))?;
    let found = scan.migrations().iter().chain(scan.baseline()).find_map(|scanned| {
        let migration = &scanned.migration;
        if known(&scanned.up.path).as_ref() == Some(&wanted) {
            let (sql, directives) = (migration.sql(), migration.directives());
            return Some(Script { file: migration.path(), sql, directives });
        }
        let (down, read) = (migration.down()?, scanned.down.as_ref()?);
        let same = known(&read.path).as_ref() == Some(&wanted);
        same.then(|| Script { file: down.path(), sql: down.sql(), directives: down.directives() })
    });
    found.ok_or_else(|| {
        let hint = "name files of the configured directories, or the directory with --dir";
        CommandError::usage(format!("{} is no migration\nhelp: {hint}", file.display()))
    })
}

/// The files that the locks of the directories list.
fn locked(configuration: &Configuration) -> Result<BTreeSet<String>, CommandError> {
    let mut locked = BTreeSet::new();
    for pattern in source::patterns(configuration)? {
        let directories = pattern.directories(&configuration.root);
        let directories = directories.map_err(|error| CommandError::failed(error.to_string()))?;
        for (shown, path) in directories {
            let text = std::fs::read_to_string(path.join(LOCK)).unwrap_or_default();
            locked.extend(listed(&text).into_iter().map(|name| format!("{shown}/{name}")));
        }
    }
    Ok(locked)
}

/// The file from the top of the repository, or relative to the current directory.
fn shown(root: &Path, top: Option<&str>, file: &str) -> String {
    match top {
        Some("") => file.to_owned(),
        Some(top) => format!("{top}/{file}"),
        None if root == Path::new(".") => file.to_owned(),
        None => root.join(file).display().to_string(),
    }
}

/// Lists the rules.
pub(super) fn list(output: &mut Output) -> Result<Exit, CommandError> {
    output.table(["rule", "level", "by default"], all().iter().map(|rule| crate::lint::row(rule)))?;
    output.line("\nRules of squawk that are left out:")?;
    output.table(["rule", "because"], DROPPED.map(|(rule, why)| [rule.to_owned(), why.to_owned()]))?;
    Ok(Exit::Done)
}
