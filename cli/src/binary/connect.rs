//! Connects to the database of the configuration.

use std::thread;

use gapless::{CancellationToken, Connection, MigrationSet, Runner};

use super::configuration::Configuration;
use super::database_url::DatabaseUrl;
use super::mysql_url::MysqlUrl;
use super::parameters::Parameters;
use super::source;
use crate::Migrate;
use crate::commands::wait::{Arguments, Waiting};
use crate::database::{Blocking, block_on};
use crate::exit::{CommandError, Exit};
use crate::progress::watcher::Opener;

/// Runs a command with the configured set and database.
pub(super) fn run(configuration: &Configuration, command: Migrate) -> Result<Exit, CommandError> {
    let Some(url) = &configuration.database_url else {
        return Err(CommandError::usage(
            "no database is named\nhelp: set DATABASE_URL, or give --database-url, as \
             postgres://me@localhost/shop or sqlite:shop.db",
        ));
    };
    let url = DatabaseUrl::parse(&url.value).map_err(CommandError::usage)?;
    let set = source::scan(configuration, url.syntax())?;
    match url {
        DatabaseUrl::Postgres(parameters) => postgres(parameters, configuration, &set, command),
        DatabaseUrl::Mysql(url) => mysql(&url, configuration, &set, command),
        DatabaseUrl::Sqlite(path) => sqlite(&path, configuration, &set, command),
    }
}

/// A connection that could not be had.
#[derive(Debug, Default)]
pub(super) struct Refusal {
    pub(super) message: String,
    /// The database's code of the reason.
    pub(super) code: Option<String>,
    /// True if it may come to be by itself: the server starts, or the database is created.
    pub(super) may_pass: bool,
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> CommandError {
        CommandError::Unreachable { message: refusal.message, code: refusal.code }
    }
}

/// A client, with what a command can do beside it.
pub(super) struct Connected<C> {
    pub(super) client: C,
    /// Interrupts the statement that runs; called from another thread.
    pub(super) interrupt: Box<dyn FnMut() + Send>,
    /// Looks at its session from beside.
    pub(super) beside: Option<Opener>,
}

/// Runs the command once a connection is there.
fn start<C: Connection>(
    configuration: &Configuration,
    set: &MigrationSet,
    command: Migrate,
    mut connect: impl FnMut() -> Result<Connected<C>, Refusal>,
) -> Result<Exit, CommandError> {
    let runner = runner(configuration, set);
    if let Migrate::Wait(arguments) = &command {
        return wait(arguments, &runner, connect);
    }
    let (Connected { mut client, interrupt, beside }, token) = (connect()?, CancellationToken::new());
    token.on_cancel(interrupt);
    Ok(command.run_watched(runner.cancel_on(&token), &mut client, beside))
}

/// Waits with as many connections as it takes. What does not answer ends it too.
fn wait<C: Connection>(
    arguments: &Arguments,
    runner: &Runner<'_>,
    mut connect: impl FnMut() -> Result<Connected<C>, Refusal>,
) -> Result<Exit, CommandError> {
    let mut waiting = Waiting::begin(arguments);
    waiting.end_in_time();
    loop {
        let outcome = match connect() {
            Ok(Connected { mut client, .. }) => {
                block_on(waiting.until_current(runner, &mut Blocking::new(&mut client)))?
            }
            Err(refusal) if refusal.may_pass => Err(refusal.message),
            Err(refusal) => return Err(refusal.into()),
        };
        match outcome {
            Ok(()) => return Ok(Exit::Done),
            Err(reason) => thread::sleep(waiting.pause(reason)?),
        }
    }
}

pub(super) fn runner<'a>(configuration: &Configuration, set: &'a MigrationSet) -> Runner<'a> {
    let mut runner = set.runner();
    if let Some(schema) = &configuration.schema {
        runner = runner.schema(&*schema.value);
    }
    if let Some(table) = &configuration.table {
        runner = runner.table(&*table.value);
    }
    runner
}

