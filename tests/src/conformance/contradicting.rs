use gapless::{Conflict, Drift, OutOfOrder, Unknown, Version};

use super::{SET, rows, run, versions};
use crate::driver::Driver;
use crate::set::{set, tables};

pub(super) fn an_edited_migration_is_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    let edited = set(&[("1_t1.sql", "CREATE TABLE t1 (id bigint);"), ("2_b.sql", "SELECT 1")]);
    let error = run::<D>(&mut client, &edited).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::Drift { .. }]), "{error}");
    assert!(
        error.to_string().starts_with("version 1 was edited after it was applied: migrations/1_t1.sql\n")
    );
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1"]);
    let report = D::run(&mut client, edited.runner().drift(Drift::Warn)).unwrap();
    assert_eq!((versions(report.applied()), report.warnings().len()), (vec![2], 1));
}

pub(super) fn a_renamed_migration_is_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    let renamed = set(&[("1_table_one.sql", "CREATE TABLE t1 (id int);")]);
    let error = run::<D>(&mut client, &renamed).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::Renamed { .. }]), "{error}");
    assert!(error.to_string().starts_with("version 1 was applied as `t1` and is `table_one` now"), "{error}");
}

pub(super) fn an_unknown_checksum_is_no_drift<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    rows::<D>(&mut client, "UPDATE applied_migrations SET checksum = NULL");
    let edited = set(&[("1_t1.sql", "CREATE TABLE t1 (id bigint);")]);
    assert_eq!(run::<D>(&mut client, &edited).unwrap().round_trips(), 1);
}

pub(super) fn a_newer_release_may_have_been_here<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(4)).unwrap();
    let older = tables(2);
    let report = run::<D>(&mut client, &older).unwrap();
    assert_eq!((report.round_trips(), report.already_applied()), (1, 2));
    assert_eq!(
        report.warnings(),
        [
            "version 3 (`t3`) is applied and unknown: a newer release was here",
            "version 4 (`t4`) is applied and unknown: a newer release was here"
        ]
    );
    let error = D::run(&mut client, older.runner().unknown(Unknown::Refuse)).unwrap_err();
    assert_eq!(error.conflicts().len(), 2);
}

/// The newer release merged version 3 after version 4 was out; rolling back to the older one must boot.
pub(super) fn a_late_version_of_a_newer_release_is_ahead_too<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(4);
    let mut older = all.migrations().to_vec();
    older.remove(2);
    let older = gapless::MigrationSet::new(older).unwrap();
    run::<D>(&mut client, &older).unwrap();
    // The clock of SQLite ticks once a millisecond.
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(versions(run::<D>(&mut client, &all).unwrap().applied()), [3]);
    let report = run::<D>(&mut client, &older).unwrap();
    assert_eq!((report.round_trips(), report.warnings().len()), (1, 1));
}

pub(super) fn a_lost_file_is_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(3);
    run::<D>(&mut client, &all).unwrap();
    let mut left = all.migrations().to_vec();
    left.remove(1);
    let left = gapless::MigrationSet::new(left).unwrap();
    let error = run::<D>(&mut client, &left).unwrap_err();
    let [Conflict::Orphan { version, name, .. }] = error.conflicts() else { panic!("{error}") };
    assert_eq!((version.number(), name.as_str()), (2, "t2"));
    let report = D::run(&mut client, left.runner().unknown(Unknown::Allow)).unwrap();
    assert_eq!(report.warnings(), ["version 2 (`t2`) is applied and unknown: its file is gone"]);
}

pub(super) fn every_conflict_is_reported_at_once<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(4)).unwrap();
    let other = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id bigint);"),
        ("2_two.sql", "CREATE TABLE t2 (id int);"),
        ("4_t4.sql", "CREATE TABLE t4 (id int);"),
    ]);
    let error = run::<D>(&mut client, &other).unwrap_err();
    assert_eq!(error.conflicts().len(), 3, "{error}");
}

pub(super) fn out_of_order_can_be_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(2);
    let second = gapless::MigrationSet::new(all.migrations()[1..].to_vec()).unwrap();
    run::<D>(&mut client, &second).unwrap();
    let error = D::run(&mut client, all.runner().out_of_order(OutOfOrder::Refuse)).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::OutOfOrder { .. }]), "{error}");
    assert_eq!(rows::<D>(&mut client, SET), ["2|t2"]);
}

pub(super) fn a_foreign_table_is_named<D: Driver>() {
    for table in [
        "CREATE TABLE applied_migrations (id int, dirty boolean)",
        "CREATE TABLE applied_migrations (version text, name text, applied_at text, checksum text); \
         INSERT INTO applied_migrations VALUES ('20240101-x', 'a', 'now', NULL)",
        "CREATE TABLE applied_migrations (version int, name text, applied_at text, checksum text); \
         INSERT INTO applied_migrations VALUES (1, 't1', 'now', 'md5')",
    ] {
        let driver = D::fresh();
        let mut client = driver.connect();
        rows::<D>(&mut client, table);
        let error = run::<D>(&mut client, &tables(2)).unwrap_err();
        assert!(error.is_foreign_table(), "{error}");
        let told = "applied_migrations is not a tracker of applied migrations";
        assert!(error.to_string().contains(told), "{error}");
        assert!(D::sql(&mut client, "SELECT * FROM t2").is_err());
    }
}

/// The key is the fence.
pub(super) fn a_tracker_without_a_key_is_refused<D: Driver>() {
    let table =
        "CREATE TABLE applied_migrations (version int, name text, applied_at timestamp, checksum text)";
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(&mut client, table);
    let error = run::<D>(&mut client, &tables(1)).unwrap_err();
    assert!(error.is_foreign_table() && error.to_string().contains("ADD PRIMARY KEY (version)"), "{error}");
    rows::<D>(&mut client, "CREATE UNIQUE INDEX applied_version ON applied_migrations (version)");
    run::<D>(&mut client, &tables(1)).unwrap();
}

pub(super) fn a_target_must_be_embedded<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(1);
    let error = D::run(&mut client, all.runner().target(Version::from(7))).unwrap_err();
    assert!(
        error.is_usage() && error.to_string().starts_with("the target version 7 is not embedded"),
        "{error}"
    );
}

pub(super) fn impossible_names_are_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(1);
    for runner in [all.runner().schema(""), all.runner().table(""), all.runner().table("a\0b")] {
        let error = D::run(&mut client, runner).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("cannot be the tracker's"), "{error}");
    }
}
