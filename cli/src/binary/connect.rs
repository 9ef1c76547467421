//! Connects to the database of the configuration.

use gapless::{Connection, MigrationSet, Runner};

use super::configuration::Configuration;
use super::source;
use crate::Migrate;
use crate::exit::{CommandError, Exit};

/// Runs a command with the configured set and database.
pub(super) fn run(configuration: &Configuration, command: Migrate) -> Result<Exit, CommandError> {
    let set = source::scan(configuration)?;
    let Some(url) = &configuration.database_url else {
        return Err(CommandError::usage(
            "no database is named\nhelp: set DATABASE_URL, or give --database-url",
        ));
    };
    let url = &*url.value;
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return postgres(url, configuration, &set, command);
    }
    if let Some(path) = url.strip_prefix("sqlite:") {
        return sqlite(path, configuration, &set, command);
    }
    Err(CommandError::usage(
        "the database's URL is not known\nhelp: write postgres://user@host/name or sqlite:file.db",
    ))
}

fn finish<C: Connection>(
    configuration: &Configuration,
    set: &MigrationSet,
    command: Migrate,
    client: &mut C,
) -> Exit {
    command.run(runner(configuration, set), client)
}

fn runner<'a>(configuration: &Configuration, set: &'a MigrationSet) -> Runner<'a> {
    let mut runner = set.runner();
    if let Some(schema) = &configuration.schema {
        runner = runner.schema(&*schema.value);
    }
    if let Some(table) = &configuration.table {
        runner = runner.table(&*table.value);
    }
    runner
}

#[cfg(feature = "postgres")]
fn postgres(
    url: &str,
    configuration: &Configuration,
    set: &MigrationSet,
    command: Migrate,
) -> Result<Exit, CommandError> {
    let mut client = postgres::Client::connect(url, postgres::NoTls)
        .map_err(|error| CommandError::failed(format!("cannot reach the database: {error}")))?;
    Ok(finish(configuration, set, command, &mut client))
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: &str, _: &Configuration, _: &MigrationSet, _: Migrate) -> Result<Exit, CommandError> {
    Err(CommandError::usage(
        "this program was built without Postgres\nhelp: build it with the feature `postgres`",
    ))
}

#[cfg(feature = "sqlite")]
fn sqlite(
    path: &str,
    configuration: &Configuration,
    set: &MigrationSet,
    command: Migrate,
) -> Result<Exit, CommandError> {
    let mut connection = rusqlite::Connection::open(path)
        .map_err(|error| CommandError::failed(format!("cannot open {path}: {error}")))?;
    Ok(finish(configuration, set, command, &mut connection))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str, _: &Configuration, _: &MigrationSet, _: Migrate) -> Result<Exit, CommandError> {
    Err(CommandError::usage(
        "this program was built without SQLite\nhelp: build it with the feature `sqlite`",
    ))
}
