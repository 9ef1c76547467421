//! Migrations in Rust outside of a transaction, with each client that runs them.

use gapless::{Code, MigrationSet, Resolution, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::killed::{killed_in, value};
use gapless_tests::set::set;

const STEPS: &str = "-- gapless: no-transaction\n";

fn version(number: u32) -> Version {
    Version::from(number)
}

fn with_code(rerunnable: &str) -> MigrationSet {
    set(&[
        ("1_a.sql", "CREATE TABLE a (n int);"),
        ("2_fill.sql", &format!("-- gapless: rust\n{STEPS}{rerunnable}")),
        ("3_more.sql", &format!("-- gapless: rust\n{STEPS}")),
    ])
}

#[test]
fn code_runs_outside_of_a_transaction() {
    let mut client = cluster().database().connect();
    let set = with_code("");
    let error = set.runner().run(&mut client).unwrap_err();
    let text = error.to_string();
    assert!(error.is_usage() && text.contains("version 2 is") && text.contains("version 3 is"), "{error}");
    let inside = set.runner().code(version(2), Code::postgres(|_| Ok(())));
    assert!(inside.run(&mut client).unwrap_err().is_usage());
    assert_eq!(set.runner().dry_run(&mut client).unwrap().not_tried().len(), 2);
    let vacuum = || {
        Code::postgres_no_transaction(|client| {
            client.batch_execute("VACUUM a")?;
            client.batch_execute("SET work_mem = '1MB'")?;
            let mut transaction = client.transaction()?;
            transaction.batch_execute("INSERT INTO a VALUES (1)")?;
            transaction.commit()?;
            Ok(())
        })
    };
    let runner = set.runner().code(version(2), vacuum()).code(version(3), vacuum());
    assert_eq!(runner.run(&mut client).unwrap().applied().len(), 3);
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM a"), "2");
    assert_eq!(value(&mut client, "SHOW work_mem"), "4MB");
    assert_eq!(set.runner().run(&mut client).unwrap().round_trips(), 1);
}

#[test]
fn code_outside_that_fails_is_in_doubt_unless_it_may_be_repeated() {
    for rerunnable in [false, true] {
        let database = cluster().database();
        let mut client = database.connect();
        let set = with_code(if rerunnable { "-- gapless: rerunnable\n" } else { "" });
        let failing = Code::postgres_no_transaction(|client| {
            client.batch_execute("INSERT INTO a VALUES (1)")?;
            Err("the moon is full".into())
        });
        let good = || Code::postgres_no_transaction(|_| Ok(()));
        let runner = set.runner().code(version(2), failing).code(version(3), good());
        let error = runner.run(&mut client).unwrap_err();
        assert!(error.to_string().starts_with("migration 2 `fill` failed: the moon is full"), "{error}");
        let runner = || set.runner().code(version(2), good()).code(version(3), good());
        if !rerunnable {
            assert!(runner().run(&mut client).unwrap_err().is_interrupted());
        }
        let resolved =
            if rerunnable { runner() } else { runner().resolve(version(2), Resolution::MarkApplied) };
        assert_eq!(resolved.run(&mut client).unwrap().applied().len(), 2);
        assert_eq!(value(&mut client, "SELECT count(*)::text FROM a"), "1");
    }
}

#[test]
fn code_outside_that_leaves_a_transaction_open_is_an_error() {
    let mut client = cluster().database().connect();
    let set = with_code("");
    let open = Code::postgres_no_transaction(|client| {
        client.batch_execute("BEGIN; INSERT INTO a VALUES (1)")?;
        Ok(())
    });
    let runner =
        set.runner().code(version(2), open).code(version(3), Code::postgres_no_transaction(|_| Ok(())));
    let error = runner.run(&mut client).unwrap_err();
    assert!(error.to_string().contains("left a transaction open"), "{error}");
    assert_eq!(value(&mut client, "SELECT count(*)::text FROM a"), "0");
}

#[test]
fn code_outside_that_was_killed_is_in_doubt() {
    let database = cluster().database();
    let set = with_code("");
    killed_in(&database, "%pg_sleep(5)%", |client| {
        let slow = Code::postgres_no_transaction(|client| Ok(client.batch_execute("SELECT pg_sleep(5)")?));
        let good = Code::postgres_no_transaction(|_| Ok(()));
        set.runner().code(version(2), slow).code(version(3), good).run(client).unwrap_err()
    });
    let mut client = database.connect();
    let good = || Code::postgres_no_transaction(|_| Ok(()));
    let runner = || set.runner().code(version(2), good()).code(version(3), good());
    assert!(runner().run(&mut client).unwrap_err().is_interrupted());
    let report = runner().resolve(version(2), Resolution::Retry).run(&mut client).unwrap();
    assert_eq!(report.applied().len(), 2);
}

#[test]
fn code_of_sqlite_runs_outside_of_a_transaction() {
    let mut client = rusqlite::Connection::open_in_memory().unwrap();
    let set = with_code("");
    let good = || {
        Code::rusqlite_no_transaction(|connection| {
            Ok(connection.execute_batch("VACUUM; INSERT INTO a VALUES (1)")?)
        })
    };
    let open = Code::rusqlite_no_transaction(|connection| Ok(connection.execute_batch("BEGIN")?));
    let runner = set.runner().code(version(2), good()).code(version(3), open);
    let error = runner.run(&mut client).unwrap_err();
    assert!(error.to_string().contains("left a transaction open"), "{error}");
    assert!(client.is_autocommit());
    let runner = set.runner().code(version(3), good()).resolve(version(3), Resolution::Retry);
    assert_eq!(runner.run(&mut client).unwrap().applied().len(), 1);
}

#[test]
fn code_of_tokio_runs_outside_of_a_transaction() {
    let database = cluster().database();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (mut client, connection) =
            tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let good = || {
            Code::tokio_postgres_no_transaction(|client| {
                Box::pin(async move { Ok(client.batch_execute("VACUUM a").await?) })
            })
        };
        let set = with_code("");
        let runner = set.runner().code(version(2), good()).code(version(3), good());
        assert_eq!(runner.run_async(&mut client).await.unwrap().applied().len(), 3);
    });
}
