//! A connection that is lost after a failure: the error reports both.

use gapless::{Error, MigrationSet, Rollback};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::proxy::{Cut, Proxy};
use gapless_tests::set::{set, tables};

/// Where a connection through the proxy may be cut: before or after each answer, from this turn on.
fn cuts(first: u32) -> impl Iterator<Item = Cut> {
    (first..first + 12).flat_map(|turn| [false, true].map(|after| Cut { turn, after }))
}

/// The errors of runs that were cut at every point, each on a database of its own; `None` where none was cut.
fn errors(
    prepare: impl Fn(&Database),
    attempt: impl Fn(&mut postgres::Client) -> Option<Error>,
) -> Vec<(Cut, Error)> {
    let mut found = Vec::new();
    for cut in cuts(1) {
        let database = cluster().database();
        prepare(&database);
        let proxy = Proxy::cutting(database.port, cut);
        let through = Database { port: proxy.port(), ..database };
        let Ok(mut client) = postgres::Client::connect(&through.url(), postgres::NoTls) else { continue };
        let error = attempt(&mut client);
        if proxy.has_cut() {
            found.extend(error.map(|error| (cut, error)));
        }
    }
    found
}

fn broken() -> MigrationSet {
    set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_b.sql", "INSERT INTO t1 VALUES (1);\nINSERT INTO nowhere VALUES (1);"),
    ])
}

#[test]
fn a_connection_lost_while_a_failure_is_written_down_does_not_hide_it() {
    let broken = broken();
    let found = errors(
        |database| drop(tables(1).runner().run(&mut database.connect()).unwrap()),
        |client| broken.runner().run(client).err(),
    );
    // Before the message of the migration was answered, nobody can know.
    let told: Vec<_> = found.iter().skip_while(|(_, error)| error.failure().is_none()).collect();
    // ROLLBACK, the look, the journal and the lock, before and after each; after the last nothing is cut.
    assert!(told.len() >= 7, "{found:#?}");
    for (cut, error) in told {
        assert!(error.is_connection(), "{cut:?}: {error}");
        let failure = error.failure().unwrap_or_else(|| panic!("{cut:?}: {error}"));
        assert_eq!((failure.version().number(), failure.statement()), (2, Some(2)), "{cut:?}: {error}");
        let text = error.to_string();
        assert!(text.contains("relation \"nowhere\" does not exist"), "{cut:?}: {error}");
        assert!(text.contains("migrations/2_b.sql:2:13"), "{cut:?}: {error}");
        assert!(text.contains("note: the connection was lost afterwards, while "), "{cut:?}: {error}");
    }
}

#[test]
fn an_error_of_a_lost_connection_names_the_work_under_way() {
    let broken = broken();
    let found = errors(
        |database| drop(tables(1).runner().run(&mut database.connect()).unwrap()),
        |client| broken.runner().run(client).err(),
    );
    let texts: Vec<_> = found.iter().map(|(_, error)| error.to_string()).collect();
    assert!(
        texts.iter().any(|text| text.starts_with("the connection was lost while applying migration 2 `b`: ")),
        "{texts:#?}"
    );
}

#[test]
fn a_failed_statement_outside_of_a_transaction_is_not_hidden_either() {
    let steps = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        (
            "2_b.sql",
            "-- gapless: no-transaction\nINSERT INTO t1 VALUES (1);\nINSERT INTO nowhere VALUES (1);",
        ),
    ]);
    let found = errors(
        |database| drop(tables(1).runner().run(&mut database.connect()).unwrap()),
        |client| steps.runner().run(client).err(),
    );
    let told: Vec<_> = found.iter().skip_while(|(_, error)| error.failure().is_none()).collect();
    // The journal, the settings and the lock.
    assert!(told.len() >= 5, "{found:#?}");
    for (cut, error) in told {
        assert_eq!(error.failure().and_then(|failure| failure.statement()), Some(2), "{cut:?}: {error}");
        assert!(error.to_string().contains("relation \"nowhere\" does not exist"), "{cut:?}: {error}");
    }
}

#[test]
fn a_failed_rollback_is_not_hidden_either() {
    let back = set(&[("1_t1.up.sql", "CREATE TABLE t1 (id int);"), ("1_t1.down.sql", "DROP TABLE nowhere;")]);
    let found = errors(
        |database| drop(back.runner().run(&mut database.connect()).unwrap()),
        |client| back.runner().rollback(Rollback::steps(1), client).err(),
    );
    let told: Vec<_> = found.iter().skip_while(|(_, error)| error.failure().is_none()).collect();
    assert!(told.len() >= 5, "{found:#?}");
    for (cut, error) in told {
        assert!(error.failure().is_some() && error.is_connection(), "{cut:?}: {error}");
    }
}

/// The server rolls back what the dry run has tried, whoever sees it.
#[test]
fn a_dry_run_that_has_tried_everything_is_reported() {
    let pending = tables(2);
    for cut in cuts(1) {
        let database = cluster().database();
        tables(1).runner().run(&mut database.connect()).unwrap();
        let proxy = Proxy::cutting(database.port, cut);
        let through = Database { port: proxy.port(), ..database.clone() };
        let Ok(mut client) = postgres::Client::connect(&through.url(), postgres::NoTls) else { continue };
        match pending.runner().dry_run(&mut client) {
            Ok(dry_run) => assert_eq!(dry_run.tried().len(), 1),
            Err(error) => assert!(!error.to_string().contains("rolling back"), "{cut:?}: {error}"),
        }
    }
}

/// A syntax error refuses a whole message; what stands before it is sent again, and then the connection breaks.
#[test]
fn a_failure_that_waits_for_what_comes_before_it_is_not_forgotten() {
    let typo = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_t2.sql", "CREATE TABLE t2 (id int);"),
        ("3_typo.sql", "CREATE TABEL t3 (id int);"),
    ]);
    let found = errors(
        |database| drop(tables(1).runner().run(&mut database.connect()).unwrap()),
        |client| typo.runner().run(client).err(),
    );
    let told: Vec<_> = found.iter().skip_while(|(_, error)| error.failure().is_none()).collect();
    assert!(told.len() >= 9, "{found:#?}");
    for (cut, error) in told {
        assert_eq!(error.failure().map(|failure| failure.version().number()), Some(3), "{cut:?}: {error}");
    }
}
