//! Baselines beside tombstones, renames and the histories of other tools.

use gapless::{Legacy, MigrationSet};
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;
use postgres::Client;

const SET: &str = "SELECT version || '|' || name FROM applied_migrations ORDER BY version";

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

/// Its files up to 3 are there still.
fn unsquashed(more: &[(&str, &str)]) -> MigrationSet {
    let files = [
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("3_t3.sql", "CREATE TABLE t3 (id int);"),
        ("3_all.baseline.sql", "CREATE TABLE t1 (id int); CREATE TABLE t3 (id int);"),
    ];
    set(&[&files, more].concat())
}

/// What was retired is not part of the baseline, and no database that begins there has run it.
#[test]
fn a_tombstone_below_a_baseline_is_not_recorded() {
    let mut client = cluster().database().connect();
    let retired = unsquashed(&[("2_gone.tombstone.sql", "-- The module is gone.")]);
    retired.runner().run(&mut client).unwrap();
    assert_eq!(column(&mut client, SET), ["1|t1", "3|t3"]);
    assert_eq!(retired.runner().run(&mut client).unwrap().round_trips(), 1);
}

/// The release before knows the second by another number, on a database that began at the baseline too.
#[test]
fn an_older_release_knows_what_a_baseline_stands_for() {
    let mut client = cluster().database().connect();
    unsquashed(&[("renames.txt", "2_t3 -> 3_t3")]).runner().run(&mut client).unwrap();
    assert_eq!(column(&mut client, SET), ["1|t1", "3|t3"]);
    let older = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("2_t3.sql", "CREATE TABLE t3 (id int);")]);
    let report = older.runner().run(&mut client).unwrap();
    assert_eq!((report.applied().len(), report.already_applied()), (0, 2), "{report}");
    assert_eq!(report.warnings(), ["version 2 (`t3`) is applied as 3 `t3`: a newer release has renamed it"]);
}

/// The tool stopped below the baseline: neither can its history be brought there, nor may the baseline run on it.
#[test]
fn a_history_of_another_tool_that_has_not_reached_the_baseline_is_refused() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE g (version varchar); INSERT INTO g VALUES ('1'), ('2')").unwrap();
    let squashed = set(&[("3_all.baseline.sql", "CREATE TABLE t1 (id int);"), ("4_t4.sql", "SELECT 4;")]);
    let runner = || squashed.runner().adopt(Legacy::dbmate("g"));
    let error = runner().run(&mut client).unwrap_err();
    assert!(error.is_legacy(), "{error}");
    for version in [1, 2] {
        assert!(error.to_string().contains(&format!("`{version}` was applied by dbmate")), "{error}");
    }
    assert!(client.batch_execute("SELECT * FROM t1").is_err(), "the baseline ran");
    client.batch_execute("INSERT INTO g VALUES ('3')").unwrap();
    let report = runner().run(&mut client).unwrap();
    assert_eq!((report.changes().len(), report.applied().len()), (1, 1), "{report}");
    assert_eq!(column(&mut client, SET), ["3|all", "4|t4"]);
}

/// The tool was here, though nothing of what it has applied is embedded: the database is not empty.
#[test]
fn a_baseline_does_not_run_where_another_tool_has_been() {
    let mut client = cluster().database().connect();
    client.batch_execute("CREATE TABLE g (version varchar); INSERT INTO g VALUES ('900')").unwrap();
    let adopt = || Legacy::dbmate("g").pass_over_unknown();
    let report = unsquashed(&[]).runner().adopt(adopt()).run(&mut client).unwrap();
    assert_eq!(
        report.applied().iter().map(|one| one.version().number()).collect::<Vec<_>>(),
        [1, 3],
        "{report}"
    );
}
