use std::error::Error;

use gapless::{MigrationSet, Untried, Version};

use super::{SET, assert_clean, outcomes, rows, run, versions};
use crate::driver::Driver;
use crate::set::set;

fn with_code() -> MigrationSet {
    set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_fill.sql", "-- gapless: rust\n-- Reckons what SQL cannot.\n"),
        ("3_b.sql", "CREATE TABLE b (id int);"),
    ])
}

pub(super) fn code_runs_in_the_migrations_transaction<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = with_code();
    let Some(code) = D::code("INSERT INTO a VALUES (7)", None) else {
        let error = run::<D>(&mut client, &set).unwrap_err();
        assert!(error.is_usage(), "{error}");
        return;
    };
    if D::DDL_COMMITS {
        D::run(&mut client, set.runner().target(Version::from(1))).unwrap();
    }
    let dry = D::dry_run(&mut client, set.runner()).unwrap();
    assert_eq!((dry.tried().len(), dry.not_tried().len()), (usize::from(!D::DDL_COMMITS), 2));
    assert_eq!(dry.not_tried()[0].reason(), Untried::Rust);
    let report = D::run(&mut client, set.runner().code(Version::from(2), code)).unwrap();
    assert_eq!(versions(report.applied()), if D::DDL_COMMITS { vec![2, 3] } else { vec![1, 2, 3] });
    assert_eq!(rows::<D>(&mut client, "SELECT id FROM a"), ["7"]);
    assert_eq!(rows::<D>(&mut client, SET), ["1|a", "2|fill", "3|b"]);
    let journal = outcomes::<D>(&mut client, "version, event");
    assert_eq!(journal, ["1|applied", "2|applied", "3|applied"]);
    assert_clean::<D>(&mut client);
    // Applied, it needs its code no more.
    assert_eq!(run::<D>(&mut client, &set).unwrap().round_trips(), 1);
}

pub(super) fn code_that_fails_leaves_nothing<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = with_code();
    let Some(code) = D::code("INSERT INTO a VALUES (7)", Some("the moon is full")) else { return };
    let error = D::run(&mut client, set.runner().code(Version::from(2), code)).unwrap_err();
    let told = "migration 2 `fill` failed: the moon is full\n --> migrations/2_fill.sql";
    assert!(error.to_string().starts_with(told), "{error}");
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("the moon is full"));
    assert_eq!(rows::<D>(&mut client, SET), ["1|a"]);
    assert_eq!(rows::<D>(&mut client, "SELECT count(*) FROM a"), ["0"]);
    assert_clean::<D>(&mut client);
    // A refusal of the database is reported with its message and code.
    let code = D::code("INSERT INTO never_was VALUES (7)", None).expect("there was one before");
    let error = D::run(&mut client, set.runner().code(Version::from(2), code)).unwrap_err();
    assert!(error.to_string().contains("never_was"), "{error}");
    assert!(error.database_error().is_some_and(|said| !said.code.is_empty()), "{error}");
    assert!(error.source().is_some_and(|source| source.is::<D::Refusal>()), "{error:?}");
    // Code that ends the transaction would leave the record without the rest.
    let code = D::code("COMMIT", None).expect("there was one before");
    assert!(D::run(&mut client, set.runner().code(Version::from(2), code)).is_err());
    assert_clean::<D>(&mut client);
}

pub(super) fn code_that_is_missing_is_an_error<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let set = with_code();
    let error = run::<D>(&mut client, &set).unwrap_err();
    assert!(error.is_usage() && error.to_string().starts_with("version 2 is a migration in Rust"), "{error}");
    assert!(D::sql(&mut client, SET).is_err(), "something was applied before");
    let Some(code) = D::code("SELECT 1", None) else { return };
    let error = D::run(&mut client, set.runner().code(Version::from(1), code)).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("whose file is SQL"), "{error}");
}
