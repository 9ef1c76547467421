use gapless::{Conflict, MigrationSet, Version};

use super::{SET, assert_clean, outcomes, rows, run, shown, versions};
use crate::driver::Driver;
use crate::set::{set, tables};

const BASELINE: &str = "CREATE TABLE t1 (id int);\nCREATE TABLE t2 (id int);";

/// Three migrations, and a baseline for the first two.
fn with_baseline(sql: &str) -> MigrationSet {
    set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_t2.sql", "CREATE TABLE t2 (id int);"),
        ("2_all.baseline.sql", sql),
        ("3_t3.sql", "CREATE TABLE t3 (id int);"),
    ])
}

pub(super) fn an_empty_database_begins_at_the_baseline<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = with_baseline(BASELINE);
    let plan = D::plan(&mut client, set.runner()).unwrap();
    assert_eq!(shown(&plan), "2 pending, 0 applied\n  2 all (baseline: stands for 2 migrations)\n  3 t3");
    let report = run::<D>(&mut client, &set).unwrap();
    assert_eq!(versions(report.applied()), [2, 3]);
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1", "2|t2", "3|t3"]);
    let unknown = "SELECT version FROM applied_migrations WHERE checksum IS NULL ORDER BY version";
    assert_eq!(rows::<D>(&mut client, unknown), ["1", "2"]);
    assert_eq!(outcomes::<D>(&mut client, "version, event"), ["2|baselined", "3|applied"]);
    assert_eq!(run::<D>(&mut client, &set).unwrap().round_trips(), 1);
    // With a target below it, the migrations themselves run.
    let other = D::fresh();
    let mut client = other.connect();
    let report = D::run(&mut client, set.runner().target(Version::from(1))).unwrap();
    assert_eq!(versions(report.applied()), [1]);
    assert_eq!(versions(run::<D>(&mut client, &set).unwrap().applied()), [2, 3]);
}

pub(super) fn a_database_with_history_never_sees_it<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    let report = run::<D>(&mut client, &with_baseline("CREATE TABLE t1 (wrong int);")).unwrap();
    assert_eq!(versions(report.applied()), [2, 3]);
    assert_clean::<D>(&mut client);
}

/// The files below the baseline are gone.
pub(super) fn a_squashed_history_is_known<D: Driver>() {
    let squashed = set(&[("2_all.baseline.sql", BASELINE), ("3_t3.sql", "CREATE TABLE t3 (id int);")]);
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(2)).unwrap();
    let report = run::<D>(&mut client, &squashed).unwrap();
    assert_eq!((versions(report.applied()), report.warnings().len()), (vec![3], 0));
    // A fresh one records the baseline itself, which then is its history.
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &squashed).unwrap();
    assert_eq!(rows::<D>(&mut client, SET), ["2|all.baseline", "3|t3"]);
    assert_eq!(run::<D>(&mut client, &squashed).unwrap().round_trips(), 1);
    // One that stopped below it cannot be brought forward.
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(1)).unwrap();
    let error = run::<D>(&mut client, &squashed).unwrap_err();
    assert!(matches!(error.conflicts(), [Conflict::BelowBaseline { .. }]), "{error}");
}

/// A file that comes late below the baseline is not what it stood for.
pub(super) fn a_late_file_below_the_baseline_is_applied<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &set(&[("3_all.baseline.sql", BASELINE)])).unwrap();
    let late = set(&[("3_all.baseline.sql", BASELINE), ("1_late.sql", "CREATE TABLE late (id int);")]);
    assert_eq!(versions(run::<D>(&mut client, &late).unwrap().applied()), [1]);
}

/// A newer release has renamed what the baseline stands for: an older one with the same baseline does not run it.
pub(super) fn a_migration_renamed_below_a_baseline_is_not_run<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let release = |second: &str, renames: &str| {
        let files = [
            ("4_t1.sql", "CREATE TABLE t1 (id int);"),
            (second, "CREATE TABLE t2 (id int);"),
            ("4_all.baseline.sql", BASELINE),
            ("renames.txt", renames),
        ];
        set(&files)
    };
    run::<D>(&mut client, &release("1_t2.sql", "3_t2 -> 1_t2")).unwrap();
    let report = run::<D>(&mut client, &release("3_t2.sql", "")).unwrap();
    assert_eq!((report.applied().len(), report.already_applied()), (0, 2));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t2", "4|t1"]);
}

/// An older release does not run the migrations that a newer release's baseline stood for.
pub(super) fn an_older_release_than_a_baseline_is_refused<D: Driver>() {
    let squashed = set(&[("3_all.baseline.sql", BASELINE), ("4_t4.sql", "CREATE TABLE t4 (id int);")]);
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &squashed).unwrap();
    let older = set(&[("1_t1.sql", "CREATE TABLE IF NOT EXISTS t1 (id int);")]);
    let error = run::<D>(&mut client, &older).unwrap_err();
    assert!(error.to_string().contains("this database began at a baseline for version 1"), "{error}");
    assert_eq!(rows::<D>(&mut client, SET), ["3|all.baseline", "4|t4"]);
}

pub(super) fn a_baseline_is_verified<D: Driver>() {
    let verify = |set: &MigrationSet| {
        let (one, other) = (D::fresh(), D::fresh());
        D::verify_baseline(&mut one.connect(), &mut other.connect(), set.runner())
    };
    let Some(result) = verify(&with_baseline(BASELINE)) else { return };
    result.unwrap();
    let wrong = "CREATE TABLE t1 (id int);\nCREATE TABLE t2 (id text);";
    let error = verify(&with_baseline(wrong)).unwrap().unwrap_err();
    assert!(error.is_baseline(), "{error}");
    let told = error.to_string();
    assert!(
        told.contains("\n  - column ") && told.contains("\n  + column ") && told.contains("t2"),
        "{told}"
    );
    assert!(verify(&tables(1)).unwrap().unwrap_err().is_usage());
    // A database in use is not written to.
    let (one, other) = (D::fresh(), D::fresh());
    let mut used = one.connect();
    rows::<D>(&mut used, "CREATE TABLE mine (id int)");
    let set = with_baseline(BASELINE);
    let error = D::verify_baseline(&mut used, &mut other.connect(), set.runner()).unwrap().unwrap_err();
    assert!(error.to_string().contains("not empty"), "{error}");
    assert!(D::sql(&mut used, SET).is_err());
}
