use gapless::{Conflict, MigrationSet, Rollback, Version};

use super::{SET, assert_clean, rows, run, shown};
use crate::driver::Driver;
use crate::set::set;

/// `count` migrations with a way back each.
fn reversible(count: usize) -> MigrationSet {
    let mut files = Vec::new();
    for number in 1..=count {
        files.push((format!("{number}_t{number}.up.sql"), format!("CREATE TABLE t{number} (id int);")));
        files.push((format!("{number}_t{number}.down.sql"), format!("DROP TABLE t{number};")));
    }
    let files: Vec<_> = files.iter().map(|(file, sql)| (file.as_str(), sql.as_str())).collect();
    set(&files)
}

fn back(report: &gapless::Report) -> Vec<i64> {
    report.rolled_back().iter().map(|applied| applied.version().number()).collect()
}

pub(super) fn steps_go_back_and_forth<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = reversible(3);
    run::<D>(&mut client, &set).unwrap();
    let plan = D::plan_rollback(&mut client, set.runner(), Rollback::steps(2)).unwrap();
    assert_eq!(shown(&plan), "2 to be rolled back\n  3 t3\n  2 t2");
    assert_eq!(rows::<D>(&mut client, SET).len(), 3);
    let report = D::rollback(&mut client, set.runner(), Rollback::steps(2)).unwrap();
    assert_eq!(back(&report), [3, 2]);
    assert!(report.to_string().starts_with("2 rolled back ("), "{report}");
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1"]);
    assert!(D::sql(&mut client, "SELECT 1 FROM t2").is_err());
    let journal =
        "SELECT version, name FROM applied_migrations_journal WHERE event = 'rolled_back' ORDER BY id";
    assert_eq!(rows::<D>(&mut client, journal), ["3|t3", "2|t2"]);
    assert_clean::<D>(&mut client);
    assert_eq!(run::<D>(&mut client, &set).unwrap().applied().len(), 2);
    let none = D::rollback(&mut client, set.runner(), Rollback::steps(0)).unwrap();
    assert_eq!((back(&none), none.round_trips()), (vec![], 1));
}

pub(super) fn a_rollback_to_a_version<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = reversible(3);
    run::<D>(&mut client, &set).unwrap();
    let report = D::rollback(&mut client, set.runner(), Rollback::to(Version::from(1))).unwrap();
    assert_eq!(back(&report), [3, 2]);
    let error = D::rollback(&mut client, set.runner(), Rollback::steps(2)).unwrap_err();
    assert!(
        error.is_irreversible() && error.to_string().starts_with("`Rollback::steps(2)` is too many"),
        "{error}"
    );
}

pub(super) fn a_migration_without_a_down_file_is_refused_before_anything<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.up.sql", "CREATE TABLE b (id int);"),
        ("2_b.down.sql", "DROP TABLE b;"),
    ]);
    run::<D>(&mut client, &set).unwrap();
    let error = D::rollback(&mut client, set.runner(), Rollback::steps(2)).unwrap_err();
    assert!(error.is_irreversible(), "{error}");
    assert!(error.to_string().starts_with("version 1 cannot be rolled back: it has no down file"), "{error}");
    assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|b"]);
    assert_clean::<D>(&mut client);
}

/// Version 2 was merged late: the last that was applied, and not the highest.
pub(super) fn a_later_migration_that_stays_blocks_a_rollback<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = reversible(3);
    let mut early = set.migrations().to_vec();
    early.remove(1);
    run::<D>(&mut client, &MigrationSet::new(early).unwrap()).unwrap();
    // The clock of SQLite ticks once a millisecond.
    std::thread::sleep(std::time::Duration::from_millis(5));
    run::<D>(&mut client, &set).unwrap();
    let error = D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap_err();
    assert!(
        error.to_string().starts_with("version 2 cannot be rolled back: version 3 came later"),
        "{error}"
    );
    let report = D::rollback(&mut client, set.runner(), Rollback::steps(1).past_later()).unwrap();
    assert_eq!(back(&report), [2]);
    // A newer release's row stays, and is above all others.
    rows::<D>(&mut client, "INSERT INTO applied_migrations (version, name) VALUES (9, 'newer')");
    let error = D::rollback(&mut client, set.runner(), Rollback::to(Version::from(1))).unwrap_err();
    assert!(error.to_string().contains("version 9 (`newer`) cannot be rolled back"), "{error}");
}

