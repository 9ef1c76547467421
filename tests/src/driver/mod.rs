//! The methods that the conformance suite needs of a driver. An asynchronous driver blocks in them.

#[macro_use]
mod blocking;
#[macro_use]
mod servers;
mod asynchronous;
mod mysql;

use gapless::engine::ResultSet;
use gapless::{
    Code, Connection, DryRun, Error, ExchangeError, Log, Plan, Report, Rollback, Runner, Status, Syntax,
};

pub use self::asynchronous::{
    MysqlAsync, MysqlAsyncPool, Sqlx, SqlxMysql, SqlxMysqlPool, SqlxPool, TokioPostgres,
};
pub use self::mysql::Mysql;
use crate::cluster::{Database, cluster};

/// A driver, and a database of its own for it.
pub trait Driver: Sync {
    type Client: Send;

    /// The error of the client when the database refuses a statement.
    type Refusal: std::error::Error + 'static;

    /// A driver on a new, empty database.
    fn fresh() -> Self;

    fn connect(&self) -> Self::Client;

    fn run(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error>;

    fn plan(client: &mut Self::Client, runner: Runner<'_>) -> Result<Plan, Error>;

    fn verify(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error>;

    fn repair(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error>;

    fn plan_repair(client: &mut Self::Client, runner: Runner<'_>) -> Result<Plan, Error>;

    fn status(client: &mut Self::Client, runner: Runner<'_>) -> Result<Status, Error>;

    fn log(client: &mut Self::Client, runner: Runner<'_>) -> Result<Log, Error>;

    fn dry_run(client: &mut Self::Client, runner: Runner<'_>) -> Result<DryRun, Error>;

    fn rollback(client: &mut Self::Client, runner: Runner<'_>, rollback: Rollback) -> Result<Report, Error>;

    fn plan_rollback(
        client: &mut Self::Client,
        runner: Runner<'_>,
        rollback: Rollback,
    ) -> Result<Plan, Error>;

    /// `None` for a driver that lends connections.
    fn verify_baseline(
        migrations: &mut Self::Client,
        baseline: &mut Self::Client,
        runner: Runner<'_>,
    ) -> Option<Result<(), Error>>;

    /// Code that runs this SQL, and then fails if there is something to fail with; `None` if the driver runs no
    /// migrations in Rust.
    fn code(sql: &'static str, failing: Option<&'static str>) -> Option<Code>;

    /// The rows of the last statement, a line each, columns joined by `|`.
    fn sql(client: &mut Self::Client, sql: &str) -> Result<Vec<String>, String>;

    /// Makes the connection refuse writes.
    const MAKE_READ_ONLY: &'static str;

    /// DDL commits by itself: a script that holds any runs statement by statement, and the journal tells of each.
    const DDL_COMMITS: bool = false;

    /// A statement that no transaction takes, on a database with a table `a`.
    const ALONE: &'static str = "VACUUM";

    /// The end of a foreign key that is checked as late as can be.
    const DEFERRED: &'static str = "DEFERRABLE INITIALLY DEFERRED";

    /// The type of a text that may be a key.
    const KEY_TEXT: &'static str = "text";

    /// The value of the literal `'it''s; -- ü \\ '`.
    const READ_WORDS: &'static str = "it's; -- ü \\ ";

    /// The syntax of other databases, and their name.
    const FOREIGN: (Syntax, &'static str) = (Syntax::Mysql, "MySQL and MariaDB");

    /// The name of a table, quoted.
    fn quoted(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[derive(Debug)]
pub struct Postgres(pub Database);

impl Driver for Postgres {
    type Client = postgres::Client;
    type Refusal = postgres::Error;

    fn fresh() -> Postgres {
        Postgres(cluster().database())
    }

    fn connect(&self) -> postgres::Client {
        self.0.connect()
    }

    fn code(sql: &'static str, failing: Option<&'static str>) -> Option<Code> {
        Some(Code::postgres(move |transaction| {
            transaction.batch_execute(sql)?;
            failing.map_or(Ok(()), |why| Err(why.into()))
        }))
    }

    blocking!();
    postgres!();
}

#[derive(Debug)]
pub struct Rusqlite {
    directory: tempfile::TempDir,
}

impl Driver for Rusqlite {
    type Client = rusqlite::Connection;
    type Refusal = rusqlite::Error;

    fn fresh() -> Rusqlite {
        Rusqlite { directory: tempfile::tempdir().expect("a directory is made") }
    }

    fn connect(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.directory.path().join("test.db")).expect("a file is opened")
    }

    fn code(sql: &'static str, failing: Option<&'static str>) -> Option<Code> {
        Some(Code::rusqlite(move |transaction| {
            transaction.execute_batch(sql)?;
            failing.map_or(Ok(()), |why| Err(why.into()))
        }))
    }

    blocking!();

    const MAKE_READ_ONLY: &'static str = "PRAGMA query_only = ON";
}

fn exchange<C: Connection>(client: &mut C, sql: &str) -> Result<Vec<String>, String> {
    lines(client.exchange(sql))
}

fn lines(results: Result<Vec<ResultSet>, ExchangeError>) -> Result<Vec<String>, String> {
    let line = |row: &[Option<String>]| {
        let texts: Vec<_> = row.iter().map(|value| value.as_deref().unwrap_or("NULL")).collect();
        texts.join("|")
    };
    let results = results.map_err(|error| format!("{error:?}"))?;
    Ok(results.last().map(|result| result.rows().map(line).collect()).unwrap_or_default())
}
