use gapless::{Legacy, MigrationSet, Version};

use super::{SET, assert_clean, rows, run, versions};
use crate::driver::Driver;
use crate::set::{set, tables};

const ADOPTED: &str =
    "SELECT version, name, event, detail FROM applied_migrations_journal WHERE event = 'adopted' ORDER BY id";

/// golang-migrate's table, at this version, and the tables that its migrations have made.
fn counter<D: Driver>(client: &mut D::Client, version: usize, dirty: bool) {
    rows::<D>(
        client,
        "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
    );
    rows::<D>(client, &format!("INSERT INTO schema_migrations VALUES ({version}, {dirty})"));
    for number in 1..=version {
        rows::<D>(client, &format!("CREATE TABLE t{number} (id int)"));
    }
}

pub(super) fn a_counter_is_taken_over<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    counter::<D>(&mut client, 2, false);
    let set = tables(3);
    let adopt = || Legacy::golang_migrate("schema_migrations");
    let plan = D::plan(&mut client, set.runner().adopt(adopt())).unwrap();
    let changes: Vec<_> = plan.changes().iter().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        [
            "record 1 t1: applied by golang-migrate's schema_migrations, checksum unknown",
            "record 2 t2: applied by golang-migrate's schema_migrations, checksum unknown"
        ]
    );
    assert!(D::sql(&mut client, SET).is_err(), "planning has created a tracker");
    assert!(D::verify(&mut client, set.runner().adopt(adopt())).unwrap_err().is_pending());
    let report = D::run(&mut client, set.runner().adopt(adopt())).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![3], 2));
    assert!(
        report.to_string().contains("is not used any more once every replica runs this release"),
        "{report}"
    );
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1", "2|t2", "3|t3"]);
    let proven = "SELECT version FROM applied_migrations WHERE checksum IS NOT NULL";
    assert_eq!(rows::<D>(&mut client, proven), ["3"]);
    let from = "adopted|golang-migrate's schema_migrations";
    assert_eq!(rows::<D>(&mut client, ADOPTED), [format!("1|t1|{from}"), format!("2|t2|{from}")]);
    assert_eq!(rows::<D>(&mut client, "SELECT count(*) FROM schema_migrations"), ["1"]);
    assert_clean::<D>(&mut client);
}

pub(super) fn a_dirty_counter_is_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    counter::<D>(&mut client, 2, true);
    let adopt = Legacy::golang_migrate("schema_migrations");
    let error = D::run(&mut client, tables(3).runner().adopt(adopt)).unwrap_err();
    assert!(error.is_legacy(), "{error}");
    assert!(error.to_string().contains("dirty at version 2"), "{error}");
    assert!(D::sql(&mut client, SET).is_err(), "a tracker was created");
    assert_clean::<D>(&mut client);
}

fn gorp<D: Driver>(client: &mut D::Client, ids: &[&str]) {
    rows::<D>(client, "CREATE TABLE gorp_migrations (id text NOT NULL PRIMARY KEY, applied_at timestamp)");
    for id in ids {
        rows::<D>(client, &format!("INSERT INTO gorp_migrations VALUES ('{id}', '2020-01-31 12:00:00')"));
    }
}

fn renamed() -> MigrationSet {
    set(&[
        ("1_users.sql", "CREATE TABLE users (id int)"),
        ("2_orders.sql", "CREATE TABLE orders (id int)"),
        ("renames.txt", "20200131-create-orders -> 2_orders\n"),
    ])
}

pub(super) fn a_set_is_taken_over_through_renames<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    gorp::<D>(&mut client, &["1_users.sql", "20200131-create-orders.sql"]);
    let set = renamed();
    let report = D::run(&mut client, set.runner().adopt(Legacy::sql_migrate("gorp_migrations"))).unwrap();
    assert_eq!((report.applied().len(), report.changes().len(), report.already_applied()), (0, 2, 2));
    assert_eq!(rows::<D>(&mut client, SET), ["1|users", "2|orders"]);
    let report = D::run(&mut client, set.runner().adopt(Legacy::sql_migrate("gorp_migrations"))).unwrap();
    assert_eq!((report.round_trips(), report.changes().len()), (1, 0));
}

pub(super) fn what_maps_to_nothing_is_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    gorp::<D>(&mut client, &["1_users.sql", "9_gone.sql", "20200131-create-orders.sql"]);
    let set = renamed();
    let error = D::run(&mut client, set.runner().adopt(Legacy::sql_migrate("gorp_migrations"))).unwrap_err();
    assert!(
        error.is_legacy() && error.to_string().contains("`9_gone` was applied by sql-migrate"),
        "{error}"
    );
    let past = Legacy::sql_migrate("gorp_migrations").pass_over_unknown();
    let report = D::run(&mut client, set.runner().adopt(past)).unwrap();
    assert_eq!(report.changes().len(), 2);
    assert!(report.warnings().iter().any(|warning| warning.contains("`9_gone`")), "{report}");
}

pub(super) fn a_table_of_another_tool_is_told<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    counter::<D>(&mut client, 1, false);
    let error =
        D::run(&mut client, tables(1).runner().adopt(Legacy::dbmate("schema_migrations"))).unwrap_err();
    assert!(error.is_legacy() && error.to_string().contains("`Legacy::golang_migrate`"), "{error}");
}

pub(super) fn nothing_is_taken_over_twice<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    // No such table: an empty database is filled as ever.
    let adopt = || Legacy::golang_migrate("schema_migrations");
    let report = D::run(&mut client, tables(1).runner().adopt(adopt())).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![1], 0));
    // The tool goes on afterwards: its table is not looked at any more.
    rows::<D>(
        &mut client,
        "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
    );
    rows::<D>(&mut client, "INSERT INTO schema_migrations VALUES (7, true)");
    let report = D::run(&mut client, tables(2).runner().adopt(adopt())).unwrap();
    assert_eq!(versions(report.applied()), [2]);
}

/// The counter of golang-migrate has passed version 2 by: it was merged late.
pub(super) fn what_was_skipped_is_applied<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    counter::<D>(&mut client, 3, false);
    rows::<D>(&mut client, "DROP TABLE t2");
    let adopt = Legacy::golang_migrate("schema_migrations").except([Version::from(2)]);
    let report = D::run(&mut client, tables(3).runner().adopt(adopt)).unwrap();
    assert_eq!(versions(report.applied()), [2]);
    run::<D>(&mut client, &tables(3)).unwrap();
    assert_eq!(rows::<D>(&mut client, "SELECT count(*) FROM t2"), ["0"]);
}
