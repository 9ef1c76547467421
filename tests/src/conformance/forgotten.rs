use gapless::{Legacy, Rollback};

use super::{SET, assert_clean, rows, run, versions};
use crate::driver::Driver;
use crate::set::{set, tables};

/// sql-migrate's table, with a row or none.
fn history<D: Driver>(client: &mut D::Client, filled: bool) {
    let key = D::KEY_TEXT;
    let table = format!("CREATE TABLE gorp_migrations (id {key} NOT NULL PRIMARY KEY, applied_at timestamp)");
    rows::<D>(client, &table);
    if filled {
        rows::<D>(client, "INSERT INTO gorp_migrations VALUES ('1_t1.sql', '2020-01-31 12:00:00')");
    }
}

/// Nothing runs twice because somebody has forgotten to adopt.
pub(super) fn a_history_that_nothing_adopts_is_refused<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    history::<D>(&mut client, true);
    let set = set(&[("1_t1.sql", "CREATE TABLE IF NOT EXISTS t1 (id int);")]);
    let error = run::<D>(&mut client, &set).unwrap_err();
    assert!(error.is_legacy(), "{error}");
    assert_eq!(
        error.to_string(),
        "the database has a history in `gorp_migrations`, the table of sql-migrate, and nothing adopts it: \
         all migrations would run\n\
         help: adopt it with `.adopt(Legacy::sql_migrate(\"gorp_migrations\"))`, so that none runs twice; \
         if it belongs to something else, go on with `.ignore_other_tools()`"
    );
    assert!(D::sql(&mut client, SET).is_err(), "a tracker was created");
    assert!(D::sql(&mut client, "SELECT * FROM t1").is_err(), "a migration was applied");
    assert_clean::<D>(&mut client);
    let plan = D::plan(&mut client, set.runner()).unwrap();
    let warned = plan.warnings()[0]
        .contains("the table of sql-migrate, and nothing adopts it: all migrations would run; adopt");
    assert!(warned, "{plan}");
    assert!(D::plan(&mut client, set.runner().ignore_other_tools()).unwrap().warnings().is_empty());
    // The right line helps, and so does a wrong one no more than none.
    let misspelt = Legacy::sql_migrate("migrations");
    assert!(D::run(&mut client, set.runner().adopt(misspelt)).unwrap_err().is_legacy());
    let report = D::run(&mut client, set.runner().adopt(Legacy::sql_migrate("gorp_migrations"))).unwrap();
    assert_eq!((report.applied().len(), report.changes().len()), (0, 1), "{report}");
}

pub(super) fn a_history_of_something_else_is_ignored_on_demand<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    history::<D>(&mut client, true);
    let set = tables(2);
    let report = D::run(&mut client, set.runner().ignore_other_tools()).unwrap();
    assert_eq!(versions(report.applied()), [1, 2]);
    // Once anything is recorded, nobody asks again.
    assert_eq!(versions(run::<D>(&mut client, &tables(3)).unwrap().applied()), [3]);
}

/// A tool that has made its table and applied nothing has no history.
pub(super) fn an_empty_table_of_another_tool_is_no_history<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    history::<D>(&mut client, false);
    let set = tables(2);
    assert!(D::plan(&mut client, set.runner()).unwrap().warnings().is_empty());
    assert_eq!(versions(run::<D>(&mut client, &set).unwrap().applied()), [1, 2]);
}

/// A history that is empty because everything was rolled back is known by its tracker.
pub(super) fn a_tracker_that_is_empty_again_is_ours<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = set(&[("1_t1.up.sql", "CREATE TABLE t1 (id int);"), ("1_t1.down.sql", "DROP TABLE t1;")]);
    run::<D>(&mut client, &set).unwrap();
    D::rollback(&mut client, set.runner(), Rollback::steps(1)).unwrap();
    history::<D>(&mut client, true);
    assert_eq!(versions(run::<D>(&mut client, &set).unwrap().applied()), [1]);
}

/// Tables that a database has and no tool knows are recorded, whoever else has a history there.
pub(super) fn a_reconciled_history_needs_no_adoption<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    history::<D>(&mut client, true);
    rows::<D>(&mut client, "CREATE TABLE t1 (id int)");
    let set = tables(2);
    let report = D::run(&mut client, set.runner().reconcile([1.into()], ["t1"])).unwrap();
    assert_eq!((versions(report.applied()), report.changes().len()), (vec![2], 1));
}
