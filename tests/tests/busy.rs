//! A database of SQLite that somebody else keeps busy, at every message of a run.

use std::path::Path;
use std::thread;
use std::time::Duration;

use gapless::engine::{Call, Dialect, ResultSet};
use gapless::{Code, Connection, Error, Event, ExchangeError, MigrationSet, Rollback};
use gapless_tests::set::{set, tables};

/// How somebody else keeps the database busy.
#[derive(Clone, Copy, Debug)]
enum Other {
    /// Nobody reads.
    Writes,
    /// Nobody commits.
    Reads,
}

/// A connection that meets a busy database for two messages, from one of them on.
struct Contended {
    client: rusqlite::Connection,
    other: rusqlite::Connection,
    kind: Other,
    at: usize,
    messages: usize,
    met: bool,
}

impl Contended {
    fn new(path: &Path, kind: Other, at: usize) -> Contended {
        let open = || {
            let client = rusqlite::Connection::open(path).unwrap();
            client.busy_timeout(Duration::ZERO).unwrap();
            client
        };
        Contended { client: open(), other: open(), kind, at, messages: 0, met: false }
    }

    fn next(&mut self) {
        self.messages += 1;
        if self.messages == self.at {
            let begin = match self.kind {
                Other::Writes => "BEGIN EXCLUSIVE",
                Other::Reads => "BEGIN; SELECT count(*) FROM sqlite_master",
            };
            self.met = self.other.execute_batch(begin).is_ok();
        } else if self.messages == self.at + 2 && !self.other.is_autocommit() {
            self.other.execute_batch("ROLLBACK").unwrap();
        }
    }
}

impl Connection for Contended {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn runs(&self) -> &'static str {
        self.client.runs()
    }

    fn in_transaction(&self) -> bool {
        self.client.in_transaction()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.next();
        self.client.exchange(message)
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        self.next();
        self.client.call(call)
    }
}

/// Does the same with the database kept busy at every message, and wants the same to come of it.
fn unmoved(
    name: &str,
    prepare: impl Fn(&mut rusqlite::Connection),
    attempt: impl Fn(&mut Contended) -> Result<String, Error>,
) {
    let (mut expected, mut met) = (None, 0);
    for kind in [Other::Writes, Other::Reads] {
        for at in 0.. {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("test.db");
            prepare(&mut rusqlite::Connection::open(&path).unwrap());
            let mut client = Contended::new(&path, kind, at);
            let outcome = attempt(&mut client).unwrap_or_else(|error| error.to_string());
            assert!(!client.client.in_transaction(), "{name}, {kind:?} at {at}");
            let expected = expected.get_or_insert_with(|| outcome.clone());
            assert_eq!(&outcome, expected, "{name}, {kind:?} at {at}");
            met += usize::from(client.met);
            if client.messages < at {
                break;
            }
        }
    }
    assert!(met > 0, "{name}: nobody was in the way");
}

fn applied(report: gapless::Report) -> String {
    let (applied, back) = (report.applied().len(), report.rolled_back().len());
    format!("{applied} applied, {back} back, {:?}", report.warnings())
}

fn ways() -> MigrationSet {
    set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int);"),
        ("1_a.down.sql", "DROP TABLE a;"),
        ("2_b.up.sql", "CREATE TABLE b (id int);"),
        ("2_b.down.sql", "-- gapless: no-transaction\nDELETE FROM b;\nDROP TABLE b;"),
        ("3_c.up.sql", "PRAGMA recursive_triggers = ON;\nCREATE TABLE c (id int);"),
        ("3_c.down.sql", "DROP TABLE c;"),
    ])
}

#[test]
fn a_busy_database_is_waited_for_at_every_message() {
    let apply = |set: &MigrationSet, client: &mut Contended| set.runner().run(client).map(applied);
    unmoved("fresh", |_| {}, |client| apply(&ways(), client));
    unmoved(
        "one more",
        |client| drop(tables(2).runner().run(client).unwrap()),
        |client| apply(&tables(3), client),
    );
    let steps = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        (
            "2_b.sql",
            "-- gapless: no-transaction\nPRAGMA foreign_keys = ON;\nINSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);",
        ),
        ("3_c.sql", "CREATE TABLE c (id int);"),
    ]);
    unmoved("steps", |_| {}, |client| apply(&steps, client));
    let code = set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_b.sql", "-- gapless: rust\n")]);
    let version = code.migrations()[1].version();
    unmoved(
        "code",
        |_| {},
        |client| {
            let insert =
                Code::rusqlite(|transaction| Ok(transaction.execute_batch("INSERT INTO a VALUES (1)")?));
            code.runner().code(version, insert).run(client).map(applied)
        },
    );
}