/// Reads the status of the configured Postgres database.
#[cfg(all(feature = "lint", feature = "postgres"))]
pub(super) fn status(
    parameters: Parameters,
    configuration: &Configuration,
    set: &MigrationSet,
) -> Result<gapless::Status, CommandError> {
    let mut client = super::postgres::Endpoint::new(parameters)?.connect()?.client;
    Ok(runner(configuration, set).status(&mut client)?)
}

#[cfg(all(feature = "lint", not(feature = "postgres")))]
pub(super) fn status(
    _: Parameters,
    _: &Configuration,
    _: &MigrationSet,
) -> Result<gapless::Status, CommandError> {
    Err(without_postgres())
}

#[cfg(feature = "postgres")]
fn postgres(
    parameters: Parameters,
    configuration: &Configuration,
    set: &MigrationSet,
    command: Migrate,
) -> Result<Exit, CommandError> {
    let endpoint = std::sync::Arc::new(super::postgres::Endpoint::new(parameters)?);
    let tracker = [&configuration.schema, &configuration.table]
        .map(|name| name.as_ref().map(|name| name.value.clone()));
    start(configuration, set, command, || {
        let beside = super::postgres::beside(&endpoint, tracker.clone());
        Ok(Connected { beside: Some(beside), ..endpoint.connect()? })
    })
}

#[cfg(not(feature = "postgres"))]
fn postgres(_: Parameters, _: &Configuration, _: &MigrationSet, _: Migrate) -> Result<Exit, CommandError> {
    Err(without_postgres())
}

#[cfg(not(feature = "postgres"))]
fn without_postgres() -> CommandError {
    CommandError::usage("this program was built without Postgres\nhelp: build it with the feature `postgres`")
}

#[cfg(feature = "mysql")]
fn mysql(
    url: &MysqlUrl,
    configuration: &Configuration,
    set: &MigrationSet,
    command: Migrate,
) -> Result<Exit, CommandError> {
    let tracker = [&configuration.schema, &configuration.table]
        .map(|name| name.as_ref().map(|name| name.value.as_str()));
    let endpoint = super::mysql::Endpoint::new(url, tracker)?;
    start(configuration, set, command, || endpoint.connect())
}

#[cfg(not(feature = "mysql"))]
fn mysql(_: &MysqlUrl, _: &Configuration, _: &MigrationSet, _: Migrate) -> Result<Exit, CommandError> {
    Err(without_mysql())
}

#[cfg(not(feature = "mysql"))]
fn without_mysql() -> CommandError {
    CommandError::usage("this program was built without MySQL\nhelp: build it with the feature `mysql`")
}

#[cfg(feature = "sqlite")]
fn sqlite(
    path: &std::path::Path,
    configuration: &Configuration,
    set: &MigrationSet,
    command: Migrate,
) -> Result<Exit, CommandError> {
    use rusqlite::OpenFlags;

    let shown = path.display();
    let creates = command.creates();
    start(configuration, set, command, || {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if creates {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        } else if path.as_os_str() != ":memory:" && !path.exists() {
            let message =
                format!("there is no database {shown}\nhelp: correct the path, or let `up` create it");
            return Err(Refusal { message, code: None, may_pass: true });
        }
        let opened = rusqlite::Connection::open_with_flags(path, flags);
        let refused =
            |error| Refusal { message: format!("cannot open {shown}: {error}"), code: None, may_pass: false };
        let client = opened.map_err(refused)?;
        let handle = client.get_interrupt_handle();
        Ok(Connected { client, interrupt: Box::new(move || handle.interrupt()), beside: None })
    })
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(
    _: &std::path::Path,
    _: &Configuration,
    _: &MigrationSet,
    _: Migrate,
) -> Result<Exit, CommandError> {
    Err(CommandError::usage(
        "this program was built without SQLite\nhelp: build it with the feature `sqlite`",
    ))
}
