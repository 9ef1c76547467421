//! Reading the journal.

use gapless_core::Version;

use crate::driver::{self, AsyncClient, Connection};
use crate::engine::Finished;
use crate::runner::{Goal, Runner};
use crate::{Error, Log};

impl Runner<'_> {
    /// Has [`log`](Runner::log) read the entries of one version alone, which need not be embedded. What was journaled
    /// before the migration got this version, under another one, is not among them. Default: all versions.
    pub fn log_version(mut self, version: Version) -> Self {
        self.options.log_version = Some(version);
        self
    }

    /// Has [`log`](Runner::log) read so many of the newest entries at most. Default: all.
    pub fn log_limit(mut self, limit: usize) -> Self {
        self.options.log_limit = Some(limit);
        self
    }

    /// Reads the journal: what happened, when, and by whom, the newest last. Reads only, takes no lock, and sends one
    /// message.
    ///
    /// A journal that is not there has no entries. Events of other releases, and rows that cannot be read, are no
    /// errors.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")] {
    /// use gapless::{LogEvent, MigrationSet, embed_migrations};
    ///
    /// static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut client = postgres::Client::connect("host=localhost user=app", postgres::NoTls)?;
    /// let log = MIGRATIONS.runner().log_limit(100).log(&mut client)?;
    /// println!("{log}");
    /// for failed in log.entries().iter().filter(|entry| *entry.event() == LogEvent::Failed) {
    ///     println!("{} failed at {}: {}", failed.version(), failed.at(), failed.detail().unwrap_or_default());
    /// }
    /// # Ok(()) }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// A lost connection, a role that may not read the journal ([`Error::is_permission_denied`]), or a table of its name
    /// that is no journal.
    pub fn log<C: Connection>(self, client: &mut C) -> Result<Log, Error> {
        let run = self.start(Goal::Log, client.dialect())?;
        driver::drive(client, run).map(read)
    }

    /// [`log`](Runner::log) for an asynchronous client.
    ///
    /// # Errors
    ///
    /// As [`log`](Runner::log).
    pub async fn log_async<C: AsyncClient>(self, client: &mut C) -> Result<Log, Error> {
        let run = self.start(Goal::Log, client.dialect())?;
        client.drive(run).await.map(read)
    }
}

fn read(finished: Finished) -> Log {
    finished.log.unwrap_or_default()
}
