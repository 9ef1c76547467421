//! Runs on databases that lack an ability which every database of ours has. A script answers in their place.

use std::collections::BTreeMap;

use gapless_core::{Checksum, Directives, Migration, MigrationSet};

use super::item::{Execution, Item};
use super::protocol::{Protocol, Request};
use super::run::{Finished, Run, Step};
use super::session::Link;
use super::{DbError, Position, Reply, ResultSet};
use crate::dialect::{Abilities, Dialect, Language, Postgres, Sqlite};
use crate::report::error::Error;
use crate::runner::options::Options;
use crate::runner::{Goal, Listener};

const DDL: &str = "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n";

const DML: &str = "INSERT INTO t VALUES (1);\n";

pub(super) fn set(scripts: &[&'static str]) -> MigrationSet {
    let migration = |(at, sql): (usize, &&'static str)| {
        let number = i64::try_from(at).unwrap() + 1;
        let path = format!("migrations/{number}_m{number}.sql").leak();
        let name = format!("m{number}").leak();
        Migration::__embedded(number, name, path, sql, Checksum::of(sql).as_bytes(), None, Directives::NONE)
    };
    MigrationSet::new(scripts.iter().enumerate().map(migration).collect()).unwrap()
}

pub(super) fn protocol<'a>(
    set: &'a MigrationSet,
    goal: Goal,
    dialect: &'static dyn Dialect,
    change: fn(&mut Abilities),
    link: Link,
) -> Protocol<'a> {
    let (options, listener, codes) = (Options::default(), Listener::default(), BTreeMap::new());
    let request = Request { set, options, goal, dialect, listener, codes, seed: 1 };
    let mut protocol = Protocol::new(request, link).unwrap();
    change(&mut protocol.abilities);
    protocol
}

/// A database of SQLite's dialect without any applied migration.
struct Script {
    /// The tracker is there.
    tracker: bool,
    /// Refuses a message that holds the first text, at the last place of the second.
    refused: Option<(&'static str, &'static str)>,
}

impl Script {
    fn answer(&self, message: &str) -> Reply {
        let elapsed = std::time::Duration::ZERO;
        let row =
            |values: &[&str]| ResultSet::new(vec![values.iter().map(|v| Some((*v).to_owned())).collect()]);
        let observes = message.starts_with("SELECT NULL, query_only");
        if !self.tracker && observes {
            let message = "no such table: main.applied_migrations".to_owned();
            let error = DbError { code: "1".to_owned(), message, ..DbError::default() };
            return Reply::failed(error, elapsed);
        }
        if let Some((_, at)) = self.refused.filter(|(held, _)| message.contains(held)) {
            let position = message.rfind(at).map(Position::Byte);
            let error = DbError { code: "1".to_owned(), position, ..DbError::default() };
            return Reply::failed(error, elapsed);
        }
        let there = if self.tracker { "1" } else { "0" };
        let mut results = Vec::new();
        if observes {
            results.push(row(&["0", "0", "0", "0"]));
        } else if message.starts_with("SELECT 1, 1, EXISTS") {
            results.push(row(&["1", "1", there, there, "0", "0", "0", "1", "1"]));
        }
        results.extend(message.contains("pragma_foreign_keys").then(|| row(&["foreign_keys", "1"])));
        results.extend(message.contains("SELECT version, name, checksum").then(ResultSet::default));
        Reply::rows(results, elapsed)
    }

    /// Runs, and returns the messages that the run sent.
    fn run(
        &self,
        set: &MigrationSet,
        goal: Goal,
        change: fn(&mut Abilities),
    ) -> (Vec<String>, Result<Finished, Error>) {
        let link = Link::default();
        let mut run = Run::of(protocol(set, goal, &Sqlite, change, link.clone()), link);
        let mut sent = Vec::new();
        while let Step::Send(message) = run.step() {
            let message = message.to_owned();
            assert!(sent.len() < 100, "the run does not end: {sent:#?}");
            run.reply(self.answer(&message));
            sent.push(message);
        }
        (sent, run.finish())
    }
}

const THERE: Script = Script { tracker: true, refused: None };

const MISSING: Script = Script { tracker: false, refused: None };

fn ddl_commits(abilities: &mut Abilities) {
    abilities.transactional_ddl = false;
}

fn position(sent: &[String], text: &str) -> usize {
    sent.iter().position(|message| message.contains(text)).unwrap_or_else(|| panic!("{text}: {sent:#?}"))
}

#[test]
fn ddl_that_commits_by_itself_takes_the_stepwise_way() {
    let set = set(&[DDL]);
    let (sent, finished) = THERE.run(&set, Goal::Apply, ddl_commits);
    assert_eq!(finished.unwrap().report.applied().len(), 1);
    // The statement goes alone, between two rows of the journal: nothing commits along with it.
    let create = position(&sent, "CREATE TABLE t");
    assert_eq!(sent[create], "CREATE TABLE t (a int)");
    assert!(sent[create - 1].contains("'statement_begun'"), "{sent:#?}");
    assert!(sent[create + 1].contains("'statement'"), "{sent:#?}");
    // DML still commits with its row.
    let insert = &sent[position(&sent, "INSERT INTO t VALUES")];
    let headline = "-- gapless: applying 1 m1, statement 2 of 2\nBEGIN";
    assert!(insert.starts_with(headline) && insert.contains("'statement'"), "{insert}");
    assert!(position(&sent, "INSERT INTO \"main\".\"applied_migrations\" ") > create + 2, "{sent:#?}");

    let (sent, finished) = THERE.run(&set, Goal::Apply, |_| {});
    assert_eq!(finished.unwrap().report.applied().len(), 1);
    let batch = &sent[position(&sent, "CREATE TABLE t")];
    assert!(batch.contains("INSERT INTO t VALUES") && batch.contains("\"applied_migrations\" "), "{batch}");
}

