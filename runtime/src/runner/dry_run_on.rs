//! The dry run on a scratch database, for databases that commit DDL by themselves.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gapless_core::Statement;

use crate::driver::{self, AsyncConnection, Connection, ExchangeError};
use crate::engine::{Dialect, ResultSet, split};
use crate::report::error::ErrorKind;
use crate::runner::Runner;
use crate::tracker::Tracker;
use crate::{DryRun, Error, Plan};

impl Runner<'_> {
    /// Tries all pending migrations on a scratch database, with DDL: for MySQL and MariaDB, where a
    /// [`dry_run`](Runner::dry_run) can try data migrations alone, because DDL commits by itself.
    ///
    /// It reads from `client` what is applied and the definitions of all tables, views, routines, triggers and events of its
    /// database, and changes nothing there. It creates them in the connection's database of `scratch`, which must be
    /// empty, with the tracker's rows and no others, and runs the migrations there. What it made stays in the scratch
    /// database. Events are disabled there. Whether rows fit (a `NOT NULL` column, a unique index) shows only where there
    /// are rows: a copy of production tells more.
    ///
    /// ```no_run
    /// # #[cfg(feature = "mysql")] {
    /// # use gapless::{MigrationSet, embed_migrations};
    /// # static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");
    /// # fn example(mut client: mysql::Conn, mut scratch: mysql::Conn) -> Result<(), gapless::Error> {
    /// let dry_run = MIGRATIONS.runner().dry_run_on(&mut client, &mut scratch)?;
    /// println!("{dry_run}");
    /// # Ok(()) }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`run`](Runner::run). [`Error::failure`] is the first migration that fails. [`Error::is_usage`] for a
    /// scratch database that is not empty or is the same database, for a history that must be repaired first
    /// ([`repair`](Runner::repair)), for a pending script that could leave the scratch database (`USE`, or the name of the
    /// other database) on the same server, and for Postgres and SQLite, where [`dry_run`](Runner::dry_run) tries
    /// everything.
    pub fn dry_run_on<C: Connection + Send, S: Connection + Send>(
        self,
        client: &mut C,
        scratch: &mut S,
    ) -> Result<DryRun, Error> {
        let plan = self.clone().plan(client)?;
        if plan.pending().is_empty() {
            return Ok(DryRun::of(Vec::new()));
        }
        let dialect = client.dialect();
        at_once(self.copy(&plan, dialect, &mut Now(client), &mut Now(scratch)))?;
        self.on_scratch().run(scratch).map(|report| DryRun::of(report.applied)).map_err(Error::undone)
    }

    /// [`dry_run_on`](Runner::dry_run_on) for asynchronous connections.
    ///
    /// # Errors
    ///
    /// The errors of [`dry_run_on`](Runner::dry_run_on).
    pub async fn dry_run_on_async<C: AsyncConnection, S: AsyncConnection>(
        self,
        client: &mut C,
        scratch: &mut S,
    ) -> Result<DryRun, Error> {
        let plan = self.clone().plan_async(client).await?;
        if plan.pending().is_empty() {
            return Ok(DryRun::of(Vec::new()));
        }
        let dialect = AsyncConnection::dialect(client);
        self.copy(&plan, dialect, &mut Later(client), &mut Later(scratch)).await?;
        let run = self.on_scratch().run_async(scratch).await;
        run.map(|report| DryRun::of(report.applied)).map_err(Error::undone)
    }

    /// Returns this runner with its tracker in the scratch database's own place.
    fn on_scratch(mut self) -> Self {
        self.options.schema = None;
        self
    }

    /// Copies the schema and the tracker.
    async fn copy<F: Exchange, T: Exchange>(
        &self,
        plan: &Plan,
        dialect: &'static dyn Dialect,
        from: &mut F,
        to: &mut T,
    ) -> Result<(), Error> {
        let Some(identity) = dialect.identity() else {
            return Err(refused("this database tries DDL in a transaction\nhelp: use `dry_run`"));
        };
        if !plan.changes().is_empty() {
            return Err(refused(
                "the history must be repaired first\nhelp: `repair` does that, and applies nothing",
            ));
        }
        let here = text(&from.asked(identity).await?);
        let there = text(&to.asked(identity).await?);
        self.check_apart(plan, dialect, &here, &there)?;
        if to.asked(dialect.objects()).await?.iter().any(|result| result.rows().next().is_some()) {
            return Err(refused("the scratch database is not empty\nhelp: create one for it"));
        }
        let objects = pairs(&from.asked(dialect.objects()).await?);
        let shown = from.asked(&dialect.definitions(&objects)).await?;
        let (mut first, mut views) = (String::new(), Vec::new());
        for ((kind, _), definition) in objects.iter().zip(&shown) {
            let created = dialect.definition(kind, definition).unwrap_or_default();
            if kind == "VIEW" { views.push(created) } else { first += &created }
        }
        to.asked(dialect.begin_copy()).await?;
        let made = make(to, &first, views).await;
        let set = self.tracker_rows(dialect, from, to, &here).await;
        to.asked(dialect.end_copy()).await?;
        made.and(set)
    }

    /// Copies the rows of a tracker that is there.
    async fn tracker_rows<F: Exchange, T: Exchange>(
        &self,
        dialect: &'static dyn Dialect,
        from: &mut F,
        to: &mut T,
        here: &[String],
    ) -> Result<(), Error> {
        let own = here.get(1).map(String::as_str).unwrap_or_default();
        let schema = self.options.schema.as_deref().unwrap_or(own);
        let source = Tracker::new(dialect, Some(schema), &self.options.table)?;
        let target = Tracker::new(dialect, None, &self.options.table)?;
        let Ok(rows) = from.exchange(&dialect.tracker_rows(&source)).await else { return Ok(()) };
        let elsewhere = self.options.schema.is_some().then_some(crate::dialect::Missing {
            schema: false,
            set: true,
            journal: true,
        });
        let create = elsewhere.map_or(String::new(), |missing| dialect.create(&target, missing));
        to.asked(&(create + &dialect.insert(&target, &rows))).await.map(|_| ())
    }

    /// Refuses a scratch database from which a script could reach the other one.
    fn check_apart(
        &self,
        plan: &Plan,
        dialect: &'static dyn Dialect,
        here: &[String],
        there: &[String],
    ) -> Result<(), Error> {
        if here == there {
            return Err(refused("both connections have the same database\nhelp: create another one for it"));
        }
        let (Some(server), Some(database)) = (here.first(), here.get(1)) else { return Ok(()) };
        if there.first() != Some(server) {
            return Ok(());
        }
        let pending = plan.pending().iter().filter_map(|pending| self.set.find(pending.version()));
        let leaves = |sql: &str| {
            let statements = split(sql, dialect.syntax()).unwrap_or_default();
            statements.iter().any(Statement::uses_database)
                || statements.iter().any(|one| one.names_within(database))
        };
        let mut leaving = pending.filter(|migration| leaves(migration.sql()));
        leaving.next().map_or(Ok(()), |migration| {
            Err(Error::new(ErrorKind::Scratch(format!(
                "{} names its database, and would work there\nhelp: use a scratch database on another server",
                migration.file()
            ))))
        })
    }
}

