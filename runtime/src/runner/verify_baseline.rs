//! Compares the schema of a baseline with that of the migrations that it stands for.

use std::collections::BTreeSet;

use crate::Error;
use crate::driver::{self, AsyncConnection, Connection, ExchangeError};
use crate::engine::{Dialect, ResultSet};
use crate::report::error::ErrorKind;
use crate::runner::options::{Baseline, Options};
use crate::runner::{Goal, Runner};
use crate::tracker::Tracker;

impl<'a> Runner<'a> {
    /// Checks that the baseline makes the same schema as the migrations that it stands for.
    ///
    /// It takes two empty scratch databases, and fills the first with the migrations and the second with the baseline.
    /// Then it compares tables, columns, constraints, indexes, views, functions, triggers, types, sequences, policies,
    /// comments, extensions and everything else that the catalogs hold. It does not compare rows, owners, privileges and
    /// casts. SQLite has no catalog for the expressions of checks, generated columns and collations, so there it compares
    /// only whether they exist.
    ///
    /// ```no_run
    /// # #[cfg(feature = "postgres")] {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # fn example(mut one: postgres::Client, mut other: postgres::Client) -> Result<(), gapless::Error> {
    /// // In a test, with the connections of two scratch databases.
    /// MIGRATIONS.runner().verify_baseline(&mut one, &mut other)?;
    /// # Ok(()) }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::is_baseline`] if the schemas differ; it names each difference. [`Error::is_usage`] for a database that is
    /// not empty, a set without a baseline, or a set that has lost the migration of the baseline's version. Also the errors
    /// of [`run`](Runner::run).
    pub fn verify_baseline<C: Connection>(self, migrations: &mut C, baseline: &mut C) -> Result<(), Error> {
        let (dialect, runs) = (migrations.dialect(), migrations.runs());
        let describe = self.describe(dialect)?;
        let (long, short) = self.both_ways()?;
        let (long, short) =
            (long.start_with(Goal::Apply, dialect, runs)?, short.start_with(Goal::Apply, dialect, runs)?);
        for client in [&mut *migrations, &mut *baseline] {
            empty(&exchanged(client.exchange(&describe))?)?;
        }
        driver::drive(migrations, long)?;
        driver::drive(baseline, short)?;
        let made = exchanged(migrations.exchange(&describe))?;
        compare(&made, &exchanged(baseline.exchange(&describe))?)
    }

    /// [`verify_baseline`](Runner::verify_baseline) for an asynchronous connection.
    ///
    /// # Errors
    ///
    /// The errors of [`verify_baseline`](Runner::verify_baseline).
    pub async fn verify_baseline_async<C: AsyncConnection>(
        self,
        migrations: &mut C,
        baseline: &mut C,
    ) -> Result<(), Error> {
        let (dialect, runs) = (AsyncConnection::dialect(migrations), AsyncConnection::runs(migrations));
        let describe = self.describe(dialect)?;
        let (long, short) = self.both_ways()?;
        let (long, short) =
            (long.start_with(Goal::Apply, dialect, runs)?, short.start_with(Goal::Apply, dialect, runs)?);
        for client in [&mut *migrations, &mut *baseline] {
            empty(&exchanged(client.exchange(&describe).await)?)?;
        }
        driver::drive_async(migrations, long).await?;
        driver::drive_async(baseline, short).await?;
        let made = exchanged(migrations.exchange(&describe).await)?;
        compare(&made, &exchanged(baseline.exchange(&describe).await)?)
    }

    fn describe(&self, dialect: &'static dyn Dialect) -> Result<String, Error> {
        let tracker = Tracker::new(dialect, self.options.schema.as_deref(), &self.options.table)?;
        Ok(dialect.describe(&tracker))
    }

    /// Returns this runner without the baseline, and another with it, both up to the baseline's version.
    fn both_ways(mut self) -> Result<(Runner<'a>, Runner<'a>), Error> {
        let refused = |problem| Error::new(ErrorKind::NoBaseline(problem));
        let Some(baseline) = self.set.baseline() else {
            return Err(refused("the set has none\nhelp: add a file `NNN_name.baseline.sql`"));
        };
        if self.set.find(baseline.version()).is_none() {
            return Err(refused(
                "the migrations that it stands for are gone\nhelp: verify it before you remove them",
            ));
        }
        self.options.target = Some(baseline.version());
        let options =
            Options { adopt: None, reconcile: Vec::new(), accept: Vec::new(), ..self.options.clone() };
        let mut short = Runner::new(self.set);
        short.options = options.clone();
        self.options = Options { baseline: Baseline::LeaveOut, ..options };
        Ok((self, short))
    }
}

fn exchanged(answer: Result<Vec<ResultSet>, ExchangeError>) -> Result<BTreeSet<String>, Error> {
    let results = driver::answered("describing the schema", answer)?;
    let line = |row: &[Option<String>]| {
        row.iter()
            .map(|value| value.as_deref().unwrap_or_default().replace('\n', " "))
            .collect::<Vec<_>>()
            .join(" ")
    };
    Ok(results.iter().flat_map(|result| result.rows().map(line).collect::<Vec<_>>()).collect())
}

fn empty(schema: &BTreeSet<String>) -> Result<(), Error> {
    if schema.is_empty() {
        return Ok(());
    }
    let problem = "a database that was to be filled is not empty\nhelp: create two scratch databases for it";
    Err(Error::new(ErrorKind::NoBaseline(problem)))
}

fn compare(migrations: &BTreeSet<String>, baseline: &BTreeSet<String>) -> Result<(), Error> {
    let missing = migrations.difference(baseline).map(|line| format!("- {line}"));
    let surplus = baseline.difference(migrations).map(|line| format!("+ {line}"));
    let mut differences: Vec<_> = missing.chain(surplus).collect();
    if differences.is_empty() {
        return Ok(());
    }
    // Lines of one object stand together.
    differences.sort_by(|one, other| one[2..].cmp(&other[2..]));
    Err(Error::new(ErrorKind::Baseline(differences)))
}
