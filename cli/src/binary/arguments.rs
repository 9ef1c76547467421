//! The program's arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::files;
use crate::Migrate;
use crate::exit::Form;

/// Migrations that never skip one, for Postgres, MySQL, MariaDB and SQLite.
#[derive(Debug, Parser)]
#[command(name = "gapless", version, max_term_width = 100)]
pub(super) struct Program {
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options of every command. A flag wins over the environment, and the environment over `gapless.toml`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Files and database")]
pub(super) struct Options {
    /// Directory of migrations, as embed_migrations! takes it; may be given several times [default: migrations]
    #[arg(long = "dir", value_name = "DIRECTORY", global = true)]
    pub(super) directories: Vec<String>,
    /// Layout of the directories: native, goose, sql-migrate, dbmate, refinery, flyway, diesel or tern [default: native]
    #[arg(long, global = true)]
    pub(super) layout: Option<String>,
    /// Rules of quoting that the scripts are read by: postgres, mysql, mariadb or sqlite [default: the database's]
    #[arg(long, global = true)]
    pub(super) dialect: Option<String>,
    /// URL of the database: postgres://user@host/name, mysql://user@host/name or sqlite:file.db [env: DATABASE_URL]
    #[arg(long, value_name = "URL", global = true)]
    pub(super) database_url: Option<String>,
    /// File that holds the URL of the database; `-` reads it from the standard input
    #[arg(long, value_name = "FILE", global = true, conflicts_with = "database_url")]
    pub(super) database_url_file: Option<PathBuf>,
    /// Schema of the tracker [default: public on Postgres, main on SQLite, the URL's database on MySQL]
    #[arg(long, global = true)]
    pub(super) schema: Option<String>,
    /// Table of the applied set [default: applied_migrations]
    #[arg(long, global = true)]
    pub(super) table: Option<String>,
    /// Configuration file [default: gapless.toml, if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create the files of a new migration
    New(files::new::Arguments),
    /// Check the files as embed_migrations! does, without a build
    Check(files::check::Arguments),
    /// Give this branch's new migrations versions above those of its base
    Renumber(files::renumber::Arguments),
    /// Give a migration another name or version, and declare it in renames.txt
    Rename(files::rename::Arguments),
    /// Leave a tombstone in a migration's place
    Retire(files::retire::Arguments),
    /// Write migrations.lock, which makes every edit of what it lists an error
    Lock(files::lock::Arguments),
    /// Look for statements that are dangerous on a database in use
    #[cfg(feature = "lint")]
    Lint(super::lint::Arguments),
    /// Write one file that stands for all migrations up to a version
    Baseline(super::baseline::Arguments),
    /// Print the completions of a shell
    Completions(super::pages::Completions),
    /// Print the manual page
    Man(super::pages::Man),
    /// Show the configuration, and where each value comes from
    Config,
    #[command(flatten)]
    Database(Migrate),
}

impl Command {
    /// The form of the command's result.
    pub(super) fn form(&self) -> Form {
        match self {
            #[cfg(feature = "lint")]
            Command::Lint(arguments) => arguments.form(),
            Command::Database(command) => command.form(),
            _ => Form::Text,
        }
    }
}
