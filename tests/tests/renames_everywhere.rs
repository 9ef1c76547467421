//! The names that a migration had before are known wherever its row was written, and to runs without a lock.

use std::path::Path;
use std::thread;
use std::time::Duration;

use gapless::engine::{Dialect, ResultSet};
use gapless::{Code, Connection, ExchangeError, Legacy, Locking, MigrationSet, Report, Runner, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::set;
use postgres::Client;

const TABLE: &str = "CREATE TABLE log (at text);";
const LOG: &str = "INSERT INTO log VALUES ('ran');";

/// A table, and a migration of this name and text that tells how often it ran.
fn release(file: &str, text: &str, renames: &str) -> MigrationSet {
    let mut files = vec![("1_log.sql", TABLE), (file, text)];
    if !renames.is_empty() {
        files.push(("renames.txt", renames));
    }
    set(&files)
}

fn ran(client: &mut Client) -> i64 {
    client.query_one("SELECT count(*) FROM log", &[]).unwrap().get(0)
}

fn logging() -> Code {
    Code::postgres(|transaction| Ok(transaction.batch_execute("INSERT INTO log VALUES ('ran')")?))
}

/// Runs a release, with its code where it has some.
fn run(release: &MigrationSet, client: &mut Client, with: impl Fn(Runner<'_>) -> Runner<'_>) -> Report {
    let rust = release.migrations().iter().find(|one| one.directives().rust());
    let runner = with(release.runner());
    let runner = match rust {
        Some(migration) => runner.code(migration.version(), logging()),
        None => runner,
    };
    runner.run(client).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_older_release_knows_what_was_applied_under_a_newer_name_however_it_was_applied() {
    let steps = "-- gapless: no-transaction\nINSERT INTO log VALUES ('ran');";
    for text in [LOG, steps, "-- gapless: rust\n"] {
        let mut client = cluster().database().connect();
        let newer = release("13_invoices.sql", text, "12_inv -> 13_invoices");
        assert_eq!(run(&newer, &mut client, |runner| runner).applied().len(), 2, "{text}");
        let report = run(&release("12_inv.sql", text, ""), &mut client, |runner| runner);
        assert_eq!((report.applied().len(), report.already_applied()), (0, 2), "{text}: {report}");
        assert_eq!(ran(&mut client), 1, "{text}");
    }
}

#[test]
fn an_older_release_knows_what_a_newer_one_has_adopted() {
    let goose = "CREATE TABLE log (at text); INSERT INTO log VALUES ('ran'); \
                 CREATE TABLE goose_db_version (id int, version_id bigint, is_applied boolean, tstamp timestamp); \
                 INSERT INTO goose_db_version VALUES (1, 0, true, now()), (2, 1, true, now()), (3, 12, true, now())";
    let mut client = cluster().database().connect();
    client.batch_execute(goose).unwrap();
    let newer = release("13_invoices.sql", LOG, "12_inv -> 13_invoices");
    let report = run(&newer, &mut client, |runner| runner.adopt(Legacy::goose("goose_db_version")));
    assert_eq!((report.changes().len(), report.applied().len()), (2, 0), "{report}");
    let report = run(&release("12_inv.sql", LOG, ""), &mut client, |runner| runner);
    assert_eq!((report.applied().len(), report.already_applied()), (0, 2), "{report}");
    assert_eq!(ran(&mut client), 1);
}

#[test]
fn an_older_release_knows_what_a_newer_one_has_reconciled() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE log (at text); INSERT INTO log VALUES ('ran')").unwrap();
    let newer = release("13_invoices.sql", LOG, "12_inv -> 13_invoices");
    let versions = [Version::from(1), Version::from(13)];
    let report = run(&newer, &mut client, |runner| runner.reconcile(versions, ["log"]));
    assert_eq!((report.changes().len(), report.applied().len()), (2, 0), "{report}");
    let report = run(&release("12_inv.sql", LOG, ""), &mut client, |runner| runner);
    assert_eq!((report.applied().len(), report.already_applied()), (0, 2), "{report}");
    assert_eq!(ran(&mut client), 1);
}

/// The release in the middle has recorded its own name and told nobody of the one before.
#[test]
fn a_rename_tells_every_name_before_it() {
    let mut client = cluster().database().connect();
    run(&release("13_inv.sql", LOG, ""), &mut client, |runner| runner);
    let newest = release("14_inv.sql", LOG, "12_inv -> 13_inv\n13_inv -> 14_inv");
    assert_eq!(run(&newest, &mut client, |runner| runner).changes().len(), 1);
    let report = run(&release("12_inv.sql", LOG, ""), &mut client, |runner| runner);
    assert_eq!((report.applied().len(), report.already_applied()), (0, 2), "{report}");
    assert_eq!(ran(&mut client), 1);
}

/// A connection before whose first transaction of work something happens.
struct Interrupted<C, F> {
    client: C,
    between: Option<F>,
}

impl<C: Connection, F: FnOnce()> Connection for Interrupted<C, F> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if message.contains("-- gapless: applying")
            && let Some(between) = self.between.take()
        {
            between();
        }
        self.client.exchange(message)
    }
}

