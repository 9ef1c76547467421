//! Changes that another session makes to the tracker between a run's observation and its repair.

use gapless::engine::{Dialect, ResultSet};
use gapless::{Connection, ExchangeError, MigrationSet};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::{set, tables};
use postgres::Client;

const SET: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn versions(applied: &[gapless::Applied]) -> Vec<i64> {
    applied.iter().map(|applied| applied.version().number()).collect()
}

/// Lets another session work right before the first message that holds this text.
struct Interrupted<F> {
    client: Client,
    before: &'static str,
    work: Option<F>,
}

impl<F: FnOnce()> Connection for Interrupted<F> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if message.contains(self.before)
            && let Some(work) = self.work.take()
        {
            work();
        }
        self.client.exchange(message)
    }
}

/// A database on which the second of two waits for its rename.
fn to_be_renamed() -> (Database, MigrationSet) {
    let database = cluster().database();
    tables(2).runner().run(&mut database.connect()).unwrap();
    let moved = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("7_t2.sql", "CREATE TABLE t2 (id int);"),
        ("renames.txt", "2_t2 -> 7_t2"),
    ]);
    (database, moved)
}

#[test]
fn a_set_that_has_changed_since_the_observation_is_observed_again() {
    let (database, moved) = to_be_renamed();
    let mut other = database.connect();
    let work =
        || other.batch_execute("DELETE FROM applied_migrations WHERE version = 2; DROP TABLE t2").unwrap();
    let mut client = Interrupted { client: database.connect(), before: "LOCK TABLE", work: Some(work) };
    let report = moved.runner().run(&mut client).unwrap();
    assert!(client.work.is_none(), "the run has locked no table");
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![7], 0), "{report}");
    assert_eq!(column(&mut database.connect(), SET), ["1|t1", "7|t2"]);
}

#[test]
fn nobody_writes_to_the_set_during_a_repair() {
    let (database, moved) = to_be_renamed();
    let mut other = database.connect();
    let work = || {
        let delete = "SET lock_timeout = '200ms'; DELETE FROM applied_migrations WHERE version = 2";
        let error = other.batch_execute(delete).unwrap_err();
        assert_eq!(error.code().map(|code| code.code().to_owned()).as_deref(), Some("55P03"), "{error}");
    };
    let mut client = Interrupted { client: database.connect(), before: "UPDATE ", work: Some(work) };
    let report = moved.runner().run(&mut client).unwrap();
    assert!(client.work.is_none(), "the run has updated no row");
    assert_eq!(report.changes().len(), 1, "{report}");
}