#[test]
fn a_failure_on_a_busy_database_is_reported_all_the_same() {
    let broken = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_b.sql", "PRAGMA recursive_triggers = ON;\nINSERT INTO nowhere VALUES (1);"),
    ]);
    unmoved("failing", |_| {}, |client| broken.runner().run(client).map(applied));
    let steps = set(&[(
        "1_a.sql",
        "-- gapless: no-transaction\nCREATE TABLE a (id int);\nINSERT INTO nowhere VALUES (1);",
    )]);
    unmoved("failing step", |_| {}, |client| steps.runner().run(client).map(applied));
}

#[test]
fn plans_dry_runs_and_rollbacks_wait_too() {
    unmoved("plan", |_| {}, |client| ways().runner().plan(client).map(|plan| plan.to_string()));
    unmoved(
        "dry run",
        |_| {},
        |client| ways().runner().dry_run(client).map(|run| run.tried().len().to_string()),
    );
    let all = |client: &mut rusqlite::Connection| drop(ways().runner().run(client).unwrap());
    unmoved("verify", all, |client| ways().runner().verify(client).map(applied));
    for steps in 1..=3 {
        unmoved("rollback", all, |client| {
            ways().runner().rollback(Rollback::steps(steps), client).map(applied)
        });
    }
}

#[test]
fn a_history_is_adopted_from_a_busy_database() {
    let prepare = |client: &mut rusqlite::Connection| {
        client
            .execute_batch(
                "CREATE TABLE schema_migrations (version uint64, dirty bool); \
                 INSERT INTO schema_migrations VALUES (2, 0); CREATE TABLE t1 (id int); CREATE TABLE t2 (id int);",
            )
            .unwrap();
    };
    unmoved("adopting", prepare, |client| {
        tables(3)
            .runner()
            .adopt(gapless::Legacy::golang_migrate("schema_migrations"))
            .run(client)
            .map(applied)
    });
}

/// A migration that does not fit into the cache keeps readers out long before it commits.
#[test]
fn replicas_wait_for_a_migration_that_spills_its_cache() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let filled = "CREATE TABLE big (id integer PRIMARY KEY, data blob);\n\
                  WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) \
                  INSERT INTO big SELECT i, randomblob(800) FROM n;\nUPDATE big SET data = randomblob(900);";
    let all = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_big.sql", filled),
        ("3_c.sql", "CREATE TABLE c (id int);"),
    ]);
    let mut told = Vec::new();
    let total: usize = thread::scope(|scope| {
        let replica = |_| {
            let (all, path) = (&all, &path);
            scope.spawn(move || {
                let mut client = rusqlite::Connection::open(path).unwrap();
                client.pragma_update(None, "cache_size", 10).unwrap();
                client.busy_timeout(Duration::from_millis(5)).unwrap();
                let mut told = Vec::new();
                let tell = |event: &Event<'_>| {
                    if matches!(event, Event::Waiting { .. }) {
                        told.push(event.to_string());
                    }
                };
                let report = all.runner().on_event(tell).run(&mut client).unwrap();
                (report.applied().len(), told)
            })
        };
        let replicas: Vec<_> = (0..4).map(replica).collect();
        replicas
            .into_iter()
            .map(|replica| {
                let (applied, events) = replica.join().unwrap();
                told.extend(events);
                applied
            })
            .sum()
    });
    assert_eq!(total, 3);
    assert!(
        told.iter().all(|event| event.starts_with("waiting for the database, ")
            && event.ends_with("so far: database is locked")),
        "{told:#?}"
    );
}

#[test]
fn waiting_for_a_busy_database_ends_with_an_error_that_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.db");
    let mut client = Contended::new(&path, Other::Writes, 1_000);
    client.other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = tables(1).runner().lock_wait(Duration::from_millis(300)).run(&mut client).unwrap_err();
    assert!(error.is_lock_wait(), "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with("the database was busy for all of ") && !text.contains("fix the file"),
        "{error}"
    );
}