/// Creates the objects. Views stand on others, so they are tried in turns.
async fn make<T: Exchange>(to: &mut T, first: &str, mut views: Vec<String>) -> Result<(), Error> {
    // Triggers come behind views, and may need them only when they fire.
    to.asked(first).await?;
    loop {
        let (mut left, mut last) = (Vec::new(), Ok(()));
        let before = views.len();
        for view in views {
            if let Err(error) = to.asked(&view).await {
                (last, _) = (Err(error), left.push(view));
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        if left.len() == before {
            return last;
        }
        views = left;
    }
}

fn refused(problem: &str) -> Error {
    Error::new(ErrorKind::Scratch(problem.to_owned()))
}

/// The first row, as text.
fn text(results: &[ResultSet]) -> Vec<String> {
    let row = results.first().and_then(|result| result.rows().next());
    row.into_iter().flatten().map(|value| value.clone().unwrap_or_default()).collect()
}

fn pairs(results: &[ResultSet]) -> Vec<(String, String)> {
    let pair = |row: &[Option<String>]| match row {
        [Some(kind), Some(name)] => Some((kind.clone(), name.clone())),
        _ => None,
    };
    results.iter().flat_map(ResultSet::rows).filter_map(pair).collect()
}

/// One face of both kinds of connection.
trait Exchange: Send {
    fn exchange(
        &mut self,
        message: &str,
    ) -> impl Future<Output = Result<Vec<ResultSet>, ExchangeError>> + Send;

    fn asked(&mut self, message: &str) -> impl Future<Output = Result<Vec<ResultSet>, Error>> + Send {
        async {
            if message.is_empty() {
                return Ok(Vec::new());
            }
            driver::answered("copying the schema", self.exchange(message).await)
        }
    }
}

struct Now<'a, C>(&'a mut C);

struct Later<'a, C>(&'a mut C);

impl<C: Connection + Send> Exchange for Now<'_, C> {
    async fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.0.exchange(message)
    }
}

impl<C: AsyncConnection> Exchange for Later<'_, C> {
    async fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.0.exchange(message).await
    }
}

/// Takes a future that waits for nothing to its end.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