pub(super) fn an_unproven_row_is_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = reversible(1);
    run::<D>(&mut client, &set).unwrap();
    rows::<D>(&mut client, "UPDATE applied_migrations SET checksum = NULL");
    let error = D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap_err();
    assert!(
        error.is_irreversible() && error.to_string().contains("it is unknown whether this text"),
        "{error}"
    );
    let report = D::rollback(&mut client, set.runner(), Rollback::steps(1).unproven()).unwrap();
    assert_eq!(back(&report), [1]);
}

/// The migration that somebody is writing: applied on their machine, edited, rolled back and applied again.
pub(super) fn an_edited_migration_is_redone<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let written = |first: &str, last: &str| {
        set(&[
            ("1_a.up.sql", first),
            ("1_a.down.sql", "DROP TABLE a;"),
            ("2_b.up.sql", last),
            ("2_b.down.sql", "DROP TABLE b;"),
        ])
    };
    let (a, b) = ("CREATE TABLE a (id int);", "CREATE TABLE b (id int);");
    run::<D>(&mut client, &written(a, b)).unwrap();
    let edited = written(a, "CREATE TABLE b (id int, note text);");
    let said = run::<D>(&mut client, &edited).unwrap_err();
    assert!(said.to_string().contains("`Rollback::steps(1).edited()`"), "{said}");
    let error = D::rollback(&mut client, edited.runner(), Rollback::steps(1)).unwrap_err();
    assert_eq!(error.conflicts(), said.conflicts(), "{error}");
    // No more than what is taken back may be edited.
    for (release, rollback) in [
        (&written("CREATE TABLE a (id text);", b), Rollback::steps(1).edited()),
        (&written("CREATE TABLE a (id text);", b), Rollback::to(Version::from(1)).edited()),
        (&edited, Rollback::steps(0).edited()),
    ] {
        let error = D::rollback(&mut client, release.runner(), rollback).unwrap_err();
        assert!(matches!(error.conflicts(), [Conflict::Drift { .. }]), "{error}");
    }
    assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|b"]);
    let plan = D::plan_rollback(&mut client, edited.runner(), Rollback::steps(1).edited()).unwrap();
    let told = "version 2 was edited after it was applied: migrations/2_b.up.sql";
    assert_eq!((plan.rolled_back().len(), plan.warnings()), (1, &[told.to_owned()][..]), "{plan}");
    let report = D::rollback(&mut client, edited.runner(), Rollback::steps(1).edited()).unwrap();
    assert_eq!(back(&report), [2]);
    assert_eq!(run::<D>(&mut client, &edited).unwrap().applied().len(), 1);
    assert_eq!(rows::<D>(&mut client, "SELECT count(note) FROM b"), ["0"]);
    assert_clean::<D>(&mut client);
    // All of them, one after the other.
    let both = written("CREATE TABLE a (id text);", "CREATE TABLE b (id text);");
    let report = D::rollback(&mut client, both.runner(), Rollback::steps(2).edited()).unwrap();
    assert_eq!(back(&report), [2, 1]);
}

pub(super) fn a_failing_down_script_keeps_the_row<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int);"),
        ("1_a.down.sql", "-- One line.\nDROP TABLE a;\nDROP TABLE never_was;"),
    ]);
    run::<D>(&mut client, &set).unwrap();
    let error = D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap_err();
    assert!(error.to_string().starts_with("rolling back migration 1 `a` failed: "), "{error}");
    let failure = error.failure().expect("a migration is to blame");
    assert_eq!(failure.path(), "migrations/1_a.down.sql");
    if let Some(location) = failure.location() {
        assert_eq!(location.line, 3, "{error}");
    }
    assert_clean::<D>(&mut client);
    if D::DDL_COMMITS {
        // Half of it is gone for good, and only a rollback goes on.
        assert_eq!(rows::<D>(&mut client, SET), ["1|a.rolling-back"]);
        assert!(run::<D>(&mut client, &set).unwrap_err().is_interrupted());
        rows::<D>(&mut client, "CREATE TABLE never_was (id int)");
        assert_eq!(back(&D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap()), [1]);
        return;
    }
    assert_eq!(rows::<D>(&mut client, SET), ["1|a"]);
    assert_eq!(rows::<D>(&mut client, "SELECT count(*) FROM a"), ["0"]);
    assert!(run::<D>(&mut client, &set).unwrap().applied().is_empty());
}

