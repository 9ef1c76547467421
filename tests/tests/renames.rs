//! Renames and tombstones beside older releases, and what another tool has recorded under the names before.

use gapless::engine::{DbError, Dialect, ResultSet};
use gapless::{Conflict, Connection, ExchangeError, Layout, MigrationSet, Report, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, set_of, tables};
use postgres::Client;

const SET: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";
/// Tells how often it ran.
const LOG: &str = "CREATE TABLE IF NOT EXISTS log (at text); INSERT INTO log VALUES ('ran');";
const RAN: &str = "SELECT count(*)::text FROM log";

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

/// Two migrations, the second of which has been called more than one name.
fn logging(file: &str, renames: &str) -> MigrationSet {
    let mut files = vec![("1_t1.sql", "CREATE TABLE t1 (id int);"), (file, LOG)];
    if !renames.is_empty() {
        files.push(("renames.txt", renames));
    }
    set(&files)
}

fn changes(report: &Report) -> Vec<String> {
    report.changes().iter().map(ToString::to_string).collect()
}

fn versions(report: &Report) -> Vec<i64> {
    report.applied().iter().map(|applied| applied.version().number()).collect()
}

fn assert_no_advisory_locks(client: &mut Client) {
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(column(client, locks), ["0"]);
}

#[test]
fn two_old_names_of_one_migration_become_one_row() {
    let mut client = cluster().database().connect();
    tables(2).runner().run(&mut client).unwrap();
    let merged = |sql| set(&[("5_c.sql", sql), ("renames.txt", "1_t1 -> 5_c\n2_t2 -> 5_c")]);
    let error = merged("SELECT 1;").runner().run(&mut client).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::Drift { .. }]), "{error}");
    assert_eq!(column(&mut client, SET), ["1|t1", "2|t2"]);
    let report = merged("CREATE TABLE t1 (id int);").runner().run(&mut client).unwrap();
    assert_eq!(changes(&report), ["record 1 t1 as 5 c: renamed", "remove 2 t2: recorded as 5 c too"]);
    assert_eq!(column(&mut client, SET), ["5|c"]);
    assert_no_advisory_locks(&mut client);
}

#[test]
fn one_tombstone_stands_for_a_module_of_two() {
    let mut client = cluster().database().connect();
    tables(2).runner().run(&mut client).unwrap();
    let retired = set(&[
        ("7_gone.tombstone.sql", "-- The module is gone."),
        ("renames.txt", "1_t1 -> 7_gone\n2_t2 -> 7_gone"),
    ]);
    let expected = ["record 1 t1 as 7 gone: renamed", "remove 2 t2: recorded as 7 gone too"];
    let plan = retired.runner().plan(&mut client).unwrap();
    assert_eq!(plan.changes().iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    assert_eq!(changes(&retired.runner().run(&mut client).unwrap()), expected);
    assert_eq!(column(&mut client, SET), ["7|gone"]);
    assert_eq!(retired.runner().run(&mut client).unwrap().round_trips(), 1);
    assert_no_advisory_locks(&mut client);
}

#[test]
fn an_older_release_follows_every_rename_since() {
    let second = ("9_t2.sql", "2_t2 -> 9_t2");
    let third = ("12_t2.sql", "2_t2 -> 9_t2\n9_t2 -> 12_t2");
    let skipping = ("9_t2.sql", "2_t2 -> 4_t2\n4_t2 -> 9_t2");
    for (releases, back, warning) in [
        (vec![("2_t2.sql", ""), second, third], ("2_t2.sql", ""), "2 (`t2`) is applied as 12 `t2`"),
        // Its own name was never recorded.
        (vec![("2_t2.sql", ""), skipping], ("4_t2.sql", "2_t2 -> 4_t2"), "4 (`t2`) is applied as 9 `t2`"),
        // A fresh database of the newer release never had the older name.
        (vec![second], ("2_t2.sql", ""), "2 (`t2`) is applied as 9 `t2`"),
    ] {
        let mut client = cluster().database().connect();
        for (file, renames) in &releases {
            logging(file, renames).runner().run(&mut client).unwrap();
        }
        let before = column(&mut client, SET);
        let report = logging(back.0, back.1).runner().run(&mut client).unwrap();
        assert_eq!((report.applied().len(), report.already_applied()), (0, 2), "{report}");
        assert_eq!(report.warnings(), [format!("version {warning}: a newer release has renamed it")]);
        let (file, renames) = releases.last().unwrap();
        assert_eq!(logging(file, renames).runner().run(&mut client).unwrap().round_trips(), 1);
        assert_eq!(column(&mut client, SET), before);
        assert_eq!(column(&mut client, RAN), ["1"]);
    }
}

#[test]
fn an_older_release_boots_after_numbers_were_used_again() {
    let one = ("1_t1.sql", "CREATE TABLE t1 (id int);");
    for newer in [
        [
            ("1_t2.sql", "CREATE TABLE t2 (id int);"),
            ("2_t1.sql", "CREATE TABLE t1 (id int);"),
            ("3_t3.sql", "CREATE TABLE t3 (id int);"),
            ("renames.txt", "1_t1 -> 2_t1\n2_t2 -> 1_t2"),
        ],
        [
            one,
            ("2_other.sql", "CREATE TABLE other (id int);"),
            ("5_t2.sql", "CREATE TABLE t2 (id int);"),
            ("renames.txt", "2_t2 -> 5_t2"),
        ],
    ] {
        let mut client = cluster().database().connect();
        tables(2).runner().run(&mut client).unwrap();
        set(&newer).runner().run(&mut client).unwrap();
        let before = column(&mut client, SET);
        let report = tables(2).runner().run(&mut client).unwrap();
        assert_eq!((report.applied().len(), report.already_applied()), (0, 2), "{report}");
        let renamed = report.warnings().iter().any(|warning| warning.starts_with("version 2 (`t2`) is"));
        assert!(renamed, "{report}");
        assert_eq!(column(&mut client, SET), before);
    }
}

#[test]
fn an_undeclared_renumbering_of_the_last_is_an_error() {
    let mut client = cluster().database().connect();
    logging("2_t2.sql", "").runner().run(&mut client).unwrap();
    let error = logging("3_t2.sql", "").runner().run(&mut client).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::Moved { .. }]), "{error}");
    assert!(error.to_string().contains("\n  2_t2 -> 3_t2\n"), "{error}");
    assert_eq!(column(&mut client, SET), ["1|t1", "2|t2"]);
    assert_eq!(column(&mut client, RAN), ["1"]);
}

