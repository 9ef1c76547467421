//! Runs on MySQL that are dropped midway, or whose listener panics: nothing keeps the lock or a transaction.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use gapless::{AsyncClient, Code, MigrationSet, Version};
use gapless_tests::mysql_server::{Database, server};
use gapless_tests::set::set;
use mysql::prelude::Queryable as _;
use mysql_async::prelude::Queryable as _;
use tokio::time::timeout;

fn slow() -> MigrationSet {
    set(&[
        ("1_counter.sql", "CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);"),
        ("2_slow.sql", "UPDATE counter SET n = n + 1;\nSELECT sleep(1);"),
        ("3_steps.sql", "CREATE TABLE steps (n int);\nSELECT sleep(1);\nUPDATE counter SET n = n + 10;"),
    ])
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn one(database: &Database, sql: &str) -> u64 {
    mysql::prelude::Queryable::query_first(&mut database.connect(), sql).unwrap().unwrap()
}

/// The sessions on this database but the one that asks, and those among them with a named lock.
fn sessions(database: &Database) -> (u64, u64) {
    let held = "SELECT count(*), coalesce(sum(is_used_lock(concat('gapless session ', p.ID)) IS NOT NULL), 0) \
                FROM information_schema.PROCESSLIST p WHERE p.DB = database() AND p.ID <> connection_id()";
    mysql::prelude::Queryable::query_first(&mut database.connect(), held).unwrap().unwrap()
}

async fn await_sessions(database: &Database, awaited: impl Fn((u64, u64)) -> bool) {
    let begun = Instant::now();
    while !awaited(sessions(database)) {
        let last = sessions(database);
        assert!(begun.elapsed() < Duration::from_secs(5), "sessions, and those with a lock: {last:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the server has ended what a closed connection had sent, and lets the pool work meanwhile. A session with a
/// transaction would keep others from the tables that it has touched.
async fn await_no_holder(database: &Database) {
    await_sessions(database, |(_, holders)| holders == 0).await;
    let database = database.clone();
    let touching = tokio::task::spawn_blocking(move || {
        let mut client = database.connect();
        let tables: Vec<String> = client.query("SHOW TABLES").unwrap();
        client.query_drop("SET lock_wait_timeout = 5").unwrap();
        let locked = tables.iter().map(|table| format!("{table} WRITE")).collect::<Vec<_>>().join(", ");
        client.query_drop(format!("LOCK TABLES {locked}")).expect("no session has a transaction open");
    });
    touching.await.unwrap();
}

fn mysql_async_pool(database: &Database, resets: bool) -> mysql_async::Pool {
    let one = mysql_async::PoolConstraints::new(1, 1).unwrap();
    let pool = mysql_async::PoolOpts::new().with_constraints(one).with_reset_connection(resets);
    let options = mysql_async::Opts::from_url(&database.url()).unwrap();
    mysql_async::Pool::new(mysql_async::OptsBuilder::from_opts(options).pool_opts(pool))
}

fn sqlx_pool(database: &Database) -> sqlx::MySqlPool {
    sqlx::mysql::MySqlPoolOptions::new().max_connections(1).connect_lazy(&database.url()).unwrap()
}

/// Drops a run in the middle of its message, which the server goes on with, and lets another look at the outcome.
async fn drop_midway<C: AsyncClient>(database: &Database, mut pool: C) {
    let migrations = slow();
    for target in [2, 3] {
        let run = migrations.runner().target(Version::from(target)).run_async(&mut pool);
        timeout(Duration::from_millis(500), run).await.unwrap_err();
        assert_eq!(sessions(database).1, 1, "the server does not know yet");
        await_no_holder(database).await;
    }
    migrations.runner().run_async(&mut pool).await.unwrap();
    assert_eq!(one(database, "SELECT n FROM counter"), 11);
    assert_eq!(one(database, "SELECT count(*) FROM applied_migrations"), 3);
    await_no_holder(database).await;
}

#[test]
fn a_pool_goes_on_after_dropped_runs() {
    let database = server().database();
    block(async { drop_midway(&database, mysql_async_pool(&database, true)).await });
    let database = server().database();
    block(async { drop_midway(&database, mysql_async_pool(&database, false)).await });
    let database = server().database();
    block(async { drop_midway(&database, sqlx_pool(&database)).await });
}

/// Between two messages the connection looks like any other: its pool would hand it out with the lock.
#[test]
fn a_pool_gets_no_connection_back_from_a_run_that_was_dropped_between_messages() {
    let migrations = set(&[("1_t.sql", "CREATE TABLE t (n int);"), ("2_code.sql", "-- gapless: rust\n")]);
    for resets in [false, true] {
        let database = server().database();
        block(async {
            let mut pool = mysql_async_pool(&database, resets);
            let waiting = Code::mysql_async(|transaction| {
                Box::pin(async move {
                    transaction.query_drop("INSERT INTO t VALUES (1)").await?;
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    Ok(())
                })
            });
            let run = migrations.runner().code(Version::from(2), waiting).run_async(&mut pool);
            timeout(Duration::from_millis(800), run).await.unwrap_err();
            await_no_holder(&database).await;
            await_sessions(&database, |sessions| sessions == (0, 0)).await;
            let good = Code::mysql_async(|transaction| {
                Box::pin(async move { Ok(transaction.query_drop("INSERT INTO t VALUES (2)").await?) })
            });
            migrations.runner().code(Version::from(2), good).run_async(&mut pool).await.unwrap();
            pool.disconnect().await.unwrap();
        });
        assert_eq!(one(&database, "SELECT sum(n) FROM t"), 2);
    }
}

/// Its dry run has a transaction open.
#[test]
fn a_pool_gets_no_connection_back_from_a_dry_run_that_was_dropped() {
    let first = ("1_t.sql", "CREATE TABLE t (n int);");
    let tried = set(&[
        first,
        ("2_slow.sql", "INSERT INTO t VALUES (1);\nSELECT sleep(0.5);"),
        ("3_b.sql", "SELECT sleep(60);"),
    ]);
    let database = server().database();
    set(&[first]).runner().run(&mut database.connect()).unwrap();
    block(async {
        let mut pool = mysql_async_pool(&database, false);
        timeout(Duration::from_millis(300), tried.runner().dry_run_async(&mut pool)).await.unwrap_err();
        await_no_holder(&database).await;
        let mut pool = sqlx_pool(&database);
        timeout(Duration::from_millis(300), tried.runner().dry_run_async(&mut pool)).await.unwrap_err();
        await_no_holder(&database).await;
    });
    assert_eq!(one(&database, "SELECT count(*) FROM t"), 0);
}

/// A connection that is given back to its pool once its run is over keeps nothing of it.
#[test]
fn a_pool_gets_a_connection_back_from_a_run_that_ended() {
    let database = server().database();
    block(async {
        let mut pool = mysql_async_pool(&database, false);
        let mut of_sqlx = sqlx_pool(&database);
        let before: u64 =
            pool.get_conn().await.unwrap().query_first("SELECT connection_id()").await.unwrap().unwrap();
        let good = set(&[("1_t.sql", "CREATE TABLE t (n int);")]);
        let broken =
            set(&[("1_t.sql", "CREATE TABLE t (n int);"), ("2_b.sql", "INSERT INTO nowhere VALUES (1);")]);
        good.runner().run_async(&mut pool).await.unwrap();
        broken.runner().run_async(&mut pool).await.unwrap_err();
        broken.runner().run_async(&mut of_sqlx).await.unwrap_err();
        await_sessions(&database, |sessions| sessions == (2, 0)).await;
        let after: u64 =
            pool.get_conn().await.unwrap().query_first("SELECT connection_id()").await.unwrap().unwrap();
        assert_eq!(after, before);
    });
}

#[test]
fn a_listener_that_panics_leaves_no_lock_behind() {
    let two = set(&[("1_t.sql", "CREATE TABLE t (n int);"), ("2_u.sql", "INSERT INTO t VALUES (1);")]);
    for pooled in [false, true] {
        let database = server().database();
        let pool = mysql::Pool::new(database.url().as_str()).unwrap();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let runner = two.runner().on_event(|event| {
                assert!(!matches!(event, gapless::Event::Applying(_)), "the listener gives up");
            });
            if pooled {
                let mut client = pool.get_conn().unwrap();
                runner.run(&mut client)
            } else {
                let mut client = database.connect();
                runner.run(&mut client)
            }
        }));
        assert!(panicked.is_err());
        block(await_no_holder(&database));
        // Also for one that is not the same session.
        let now = two.runner().lock_wait(Duration::ZERO).run(&mut database.connect()).unwrap();
        assert_eq!(now.applied().len(), 2);
    }
}

#[test]
fn a_connection_of_a_pool_runs_and_is_clean_afterwards() {
    let database = server().database();
    let options = mysql::Opts::from_url(&database.url()).unwrap();
    let kept = mysql::PoolOpts::new().with_reset_connection(false);
    let pool = mysql::Pool::new(mysql::OptsBuilder::from_opts(options).pool_opts(kept)).unwrap();
    let set = set(&[
        ("1_t.sql", "CREATE TABLE t (n int);\nSET @@session.sql_mode = '';"),
        ("2_code.sql", "-- gapless: rust\n"),
        ("3_outside.sql", "-- gapless: rust\n-- gapless: no-transaction\n"),
    ]);
    let inside = Code::mysql(|transaction| Ok(transaction.query_drop("INSERT INTO t VALUES (1)")?));
    let outside = Code::mysql_no_transaction(|client| Ok(client.query_drop("CREATE INDEX i ON t (n)")?));
    let mode = "SELECT @@sql_mode";
    let before: String = pool.get_conn().unwrap().query_first(mode).unwrap().unwrap();
    let mut client = pool.get_conn().unwrap();
    let runner = set.runner().code(Version::from(2), inside).code(Version::from(3), outside);
    assert_eq!(runner.run(&mut client).unwrap().applied().len(), 3);
    assert_eq!(set.runner().run(&mut client).unwrap().round_trips(), 1);
    drop(client);
    block(await_no_holder(&database));
    assert_eq!(pool.get_conn().unwrap().query_first::<String, _>(mode).unwrap().unwrap(), before);
    assert_eq!(one(&database, "SELECT sum(n) FROM t"), 1);
}
