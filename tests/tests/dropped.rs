//! Asynchronous drivers: a run whose future is dropped midway, and the count of statements
//! that were done before an error.

use std::time::Duration;

use gapless::MigrationSet;
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::set;
use sqlx::Connection as _;
use tokio::time::timeout;

fn slow() -> MigrationSet {
    set(&[
        ("1_counter.sql", "CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);"),
        ("2_slow.sql", "UPDATE counter SET n = n + 1;\nSELECT pg_sleep(1);"),
        ("3_more.sql", "UPDATE counter SET n = n + 10;"),
    ])
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn connect(database: &Database) -> (tokio_postgres::Client, tokio::task::JoinHandle<()>) {
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    let task = tokio::spawn(async move {
        let _ = connection.await;
    });
    (client, task)
}

/// All is applied once, and no lock is left.
fn assert_applied_once(database: &Database) {
    let mut client = database.connect();
    let row = client
        .query_one(
            "SELECT (SELECT n FROM counter), (SELECT count(*) FROM applied_migrations), (SELECT count(*) FROM pg_locks \
             WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
            &[],
        )
        .unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i64>(1), row.get::<_, i64>(2)), (11, 3, 0));
}

#[test]
fn the_next_run_waits_for_what_the_server_goes_on_with() {
    let database = cluster().database();
    block(async {
        let migrations = slow();
        let (mut client, task) = connect(&database).await;
        timeout(Duration::from_millis(300), migrations.runner().run_async(&mut client)).await.unwrap_err();
        // The connection is gone, its backend is not.
        drop(client);
        task.abort();
        let (mut client, _task) = connect(&database).await;
        let report = migrations.runner().run_async(&mut client).await.unwrap();
        assert!(report.waits() > 0, "{report}");
    });
    assert_applied_once(&database);
}

#[test]
fn a_session_that_is_used_again_does_not_keep_its_lock() {
    let database = cluster().database();
    block(async {
        let migrations = slow();
        let (mut client, _task) = connect(&database).await;
        timeout(Duration::from_millis(300), migrations.runner().run_async(&mut client)).await.unwrap_err();
        migrations.runner().run_async(&mut client).await.unwrap();
        let more = set(&[("9_more.sql", "UPDATE counter SET n = n + 0;")]);
        more.runner().unknown(gapless::Unknown::Allow).run_async(&mut client).await.unwrap();
        client.batch_execute("DELETE FROM applied_migrations WHERE version = 9").await.unwrap();
    });
    assert_applied_once(&database);
}

#[test]
fn a_connection_of_sqlx_that_timed_out_is_closed_and_the_next_run_goes_on() {
    let database = cluster().database();
    block(async {
        let migrations = slow();
        let mut connection = sqlx::PgConnection::connect(&database.url()).await.unwrap();
        timeout(Duration::from_millis(300), migrations.runner().run_async(&mut connection))
            .await
            .unwrap_err();
        drop(connection);
        let mut pool = sqlx::PgPool::connect(&database.url()).await.unwrap();
        migrations.runner().run_async(&mut pool).await.unwrap();
        pool.close().await;
    });
    assert_applied_once(&database);
}

/// A pool hands out no connection that a dropped run has left its lock or its transaction on.
#[test]
fn a_pool_gets_no_connection_back_from_a_dropped_run() {
    let database = cluster().database();
    let sleeping = set(&[
        ("1_mine.sql", "CREATE TABLE mine (n int);"),
        ("2_slow.sql", "SELECT pg_sleep(1);"),
        ("3_slow.sql", "-- gapless: no-transaction\nSELECT pg_sleep(1);"),
    ]);
    block(async {
        let options = sqlx::postgres::PgPoolOptions::new().max_connections(2);
        let mut pool = options.connect(&database.url()).await.unwrap();
        sqlx::raw_sql("CREATE TABLE app (n int)").execute(&pool).await.unwrap();
        timeout(Duration::from_millis(400), sleeping.runner().dry_run_async(&mut pool)).await.unwrap_err();
        tokio::time::sleep(Duration::from_millis(1200)).await;
        for _ in 0..2 {
            sqlx::raw_sql("INSERT INTO app VALUES (1)").execute(&pool).await.unwrap();
        }
        timeout(Duration::from_millis(1500), sleeping.runner().run_async(&mut pool)).await.unwrap_err();
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        for _ in 0..100 {
            let count: i64 = sqlx::query_scalar(locks).fetch_one(&pool).await.unwrap();
            if count == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let count: i64 = sqlx::query_scalar(locks).fetch_one(&pool).await.unwrap();
        assert_eq!(count, 0);
        pool.close().await;
    });
    let count: i64 = database.connect().query_one("SELECT count(*) FROM app", &[]).unwrap().get(0);
    assert_eq!(count, 2);
}

/// The server gives no position for a violated constraint; which statement it was is counted.
#[test]
fn an_error_without_a_position_is_placed_by_counting() {
    let twice = set(&[
        ("1_users.sql", "CREATE TABLE users (id int PRIMARY KEY);"),
        ("2_seed.sql", "INSERT INTO users VALUES (1);\nSELECT 1;\n\nINSERT INTO users\nVALUES (1);"),
    ]);
    let database = cluster().database();
    let with_tokio = block(async {
        let (mut client, _task) = connect(&database).await;
        twice.runner().run_async(&mut client).await.unwrap_err().to_string()
    });
    insta::assert_snapshot!("counted", with_tokio);
    let database = cluster().database();
    let with_sqlx = block(async {
        let mut connection = sqlx::PgConnection::connect(&database.url()).await.unwrap();
        twice.runner().run_async(&mut connection).await.unwrap_err().to_string()
    });
    assert_eq!(with_sqlx, with_tokio);
}
