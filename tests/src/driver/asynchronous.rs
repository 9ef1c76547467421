//! Asynchronous drivers, each blocking in a runtime of its own.

use gapless::{
    AsyncClient, AsyncConnection, Code, DryRun, Error, Log, Plan, Report, Rollback, Runner, Status,
};
use mysql_async::prelude::Queryable;
use sqlx::{Connection as _, MySqlConnection, MySqlPool, PgConnection, PgPool};
use tokio::runtime::{Builder, Runtime};

use super::{Driver, lines};

/// The servers, by the names of the macros that state their differences.
mod postgres {
    pub(super) use crate::cluster::Database;

    pub(super) fn new() -> Database {
        crate::cluster::cluster().database()
    }
}

mod mysql_server {
    pub(super) use crate::mysql_server::Database;

    pub(super) fn new() -> Database {
        crate::mysql_server::server().database()
    }
}

/// A client and the runtime that it lives in.
#[derive(Debug)]
pub struct Blocking<C> {
    pub client: C,
    pub runtime: Runtime,
}

impl<C: AsyncClient> Blocking<C> {
    fn new(connect: impl Future<Output = C>) -> Blocking<C> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let client = runtime.block_on(connect);
        Blocking { client, runtime }
    }

    fn run(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        self.runtime.block_on(sendable(runner.run_async(&mut self.client)))
    }

    fn plan(&mut self, runner: Runner<'_>) -> Result<Plan, Error> {
        self.runtime.block_on(sendable(runner.plan_async(&mut self.client)))
    }

    fn verify(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        self.runtime.block_on(sendable(runner.verify_async(&mut self.client)))
    }

    fn repair(&mut self, runner: Runner<'_>) -> Result<Report, Error> {
        self.runtime.block_on(sendable(runner.repair_async(&mut self.client)))
    }

    fn plan_repair(&mut self, runner: Runner<'_>) -> Result<Plan, Error> {
        self.runtime.block_on(sendable(runner.plan_repair_async(&mut self.client)))
    }

    fn status(&mut self, runner: Runner<'_>) -> Result<Status, Error> {
        self.runtime.block_on(sendable(runner.status_async(&mut self.client)))
    }

    fn log(&mut self, runner: Runner<'_>) -> Result<Log, Error> {
        self.runtime.block_on(sendable(runner.log_async(&mut self.client)))
    }

    fn dry_run(&mut self, runner: Runner<'_>) -> Result<DryRun, Error> {
        self.runtime.block_on(sendable(runner.dry_run_async(&mut self.client)))
    }
}

/// Requires of a future what a runtime with several threads does.
fn sendable<F: Future + Send>(future: F) -> F {
    future
}

