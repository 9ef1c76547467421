use gapless::{Conflict, MigrationSet, Version};

use super::{SET, assert_clean, rows, run, versions};
use crate::driver::Driver;
use crate::set::{set, tables};

const RENAMED: &str =
    "SELECT detail, version, name FROM applied_migrations_journal WHERE event = 'renamed' ORDER BY id";

fn table(file: &'static str, table: &str) -> (&'static str, String) {
    (file, format!("CREATE TABLE {table} (id int);"))
}

fn of(files: &[(&'static str, String)], renames: &'static str) -> MigrationSet {
    let mut all: Vec<_> = files.iter().map(|(file, sql)| (*file, sql.as_str())).collect();
    if !renames.is_empty() {
        all.push(("renames.txt", renames));
    }
    set(&all)
}

pub(super) fn a_name_that_changed_is_recorded<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(2)).unwrap();
    let renamed = of(&[table("1_t1.sql", "t1"), table("2_two.sql", "t2")], "2_t2 -> 2_two");
    let plan = D::plan(&mut client, renamed.runner()).unwrap();
    assert_eq!(plan.changes()[0].to_string(), "record 2 t2 as 2 two: renamed");
    let report = run::<D>(&mut client, &renamed).unwrap();
    assert_eq!((report.applied().len(), report.changes().len()), (0, 1));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1", "2|two"]);
    assert_eq!(rows::<D>(&mut client, RENAMED), ["2_t2|2|two"]);
    assert_eq!(run::<D>(&mut client, &renamed).unwrap().round_trips(), 1);
    // A fresh database never had the old name.
    let fresh = D::fresh();
    assert_eq!(run::<D>(&mut fresh.connect(), &renamed).unwrap().changes(), []);
}

pub(super) fn a_version_that_changed_is_recorded<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(2)).unwrap();
    let when = "SELECT applied_at, checksum FROM applied_migrations WHERE version IN (2, 5)";
    let before = rows::<D>(&mut client, when);
    let moved = of(
        &[table("1_t1.sql", "t1"), table("2_other.sql", "other"), table("5_t2.sql", "t2")],
        "2_t2 -> 4_t2\n4_t2 -> 5_t2",
    );
    let report = run::<D>(&mut client, &moved).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![2], 1));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1", "2|other", "5|t2"]);
    let kept = "SELECT applied_at, checksum FROM applied_migrations WHERE version = 5";
    assert_eq!(rows::<D>(&mut client, kept), before);
    assert_clean::<D>(&mut client);
}

pub(super) fn a_row_under_both_names_goes<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    rows::<D>(&mut client, "INSERT INTO applied_migrations (version, name) VALUES (7, 't1')");
    let moved = of(&[table("7_t1.sql", "t1")], "1_t1 -> 7_t1");
    let report = run::<D>(&mut client, &moved).unwrap();
    assert_eq!(report.changes()[0].to_string(), "remove 1 t1: recorded as 7 t1 too");
    assert_eq!(rows::<D>(&mut client, SET), ["7|t1"]);
}

pub(super) fn two_may_change_places<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(2)).unwrap();
    let swapped = of(&[table("1_t2.sql", "t2"), table("2_t1.sql", "t1")], "1_t1 -> 2_t1\n2_t2 -> 1_t2");
    let report = run::<D>(&mut client, &swapped).unwrap();
    assert_eq!((report.applied().len(), report.changes().len()), (0, 2));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t2", "2|t1"]);
}