#[test]
fn the_failure_of_a_step_says_that_the_steps_before_it_are_kept() {
    let set = set(&[DDL]);
    let script = Script { refused: Some(("INSERT INTO t", "INSERT INTO t")), ..THERE };
    let failed = |change| script.run(&set, Goal::Apply, change).1.unwrap_err();
    let error = failed(ddl_commits);
    assert_eq!(error.failure().unwrap().statement(), Some(2), "{error}");
    assert!(!error.to_string().contains("rolled back"), "{error}");
    let error = failed(|_| {});
    assert!(error.to_string().contains("rolled back"), "{error}");
}

#[test]
fn scripts_of_dml_stay_in_their_transaction() {
    let set = set(&[DML]);
    let (sent, finished) = THERE.run(&set, Goal::Apply, ddl_commits);
    assert_eq!(finished.unwrap().report.applied().len(), 1);
    let batch = &sent[position(&sent, "INSERT INTO t VALUES")];
    assert!(
        batch.starts_with("-- gapless: applying") && batch.contains("\"applied_migrations\" "),
        "{batch}"
    );
    // The tracker has a message of its own, since it does not commit with the batch.
    let (sent, finished) = MISSING.run(&set, Goal::Apply, ddl_commits);
    assert_eq!(finished.unwrap().report.applied().len(), 1);
    assert!(position(&sent, "CREATE TABLE") < position(&sent, "INSERT INTO t VALUES"), "{sent:#?}");
    let (sent, finished) = MISSING.run(&set, Goal::Apply, |_| {});
    assert_eq!(finished.unwrap().report.applied().len(), 1);
    assert_eq!(position(&sent, "CREATE TABLE"), position(&sent, "INSERT INTO t VALUES"), "{sent:#?}");
}

#[test]
fn a_down_script_with_ddl_takes_the_stepwise_way_too() {
    let down = gapless_core::Down::__embedded("migrations/1_t.down.sql", "DROP TABLE t;\n", Directives::NONE);
    let checksum = Checksum::of(DML);
    let migration = Migration::__embedded(
        1,
        "t",
        "migrations/1_t.up.sql",
        DML,
        checksum.as_bytes(),
        Some(down),
        Directives::NONE,
    );
    let mut abilities = Sqlite.abilities();
    let execution = |abilities| Item::down(&migration, abilities, Sqlite.syntax()).unwrap().execution;
    assert_eq!(execution(abilities), Execution::Batched);
    ddl_commits(&mut abilities);
    assert_eq!(execution(abilities), Execution::Stepwise);
}

#[test]
fn a_dry_run_leaves_no_ddl_behind() {
    let (dml, ddl) = (set(&[DML]), set(&[DDL]));
    for (script, set, tried) in
        [(&THERE, &dml, 1), (&THERE, &ddl, 0), (&MISSING, &dml, 0), (&MISSING, &ddl, 0)]
    {
        let (sent, finished) = script.run(set, Goal::DryRun, ddl_commits);
        let finished = finished.unwrap();
        assert_eq!((finished.tried.len(), finished.not_tried.len()), (tried, 1 - tried));
        assert!(!sent.iter().any(|message| message.contains("CREATE")), "{sent:#?}");
    }
    let (_, finished) = MISSING.run(&ddl, Goal::DryRun, |_| {});
    assert_eq!(finished.unwrap().tried.len(), 1);
}

#[test]
fn a_dry_run_without_savepoints_marks_its_transaction() {
    let set = set(&[DML]);
    let envelope = |dialect, change| {
        let envelope =
            protocol(&set, Goal::DryRun, dialect, change, Link::default()).dry_envelope(&set.migrations()[0]);
        (envelope.before, envelope.after)
    };
    let (before, after) = envelope(&Postgres, |_| {});
    assert!(
        before.starts_with("SAVEPOINT ") && after.contains("RELEASE SAVEPOINT \"gapless"),
        "{before}{after}"
    );
    let (before, after) = envelope(&Postgres, |abilities| abilities.savepoints = false);
    assert!(!before.contains("SAVEPOINT ") && !after.contains("RELEASE SAVEPOINT"), "{before}{after}");
    // SQLite's mark is a savepoint.
    let (before, after) = envelope(&Sqlite, |abilities| abilities.savepoints = false);
    assert!(
        before.starts_with("SAVEPOINT ") && after.ends_with("RELEASE \"gapless run 0000000000000001\";\n"),
        "{after}"
    );
}

#[test]
fn an_error_further_on_is_believed_of_a_server_that_reads_ahead() {
    let set = set(&[DML, "TYPO;\n"]);
    let script = Script { refused: Some(("TYPO", "TYPO")), ..THERE };
    let failed = |change| {
        let (sent, finished) = script.run(&set, Goal::Apply, change);
        let error = finished.unwrap_err();
        (error.failure().unwrap().version().number(), error.applied().len(), sent)
    };
    let (version, applied, sent) = failed(|abilities: &mut Abilities| abilities.reads_ahead = true);
    assert_eq!((version, applied), (2, 1), "{sent:#?}");
    // Others would have run the first, and it is not recorded: so it is the first that failed.
    let (version, applied, sent) = failed(|_| {});
    assert_eq!((version, applied), (1, 0), "{sent:#?}");
}
