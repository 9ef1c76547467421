use gapless::{Legacy, MigrationSet, Version};

use super::{SET, assert_clean, outcomes, rows, run, shown, versions};
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

pub(super) fn a_counter_is_adopted<D: Driver>() {
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

/// No migration is skipped that golang-migrate never ran, and none that it ran runs again.
pub(super) fn a_renamed_counter_counts_by_its_own_numbers<D: Driver>() {
    let table = |number: usize| format!("CREATE TABLE t{number} (id int);");
    for (counted, new, moved, pending) in [
        (1, "2_new.sql", "6_t1.sql", 2),
        (2, "2_new.sql", "1_t2.sql", 2),
        (20_200_101, "2_new.sql", "1_t1.sql", 2),
    ] {
        let driver = D::fresh();
        let mut client = driver.connect();
        counter::<D>(&mut client, 0, false);
        rows::<D>(&mut client, &format!("UPDATE schema_migrations SET version = {counted}"));
        let stem = moved.trim_end_matches(".sql");
        let name = stem.split_once('_').map_or(stem, |(_, name)| name);
        let renames = format!("{counted}_{name} -> {stem}");
        let set = set(&[(moved, &table(1)), (new, &table(2)), ("renames.txt", &renames)]);
        let adopt = Legacy::golang_migrate("schema_migrations");
        let report = D::run(&mut client, set.runner().adopt(adopt)).unwrap();
        assert_eq!((versions(report.applied()), report.changes().len()), (vec![pending], 1), "{counted}");
    }
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
    let key = D::KEY_TEXT;
    let table = format!("CREATE TABLE gorp_migrations (id {key} NOT NULL PRIMARY KEY, applied_at timestamp)");
    rows::<D>(client, &table);
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

pub(super) fn a_set_is_adopted_through_renames<D: Driver>() {
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

pub(super) fn an_entry_without_a_file_is_refused<D: Driver>() {
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

pub(super) fn a_table_of_another_tool_is_named<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    counter::<D>(&mut client, 1, false);
    let error =
        D::run(&mut client, tables(1).runner().adopt(Legacy::dbmate("schema_migrations"))).unwrap_err();
    assert!(error.is_legacy() && error.to_string().contains("`Legacy::golang_migrate`"), "{error}");
}

pub(super) fn nothing_is_adopted_twice<D: Driver>() {
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
pub(super) fn excepted_versions_are_applied<D: Driver>() {
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

/// Its second migration changes the table of diesel, which a fresh database does not have.
fn touching(first: &str) -> MigrationSet {
    set(&[
        ("1_t1.up.sql", first),
        ("1_t1.down.sql", "DROP TABLE t1"),
        ("2_who.up.sql", "ALTER TABLE __diesel_schema_migrations ADD COLUMN who text"),
        ("2_who.down.sql", "ALTER TABLE __diesel_schema_migrations DROP COLUMN who"),
    ])
}

const TABLE: &str = "diesel's __diesel_schema_migrations";

pub(super) fn the_tools_table_is_created_on_a_fresh_database<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = touching("CREATE TABLE t1 (id int)");
    let diesel = || Legacy::diesel("__diesel_schema_migrations");
    let runner = || set.runner().adopt(diesel().create_on_fresh_database());
    if !D::DDL_COMMITS {
        assert!(D::dry_run(&mut client, set.runner().adopt(diesel())).is_err());
    }
    let plan = D::plan(&mut client, runner()).unwrap();
    assert_eq!(shown(&plan), format!("2 pending, 0 applied\n  create {TABLE}, empty\n  1 t1\n  2 who"));
    let tried = D::dry_run(&mut client, runner()).unwrap().tried().len();
    assert_eq!(tried, if D::DDL_COMMITS { 0 } else { 2 });
    let there = "SELECT count(*), count(who) FROM __diesel_schema_migrations";
    assert!(D::sql(&mut client, there).is_err(), "planning or trying has left the table");
    let report = D::run(&mut client, runner()).unwrap();
    assert_eq!((versions(report.applied()), report.created()), (vec![1, 2], Some(TABLE)), "{report}");
    assert!(report.changes().is_empty() && report.warnings().is_empty(), "{report}");
    assert!(report.to_string().contains(&format!("\n  created {TABLE}, empty\n")), "{report}");
    assert_eq!(rows::<D>(&mut client, there), ["0|0"]);
    let journal = outcomes::<D>(&mut client, "version, name, event");
    assert_eq!(journal, ["1|t1|table_created", "1|t1|applied", "2|who|applied"]);
    let journal = "SELECT detail FROM applied_migrations_journal WHERE event = 'table_created'";
    assert_eq!(rows::<D>(&mut client, journal), [TABLE]);
    let report = D::run(&mut client, runner()).unwrap();
    assert_eq!((report.round_trips(), report.created()), (1, None));
    assert_clean::<D>(&mut client);
    // There and back: what was written into the table since is no history of the tool.
    rows::<D>(&mut client, "INSERT INTO __diesel_schema_migrations (version) VALUES ('7')");
    D::rollback(&mut client, set.runner(), gapless::Rollback::steps(2)).unwrap();
    let report = D::run(&mut client, runner()).unwrap();
    assert_eq!((versions(report.applied()), report.created()), (vec![1, 2], None), "{report}");
}

pub(super) fn a_table_that_was_created_is_no_history<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let adopt = || Legacy::diesel("__diesel_schema_migrations").create_on_fresh_database();
    let broken = touching("SELECT nonsense");
    let error = D::run(&mut client, broken.runner().adopt(adopt())).unwrap_err();
    assert_eq!(error.failure().unwrap().version().number(), 1, "{error}");
    assert_eq!(rows::<D>(&mut client, "SELECT count(*) FROM __diesel_schema_migrations"), ["0"]);
    // A baseline is for databases without a history.
    let baseline = ("1_all.baseline.sql", "CREATE TABLE t1 (id int, baseline int)");
    let mended =
        set(&[baseline, ("2_who.sql", "ALTER TABLE __diesel_schema_migrations ADD COLUMN who text")]);
    let report = D::run(&mut client, mended.runner().adopt(adopt())).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![1, 2], 0), "{report}");
    assert_eq!(rows::<D>(&mut client, "SELECT count(baseline) FROM t1"), ["0"]);
    assert_clean::<D>(&mut client);
}

/// The tool was there: its history is taken over as ever.
pub(super) fn a_table_that_is_there_is_not_created<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(
        &mut client,
        "CREATE TABLE __diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp)",
    );
    rows::<D>(&mut client, "INSERT INTO __diesel_schema_migrations (version) VALUES ('1')");
    let set = touching("CREATE TABLE t1 (id int)");
    let adopt = || Legacy::diesel("__diesel_schema_migrations").create_on_fresh_database();
    let plan = D::plan(&mut client, set.runner().adopt(adopt())).unwrap();
    assert_eq!((plan.creates(), plan.changes().len()), (None, 1), "{plan}");
    let report = D::run(&mut client, set.runner().adopt(adopt())).unwrap();
    assert_eq!((versions(report.applied()), report.created()), (vec![2], None), "{report}");
    // It may go; nothing brings it back.
    rows::<D>(&mut client, "DROP TABLE __diesel_schema_migrations");
    let later = crate::set::set(&[
        ("1_t1.up.sql", "CREATE TABLE t1 (id int)"),
        ("1_t1.down.sql", "DROP TABLE t1"),
        ("2_who.sql", "ALTER TABLE __diesel_schema_migrations ADD COLUMN who text"),
        ("3_t3.sql", "CREATE TABLE t3 (id int)"),
    ]);
    let report = D::run(&mut client, later.runner().adopt(adopt())).unwrap();
    assert_eq!((versions(report.applied()), report.created()), (vec![3], None), "{report}");
    assert!(D::sql(&mut client, "SELECT * FROM __diesel_schema_migrations").is_err());
}