/// A newer release has renamed, in version and in name; the one before is deployed again.
pub(super) fn an_older_release_knows_its_own_names<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let older = tables(2);
    run::<D>(&mut client, &older).unwrap();
    let newer = of(&[table("1_one.sql", "t1"), table("9_t2.sql", "t2")], "1_t1 -> 1_one\n2_t2 -> 9_t2");
    run::<D>(&mut client, &newer).unwrap();
    let report = run::<D>(&mut client, &older).unwrap();
    assert_eq!((report.applied().len(), report.already_applied(), report.round_trips()), (0, 2, 2));
    assert_eq!(
        report.warnings(),
        [
            "version 1 (`t1`) is applied as 1 `one`: a newer release has renamed it",
            "version 2 (`t2`) is applied as 9 `t2`: a newer release has renamed it"
        ]
    );
    assert_eq!(rows::<D>(&mut client, SET), ["1|one", "9|t2"]);
    // Forward again, nothing is left to do.
    assert_eq!(run::<D>(&mut client, &newer).unwrap().round_trips(), 1);
    // A rename that is not declared is still refused.
    let other = of(&[table("1_uno.sql", "t1"), table("9_t2.sql", "t2")], "");
    let error = run::<D>(&mut client, &other).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::Renamed { .. }]), "{error}");
    assert!(error.to_string().contains("\n  1_one -> 1_uno\n"), "{error}");
}

/// A release retires a module: existing, existing under another name, fresh, and rolled back.
pub(super) fn a_tombstone_is_safe_everywhere<D: Driver>() {
    let before = || of(&[table("1_t1.sql", "t1"), table("2_reports.sql", "reports")], "");
    let after = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_reports.tombstone.sql", "-- Reports moved to a service of their own."),
        ("renames.txt", "20_reports -> 2_reports"),
    ]);
    for (first, expected) in [
        (Some(before()), vec!["1|t1", "2|reports"]),
        (
            Some(of(&[table("1_t1.sql", "t1"), table("20_reports.sql", "reports")], "")),
            vec!["1|t1", "2|reports"],
        ),
        (None, vec!["1|t1"]),
    ] {
        let driver = D::fresh();
        let mut client = driver.connect();
        if let Some(first) = &first {
            run::<D>(&mut client, first).unwrap();
        }
        run::<D>(&mut client, &after).unwrap();
        assert_eq!(rows::<D>(&mut client, SET), expected);
        assert_eq!(run::<D>(&mut client, &after).unwrap().round_trips(), 1);
        // Rolled back to the release that has the file: it runs where it never did, and nowhere else.
        let report = run::<D>(&mut client, &before()).unwrap();
        assert_eq!(versions(report.applied()), if first.is_some() { vec![] } else { vec![2] });
        assert_eq!(run::<D>(&mut client, &after).unwrap().round_trips(), 1);
    }
}

pub(super) fn existing_tables_are_recorded<D: Driver>() {
    let versions_of = |numbers: [u32; 2]| numbers.map(Version::from);
    for there in [true, false] {
        let driver = D::fresh();
        let mut client = driver.connect();
        if there {
            rows::<D>(&mut client, "CREATE TABLE t1 (id int)");
            rows::<D>(&mut client, "CREATE TABLE t2 (id int)");
        }
        let set = tables(3);
        let runner = || set.runner().reconcile(versions_of([1, 2]), ["t1", "t2"]);
        let report = D::run(&mut client, runner()).unwrap();
        let expected = if there { (vec![3], 2) } else { (vec![1, 2, 3], 0) };
        assert_eq!((versions(report.applied()), report.changes().len()), expected);
        let unknown = "SELECT version FROM applied_migrations WHERE checksum IS NULL ORDER BY version";
        assert_eq!(rows::<D>(&mut client, unknown), if there { vec!["1", "2"] } else { vec![] });
        assert_eq!(D::run(&mut client, runner()).unwrap().round_trips(), 1);
    }
}

/// A newer release has renamed what is reconciled: the one before does not record it once more.
pub(super) fn a_renamed_version_is_not_reconciled_again<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(&mut client, "CREATE TABLE t1 (id int)");
    let newer = of(&[table("5_t1.sql", "t1")], "1_t1 -> 5_t1");
    D::run(&mut client, newer.runner().reconcile([Version::from(5)], ["t1"])).unwrap();
    let older = tables(1);
    let report = D::run(&mut client, older.runner().reconcile([Version::from(1)], ["t1"])).unwrap();
    assert_eq!((report.applied().len(), report.changes().len(), report.round_trips()), (0, 0, 2));
    assert_eq!(rows::<D>(&mut client, SET), ["5|t1"]);
}

