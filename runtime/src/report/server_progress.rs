//! How far the server has come with a long statement, asked on a second connection.

use std::fmt;

use crate::driver::{self, AsyncConnection, Connection};
use crate::engine::{Dialect, ResultSet};
use crate::{Error, ExchangeError};

/// The server's own account of a long statement: an index build, `VACUUM`, `CLUSTER`, `VACUUM FULL` or `ANALYZE` on
/// Postgres; any statement that takes longer than a second on MySQL and MariaDB.
///
/// MariaDB counts in `ALTER TABLE` where it copies the table. MySQL counts where its performance schema has the consumer
/// `events_stages_current`, and the user may read it.
///
/// Ask on a second connection, while the run is at work on its own: [`Event::Started`](crate::Event::Started) gives the
/// process id of the run's backend.
///
/// ```no_run
/// # #[cfg(feature = "postgres")] {
/// use std::thread;
/// use std::time::Duration;
///
/// use gapless::{Event, MigrationSet, ServerProgress, embed_migrations};
/// use postgres::{Client, NoTls};
///
/// static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut client = Client::connect("host=localhost user=app", NoTls)?;
/// let mut watcher = Client::connect("host=localhost user=app", NoTls)?;
/// let (pids, pid) = std::sync::mpsc::channel();
/// thread::spawn(move || {
///     let Ok(Some(pid)) = pid.recv() else { return };
///     while let Ok(progress) = ServerProgress::read(pid, &mut watcher) {
///         progress.iter().for_each(|progress| println!("{progress}"));
///         thread::sleep(Duration::from_secs(1));
///     }
/// });
/// let tell = move |event: &Event<'_>| {
///     if let Event::Started { pid } = event {
///         let _ = pids.send(*pid);
///     }
/// };
/// MIGRATIONS.runner().on_event(tell).run(&mut client)?;
/// # Ok(()) }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerProgress {
    command: String,
    relation: Option<String>,
    phase: String,
    count: Option<(u64, u64)>,
    unit: Option<String>,
}

impl ServerProgress {
    /// Reads how far the backend with this process id has come. Returns `None` if its statement is none of those, if the
    /// role may not see it, and on SQLite.
    ///
    /// # Errors
    ///
    /// The connection's errors.
    pub fn read<C: Connection>(pid: i32, client: &mut C) -> Result<Option<ServerProgress>, Error> {
        let Some(message) = question(client.dialect(), pid) else { return Ok(None) };
        answer(client.exchange(&message))
    }

    /// [`read`](ServerProgress::read) for an asynchronous connection.
    ///
    /// # Errors
    ///
    /// The connection's errors.
    pub async fn read_async<C: AsyncConnection>(
        pid: i32,
        client: &mut C,
    ) -> Result<Option<ServerProgress>, Error> {
        let Some(message) = question(AsyncConnection::dialect(client), pid) else { return Ok(None) };
        answer(client.exchange(&message).await)
    }

    /// Returns the command, as the server calls it: `CREATE INDEX CONCURRENTLY`, `VACUUM`. On MySQL and MariaDB these are
    /// the first words of the statement: `ALTER TABLE orders`.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Returns the table on Postgres, if it is in the database of the connection that asks.
    pub fn relation(&self) -> Option<&str> {
        self.relation.as_deref()
    }

    /// Returns the phase, as the server calls it: `building index: scanning table`. A command has several.
    pub fn phase(&self) -> &str {
        &self.phase
    }

    /// Returns how much of the phase is done, in [`unit`](ServerProgress::unit)s, where the server counts.
    pub fn done(&self) -> Option<u64> {
        self.count.map(|(done, _)| done)
    }

    /// Returns how much the phase has to do, as far as the server knows.
    pub fn total(&self) -> Option<u64> {
        self.count.map(|(_, total)| total)
    }

    /// Returns what is counted: `blocks`, `tuples`, or the `lockers` that it waits for. MySQL and MariaDB do not say.
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// Returns how much of the phase is done, from 0 to 100.
    pub fn percent(&self) -> Option<f64> {
        let (done, total) = self.count.filter(|(_, total)| *total > 0)?;
        // More than 2^53 blocks or rows are in no table.
        #[allow(clippy::cast_precision_loss)]
        let percent = done as f64 / total as f64 * 100.0;
        Some(percent.min(100.0))
    }
}

impl fmt::Display for ServerProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command)?;
        self.relation().map_or(Ok(()), |relation| write!(f, " on {relation}"))?;
        write!(f, ": {}", self.phase)?;
        let (Some(percent), Some((done, total))) = (self.percent(), self.count) else { return Ok(()) };
        write!(f, ", {percent:.0} %")?;
        self.unit().map_or(Ok(()), |unit| write!(f, " ({done} of {total} {unit})"))
    }
}

fn question(dialect: &dyn Dialect, pid: i32) -> Option<String> {
    dialect.server_progress(pid)
}

fn answer(answer: Result<Vec<ResultSet>, ExchangeError>) -> Result<Option<ServerProgress>, Error> {
    let results = driver::answered("asking the server for its progress", answer)?;
    Ok(results.iter().find_map(|rows| rows.rows().next()).and_then(read))
}

/// Reads command, relation, phase, done, total and unit.
fn read(row: &[Option<String>]) -> Option<ServerProgress> {
    let text = |column: usize| row.get(column).cloned().flatten();
    let number = |column: usize| text(column)?.parse().ok();
    let count = number(3).zip(number(4)).filter(|(_, total)| *total > 0);
    let unit = text(5).filter(|_| count.is_some());
    Some(ServerProgress { command: text(0)?, relation: text(1), phase: text(2)?, count, unit })
}