/// The text of the newer release's file is not known here: it may well be another.
#[test]
fn an_older_release_accepts_nothing_that_a_newer_one_renamed() {
    let mut client = cluster().database().connect();
    logging("2_t2.sql", "").runner().run(&mut client).unwrap();
    logging("9_t2.sql", "2_t2 -> 9_t2").runner().run(&mut client).unwrap();
    client.batch_execute("UPDATE applied_migrations SET checksum = NULL WHERE version = 9").unwrap();
    let older = logging("2_t2.sql", "");
    for _ in 0..2 {
        let report = older.runner().accept(Version::from(2)).run(&mut client).unwrap();
        assert!(report.changes().is_empty(), "{report}");
        let told = "the text of version 2 is not accepted: a newer release has renamed it";
        assert_eq!(report.warnings().last().map(String::as_str), Some(told));
    }
    let unknown = "SELECT version::text FROM applied_migrations WHERE checksum IS NULL";
    assert_eq!(column(&mut client, unknown), ["9"]);
    let accepted = "SELECT version::text FROM applied_migrations_journal WHERE event = 'checksum_accepted'";
    assert!(column(&mut client, accepted).is_empty());
}

#[test]
fn an_interrupted_migration_that_is_renamed_goes_on() {
    let mut client = cluster().database().connect();
    let steps = "-- gapless: no-transaction\nCREATE TABLE log (at text);\nINSERT INTO log VALUES ('ran');\n\
                 SELECT 1/(SELECT count(*) FROM pg_class WHERE relname = 'wanted');";
    set(&[("2_t2.sql", steps)]).runner().run(&mut client).unwrap_err();
    client.batch_execute("CREATE TABLE wanted ()").unwrap();
    let moved = set(&[("5_t2.sql", steps), ("renames.txt", "2_t2 -> 5_t2")]);
    assert_eq!(versions(&moved.runner().run(&mut client).unwrap()), [5]);
    assert_eq!(column(&mut client, RAN), ["1"]);
    assert_eq!(column(&mut client, SET), ["5|t2"]);
}

#[test]
fn files_of_another_layout_are_renamed_by_version_and_name() {
    for layout in [Layout::Refinery, Layout::Flyway] {
        let mut client = cluster().database().connect();
        let one = ("V1__t1.sql", "SELECT 1;");
        set_of(layout, &[one, ("V2__t2.sql", LOG)]).unwrap().runner().run(&mut client).unwrap();
        let moved = [one, ("V5__t2.sql", LOG), ("renames.txt", "2_t2 -> 5_t2")];
        let report = set_of(layout, &moved).unwrap().runner().run(&mut client).unwrap();
        assert_eq!(changes(&report), ["record 2 t2 as 5 t2: renamed"], "{layout:?}");
        assert_eq!(column(&mut client, RAN), ["1"]);
    }
}

/// Refuses the question for renames, as a lock timeout would.
struct Refusing {
    client: Client,
    left: u32,
}