pub(super) fn a_failing_down_script_of_dml_keeps_the_row<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(&mut client, "CREATE TABLE a (id int)");
    let set = set(&[
        ("1_a.up.sql", "INSERT INTO a VALUES (1);"),
        ("1_a.down.sql", "DELETE FROM a;\nDELETE FROM never_was;"),
    ]);
    run::<D>(&mut client, &set).unwrap();
    let error = D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap_err();
    assert!(error.to_string().contains("it was rolled back"), "{error}");
    assert_eq!(rows::<D>(&mut client, SET), ["1|a"]);
    assert_eq!(rows::<D>(&mut client, "SELECT id FROM a"), ["1"]);
    assert_clean::<D>(&mut client);
    assert!(run::<D>(&mut client, &set).unwrap().applied().is_empty());
}

pub(super) fn a_rollback_outside_of_a_transaction_is_resumed<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int); CREATE TABLE b (id int);"),
        ("1_a.down.sql", "-- gapless: no-transaction\nDROP TABLE b;\nDROP TABLE a;"),
    ]);
    run::<D>(&mut client, &set).unwrap();
    assert_eq!(back(&D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap()), [1]);
    assert_eq!(rows::<D>(&mut client, SET), Vec::<String>::new());
    assert!(D::sql(&mut client, "SELECT 1 FROM a").is_err());
    assert_clean::<D>(&mut client);
    run::<D>(&mut client, &set).unwrap();
    rows::<D>(&mut client, "DROP TABLE a");
    let error = D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap_err();
    assert_eq!(error.failure().and_then(gapless::Failure::statement), Some(2), "{error}");
    // Half of it is gone: no boot may call it current, and the next rollback goes on.
    assert_eq!(rows::<D>(&mut client, SET), ["1|a.rolling-back"]);
    assert_clean::<D>(&mut client);
    let error = run::<D>(&mut client, &set).unwrap_err();
    assert!(
        error.is_interrupted() && error.to_string().starts_with("version 1 (`a`) is half rolled back"),
        "{error}"
    );
    rows::<D>(&mut client, "CREATE TABLE a (id int)");
    assert_eq!(back(&D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap()), [1]);
    assert_eq!(rows::<D>(&mut client, SET), Vec::<String>::new());
    let journal = "SELECT event, coalesce(statement, 0) FROM applied_migrations_journal WHERE id > \
                   (SELECT max(id) FROM applied_migrations_journal WHERE event = 'applied') \
                   AND event <> 'statement_begun' ORDER BY id";
    let expected = ["rolling_back|0", "started|0", "statement|1", "failed|2", "started|0", "statement|2"];
    assert_eq!(rows::<D>(&mut client, journal)[..6], expected);
    // A failure of the first statement leaves the row as it was.
    run::<D>(&mut client, &set).unwrap();
    rows::<D>(&mut client, "DROP TABLE b");
    D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap_err();
    assert_eq!(rows::<D>(&mut client, SET), ["1|a"]);
    assert!(run::<D>(&mut client, &set).unwrap().applied().is_empty());
    rows::<D>(&mut client, "CREATE TABLE b (id int)");
    assert_eq!(back(&D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap()), [1]);
    assert_clean::<D>(&mut client);
}

/// Half of a later migration is there, and builds on the one before it.
pub(super) fn a_migration_under_a_half_done_one_stays<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let with = |value: &str| {
        let later = format!(
            "-- gapless: no-transaction\nINSERT INTO t1 VALUES (1);\nINSERT INTO t1 VALUES ({value});\n"
        );
        set(&[
            ("1_t1.up.sql", "CREATE TABLE t1 (id int);"),
            ("1_t1.down.sql", "DROP TABLE t1;"),
            ("2_t2.up.sql", &later),
            ("2_t2.down.sql", "DELETE FROM t1;"),
        ])
    };
    let (broken, whole) = (with("nothing"), with("2"));
    run::<D>(&mut client, &broken).unwrap_err();
    for set in [&broken, &whole] {
        let planned = D::plan_rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap_err();
        let error = D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap_err();
        assert!(error.is_irreversible() && planned.is_irreversible(), "{error}");
        assert_eq!(
            error.to_string(),
            "version 1 cannot be rolled back: version 2 was begun and not finished, and may build on it: \
             migrations/2_t2.up.sql\n\
             help: finish that one first, or say `.past_later()` if it does not build on 1"
        );
    }
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1"]);
    assert_clean::<D>(&mut client);
    // Finished, it is rolled back before the other.
    run::<D>(&mut client, &whole).unwrap();
    D::rollback(&mut client, whole.runner(), Rollback::to(Version::from(0))).unwrap();
    assert_eq!(rows::<D>(&mut client, SET), [""; 0]);
    run::<D>(&mut client, &broken).unwrap_err();
    let report = D::rollback(&mut client, whole.runner(), Rollback::steps(1).past_later()).unwrap();
    assert_eq!(report.rolled_back().len(), 1);
}