/// A driver whose client is `Blocking<$client>`.
macro_rules! driver {
    (
        $(#[$doc:meta])* $name:ident, $server:ident, $client:ty, $refusal:ty, $connect:expr,
        |$lender:ident| $connection:expr, $code:expr, $verify:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(pub $server::Database);

        impl Driver for $name {
            type Client = Blocking<$client>;
            type Refusal = $refusal;

            fn fresh() -> $name {
                $name($server::new())
            }

            fn connect(&self) -> Self::Client {
                Blocking::new($connect(self.0.url()))
            }

            fn run(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error> {
                client.run(runner)
            }

            fn plan(client: &mut Self::Client, runner: Runner<'_>) -> Result<Plan, Error> {
                client.plan(runner)
            }

            fn verify(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error> {
                client.verify(runner)
            }

            fn repair(client: &mut Self::Client, runner: Runner<'_>) -> Result<Report, Error> {
                client.repair(runner)
            }

            fn plan_repair(client: &mut Self::Client, runner: Runner<'_>) -> Result<Plan, Error> {
                client.plan_repair(runner)
            }

            fn status(client: &mut Self::Client, runner: Runner<'_>) -> Result<Status, Error> {
                client.status(runner)
            }

            fn log(client: &mut Self::Client, runner: Runner<'_>) -> Result<Log, Error> {
                client.log(runner)
            }

            fn dry_run(client: &mut Self::Client, runner: Runner<'_>) -> Result<DryRun, Error> {
                client.dry_run(runner)
            }

            fn rollback(client: &mut Self::Client, runner: Runner<'_>, rollback: Rollback) -> Result<Report, Error> {
                client.runtime.block_on(sendable(runner.rollback_async(rollback, &mut client.client)))
            }

            fn plan_rollback(client: &mut Self::Client, runner: Runner<'_>, rollback: Rollback) -> Result<Plan, Error> {
                client.runtime.block_on(sendable(runner.plan_rollback_async(rollback, &mut client.client)))
            }

            fn verify_baseline(
                migrations: &mut Self::Client,
                baseline: &mut Self::Client,
                runner: Runner<'_>,
            ) -> Option<Result<(), Error>> {
                $verify(migrations, baseline, runner)
            }

            fn code(sql: &'static str, failing: Option<&'static str>) -> Option<Code> {
                $code(sql, failing)
            }

            fn sql(client: &mut Self::Client, sql: &str) -> Result<Vec<String>, String> {
                let Blocking { client: $lender, runtime } = client;
                lines(runtime.block_on(async { $connection.exchange(sql).await }))
            }

            $server!();
        }
    };
}

driver!(
    /// `tokio_postgres::Client`.
    TokioPostgres,
    postgres,
    tokio_postgres::Client,
    tokio_postgres::Error,
    |url: String| async move {
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        client
    },
    |client| client,
    |sql: &'static str, failing: Option<&'static str>| {
        Some(Code::tokio_postgres(move |transaction| {
            Box::pin(async move {
                transaction.batch_execute(sql).await?;
                failing.map_or(Ok(()), |why| Err(why.into()))
            })
        }))
    },
    verify
);

driver!(
    /// `sqlx::PgConnection`.
    Sqlx,
    postgres,
    PgConnection,
    sqlx::Error,
    |url: String| async move { PgConnection::connect(&url).await.expect("the server answers") },
    |client| client,
    |_, _| None,
    verify
);

driver!(
    /// `sqlx::PgPool` of one connection, so that what a test sets is there when it runs.
    SqlxPool,
    postgres,
    PgPool,
    sqlx::Error,
    |url: String| async move {
        let options = sqlx::postgres::PgPoolOptions::new().max_connections(1);
        options.connect(&url).await.expect("the server answers")
    },
    |pool| pool.acquire().await.expect("a connection"),
    |_, _| None,
    |_, _, _| None
);

driver!(
    /// `mysql_async::Conn`.
    MysqlAsync,
    mysql_server,
    mysql_async::Conn,
    mysql_async::Error,
    |url: String| async move { mysql_async::Conn::from_url(url).await.expect("the server answers") },
    |client| client,
    mysql_async_code,
    verify
);

driver!(
    /// `mysql_async::Pool` of one connection, which keeps what a test sets.
    MysqlAsyncPool,
    mysql_server,
    mysql_async::Pool,
    mysql_async::Error,
    |url: String| async move {
        let one = mysql_async::PoolConstraints::new(1, 1).expect("one is not less than one");
        let pool = mysql_async::PoolOpts::new().with_constraints(one).with_reset_connection(false);
        let options = mysql_async::Opts::from_url(&url).expect("a URL");
        mysql_async::Pool::new(mysql_async::OptsBuilder::from_opts(options).pool_opts(pool))
    },
    |pool| pool.get_conn().await.expect("a connection"),
    mysql_async_code,
    |_, _, _| None
);

driver!(
    /// `sqlx::MySqlConnection`.
    SqlxMysql,
    mysql_server,
    MySqlConnection,
    sqlx::Error,
    |url: String| async move { MySqlConnection::connect(&url).await.expect("the server answers") },
    |client| client,
    |_, _| None,
    verify
);

driver!(
    /// `sqlx::MySqlPool` of one connection.
    SqlxMysqlPool,
    mysql_server,
    MySqlPool,
    sqlx::Error,
    |url: String| async move {
        let options = sqlx::mysql::MySqlPoolOptions::new().max_connections(1);
        options.connect(&url).await.expect("the server answers")
    },
    |pool| pool.acquire().await.expect("a connection"),
    |_, _| None,
    |_, _, _| None
);

fn mysql_async_code(sql: &'static str, failing: Option<&'static str>) -> Option<Code> {
    Some(Code::mysql_async(move |transaction| {
        Box::pin(async move {
            transaction.query_drop(sql).await?;
            failing.map_or(Ok(()), |why| Err(why.into()))
        })
    }))
}

fn verify<C: AsyncConnection>(
    migrations: &mut Blocking<C>,
    baseline: &mut Blocking<C>,
    runner: Runner<'_>,
) -> Option<Result<(), Error>> {
    let (runtime, second) = (&migrations.runtime, &mut baseline.client);
    Some(runtime.block_on(runner.verify_baseline_async(&mut migrations.client, second)))
}