fn releases() -> [MigrationSet; 2] {
    [release("12_inv.sql", LOG, ""), release("13_inv.sql", LOG, "12_inv -> 13_inv")]
}

#[test]
fn two_releases_that_looked_at_the_same_time_do_not_both_apply_what_was_renamed() {
    let [older, newer] = releases();
    for locking in [Locking::Transaction, Locking::None] {
        for (late, early) in [(&older, &newer), (&newer, &older)] {
            let database = cluster().database();
            set(&[("1_log.sql", TABLE)]).runner().run(&mut database.connect()).unwrap();
            let between = || {
                let report = early.runner().locking(locking).run(&mut database.connect()).unwrap();
                assert_eq!(report.applied().len(), 1);
            };
            let mut client = Interrupted { client: database.connect(), between: Some(between) };
            let report = late.runner().locking(locking).run(&mut client).unwrap();
            assert!(report.applied().is_empty(), "{report}");
            assert_eq!(ran(&mut database.connect()), 1);
            assert_eq!(older.runner().run(&mut database.connect()).unwrap().applied().len(), 0);
            assert_eq!(newer.runner().run(&mut database.connect()).unwrap().applied().len(), 0);
        }
    }
}

/// Neither knows the other's number: the old name is all that they share.
#[test]
fn two_releases_that_renumber_apart_do_not_both_apply_what_was_renamed() {
    let [one, other] =
        [13, 14].map(|number| release(&format!("{number}_inv.sql"), LOG, &format!("12_inv -> {number}_inv")));
    for locking in [Locking::Transaction, Locking::None] {
        let database = cluster().database();
        set(&[("1_log.sql", TABLE)]).runner().run(&mut database.connect()).unwrap();
        let between = || {
            one.runner().locking(locking).run(&mut database.connect()).unwrap();
        };
        let mut client = Interrupted { client: database.connect(), between: Some(between) };
        let report = other.runner().locking(locking).run(&mut client).unwrap();
        assert!(report.applied().is_empty(), "{report}");
        assert_eq!(ran(&mut database.connect()), 1);
    }
}

#[test]
fn two_releases_on_sqlite_do_not_both_apply_what_was_renamed() {
    let [older, newer] = releases();
    for (late, early) in [(&older, &newer), (&newer, &older)] {
        let directory = tempfile::tempdir().unwrap();
        let open = |directory: &Path| rusqlite::Connection::open(directory.join("db")).unwrap();
        set(&[("1_log.sql", TABLE)]).runner().run(&mut open(directory.path())).unwrap();
        let between = || {
            early.runner().run(&mut open(directory.path())).unwrap();
        };
        let mut client = Interrupted { client: open(directory.path()), between: Some(between) };
        let report = late.runner().run(&mut client).unwrap();
        assert!(report.applied().is_empty(), "{report}");
        let ran = client.client.query_row("SELECT count(*) FROM log", [], |row| row.get::<_, i64>(0));
        assert_eq!(ran, Ok(1));
    }
}

#[test]
fn two_releases_at_work_at_the_same_time_do_not_both_apply_what_was_renamed() {
    let slowly = "INSERT INTO log VALUES ('ran'); SELECT pg_sleep(0.6);";
    let (older, newer) =
        (release("12_inv.sql", slowly, ""), release("13_inv.sql", slowly, "12_inv -> 13_inv"));
    let applied = |release: &MigrationSet, locking: Locking, database: &Database| {
        let report = release.runner().locking(locking).run(&mut database.connect());
        report.unwrap_or_else(|error| panic!("{error}")).applied().len()
    };
    for locking in [Locking::Transaction, Locking::None] {
        for (first, second) in [(&older, &newer), (&newer, &older)] {
            let database = cluster().database();
            set(&[("1_log.sql", TABLE)]).runner().run(&mut database.connect()).unwrap();
            let (one, other) = thread::scope(|scope| {
                let one = scope.spawn(|| applied(first, locking, &database));
                thread::sleep(Duration::from_millis(250));
                (applied(second, locking, &database), one.join().unwrap())
            });
            assert_eq!((one + other, ran(&mut database.connect())), (1, 1), "{locking:?}");
        }
    }
}

/// A renamed migration that was rolled back is pending again, under any name.
#[test]
fn a_name_that_is_not_applied_any_more_keeps_nobody_from_its_own() {
    for locking in [Locking::Transaction, Locking::None] {
        let mut client = cluster().database().connect();
        let newer = set(&[
            ("1_log.sql", TABLE),
            ("13_inv.up.sql", LOG),
            ("13_inv.down.sql", "DELETE FROM log;"),
            ("renames.txt", "12_inv -> 13_inv"),
        ]);
        newer.runner().locking(locking).run(&mut client).unwrap();
        newer.runner().rollback(gapless::Rollback::steps(1), &mut client).unwrap();
        let report = release("12_inv.sql", LOG, "").runner().locking(locking).run(&mut client).unwrap();
        assert_eq!((report.applied().len(), ran(&mut client)), (1, 1), "{report}");
    }
}