impl Connection for Refusing {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if self.left > 0 && message.contains("event = 'renamed'") {
            self.left -= 1;
            let error = DbError {
                code: "55P03".into(),
                message: "canceling statement due to lock timeout".into(),
                ..DbError::default()
            };
            return Err(ExchangeError::Database(Box::new(error)));
        }
        self.client.exchange(message)
    }
}

#[test]
fn a_question_for_renames_that_meets_a_lock_is_asked_again() {
    let database = cluster().database();
    let mut client = database.connect();
    logging("2_t2.sql", "").runner().run(&mut client).unwrap();
    logging("9_t2.sql", "2_t2 -> 9_t2").runner().run(&mut client).unwrap();
    let mut refusing = Refusing { client: database.connect(), left: 2 };
    let report = logging("2_t2.sql", "").runner().run(&mut refusing).unwrap();
    assert_eq!((refusing.left, report.applied().len(), report.already_applied()), (0, 0, 2), "{report}");
    assert_eq!(column(&mut client, RAN), ["1"]);
}

#[test]
fn a_rename_without_privilege_is_an_error_and_runs_nothing() {
    let database = cluster().database();
    let mut owner = database.connect();
    logging("2_t2.sql", "").runner().run(&mut owner).unwrap();
    // Roles belong to the whole cluster.
    let role = format!("role_{}", database.name);
    let grants = format!(
        "CREATE ROLE {role} LOGIN; GRANT ALL ON log TO {role}; GRANT CREATE ON SCHEMA public TO {role}; \
         GRANT SELECT, INSERT ON applied_migrations, applied_migrations_journal TO {role}"
    );
    owner.batch_execute(&grants).unwrap();
    let mut client = database.connect_as(&role);
    let newer = logging("9_t2.sql", "2_t2 -> 9_t2");
    let error = newer.runner().run(&mut client).unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
    assert!(error.to_string().contains("repairing public.applied_migrations"), "{error}");
    newer.runner().run(&mut owner).unwrap();
    // The journal knows of the rename, and may not be asked.
    owner.batch_execute(&format!("REVOKE SELECT ON applied_migrations_journal FROM {role}")).unwrap();
    logging("2_t2.sql", "").runner().run(&mut client).unwrap_err();
    assert_eq!(column(&mut owner, SET), ["1|t1", "9|t2"]);
    assert_eq!(column(&mut owner, RAN), ["1"]);
}

/// The journal is asked because of an unknown row; what this release has declared itself is recorded all the same.
#[test]
fn a_declared_rename_is_recorded_although_the_journal_was_asked() {
    let mut client = cluster().database().connect();
    tables(2).runner().run(&mut client).unwrap();
    client.batch_execute("INSERT INTO applied_migrations (version, name) VALUES (99, 'newer')").unwrap();
    client
        .batch_execute(
            "INSERT INTO applied_migrations_journal (version, name, event, detail) VALUES (99, 'newer', 'renamed', '98_old')",
        )
        .unwrap();
    let moved = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("3_t3.sql", "CREATE TABLE t3 (id int);"),
        ("7_t2.sql", "CREATE TABLE t2 (id int);"),
        ("renames.txt", "2_t2 -> 7_t2"),
    ]);
    let report = moved.runner().run(&mut client).unwrap();
    assert_eq!((report.changes().len(), report.applied().len()), (1, 1), "{report}");
    assert!(moved.runner().run(&mut client).unwrap().changes().is_empty());
}

#[test]
fn a_rename_onto_the_version_of_another_is_a_conflict() {
    let mut client = cluster().database().connect();
    tables(2).runner().run(&mut client).unwrap();
    let moved = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("7_t2.sql", "CREATE TABLE t2 (id int);"),
        ("renames.txt", "2_t2 -> 7_t2"),
    ]);
    client.batch_execute("INSERT INTO applied_migrations (version, name) VALUES (7, 'other')").unwrap();
    let error = moved.runner().run(&mut client).unwrap_err();
    let there =
        |conflict: &Conflict| matches!(conflict, Conflict::Renamed { version, .. } if *version == 7.into());
    assert!(error.conflicts().iter().any(there), "{error}");
    assert_eq!(column(&mut client, SET), ["1|t1", "2|t2", "7|other"]);
}

/// Without a checksum the name is all there is to go by.
#[test]
fn a_name_that_is_applied_under_another_version_is_a_conflict() {
    let mut client = cluster().database().connect();
    tables(2).runner().run(&mut client).unwrap();
    client.batch_execute("UPDATE applied_migrations SET checksum = NULL").unwrap();
    let moved = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("3_t2.sql", "SELECT 'edited too';")]);
    let error = moved.runner().run(&mut client).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::Moved { .. }]), "{error}");
}