pub(super) fn some_of_the_tables_are_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(&mut client, "CREATE TABLE t2 (id int)");
    let set = tables(3);
    let error =
        D::run(&mut client, set.runner().reconcile([1, 2].map(Version::from), ["t1", "t2"])).unwrap_err();
    assert!(error.is_partial() && error.to_string().contains("existing: t2\n  missing: t1"), "{error}");
    assert!(D::sql(&mut client, SET).is_err(), "a tracker was created");
    let error = D::run(&mut client, set.runner().reconcile([Version::from(8)], ["t1"])).unwrap_err();
    assert!(error.is_usage(), "{error}");
    // A fresh database that got stuck half-way is not taken for a partial one.
    let driver = D::fresh();
    let mut client = driver.connect();
    let target = set.runner().target(Version::from(1));
    D::run(&mut client, target).unwrap();
    let report =
        D::run(&mut client, set.runner().reconcile([1, 2].map(Version::from), ["t1", "t2"])).unwrap();
    assert_eq!(versions(report.applied()), [2, 3]);
}

pub(super) fn an_edit_is_accepted<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    let before = tables(1).migrations()[0].checksum();
    let edited = set(&[("1_t1.sql", "CREATE TABLE t1 (id int); -- explained")]);
    assert!(matches!(run::<D>(&mut client, &edited).unwrap_err().conflicts(), [Conflict::Drift { .. }]));
    let report = D::run(&mut client, edited.runner().accept(Version::from(1))).unwrap();
    assert_eq!(report.changes()[0].to_string(), "accept the text of 1 t1");
    assert_eq!(run::<D>(&mut client, &edited).unwrap().round_trips(), 1);
    let journal = "SELECT version, detail FROM applied_migrations_journal WHERE event = 'checksum_accepted'";
    assert_eq!(rows::<D>(&mut client, journal), [format!("1|{before}")]);
    // Saying so again changes nothing.
    let again = D::run(&mut client, edited.runner().accept(Version::from(1))).unwrap();
    assert_eq!((again.round_trips(), again.changes().len()), (1, 0));
    // The same text with other line endings is the same text.
    let windows = set(&[("1_t1.sql", "\u{feff}CREATE TABLE t1 (id int); -- explained")]);
    assert_eq!(run::<D>(&mut client, &windows).unwrap().round_trips(), 1);
}

/// Three modules: one was removed, the tables of one were there before, and all identifiers have changed.
pub(super) fn a_removed_module_a_renamed_one_and_one_that_was_there<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let key = D::KEY_TEXT;
    let table = format!("CREATE TABLE gorp_migrations (id {key} NOT NULL PRIMARY KEY, applied_at timestamp)");
    rows::<D>(&mut client, &table);
    for id in ["users-1.sql", "users-2.sql", "reports-1.sql"] {
        rows::<D>(
            &mut client,
            &format!("INSERT INTO gorp_migrations VALUES ('{id}', '2020-01-31 12:00:00')"),
        );
    }
    for table in ["users", "emails", "reports", "billing"] {
        rows::<D>(&mut client, &format!("CREATE TABLE {table} (id int)"));
    }
    let set = set(&[
        ("101_users.sql", "CREATE TABLE users (id int);"),
        ("102_emails.sql", "CREATE TABLE emails (id int);"),
        ("201_reports.tombstone.sql", "-- The module is gone; its table stays until nobody reads it."),
        ("301_billing.sql", "CREATE TABLE billing (id int);"),
        ("302_invoices.sql", "CREATE TABLE invoices (id int);"),
        ("renames.txt", "users-1 -> 101_users\nusers-2 -> 102_emails\nreports-1 -> 201_reports\n"),
    ]);
    let runner = || {
        let adopt = gapless::Legacy::sql_migrate("gorp_migrations");
        set.runner().adopt(adopt).reconcile([Version::from(301)], ["billing"])
    };
    let report = D::run(&mut client, runner()).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![302], 4));
    assert_eq!(
        rows::<D>(&mut client, SET),
        ["101|users", "102|emails", "201|reports", "301|billing", "302|invoices"]
    );
    assert_eq!(D::run(&mut client, runner()).unwrap().round_trips(), 1);
}
