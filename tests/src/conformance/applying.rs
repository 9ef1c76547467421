use gapless::{Event, Version};

use super::{SET, assert_clean, outcomes, rows, run, shown, versions};
use crate::driver::Driver;
use crate::set::{set, tables};

pub(super) fn an_empty_database_is_brought_up_to_date<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let report = run::<D>(&mut client, &tables(3)).unwrap();
    assert_eq!((versions(report.applied()), report.already_applied()), (vec![1, 2, 3], 0));
    assert!(report.applied().iter().all(|applied| applied.duration().is_some()));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1", "2|t2", "3|t3"]);
    let checksum = tables(3).migrations()[0].checksum().to_string();
    assert_eq!(
        rows::<D>(&mut client, "SELECT checksum FROM applied_migrations WHERE version = 1"),
        [checksum]
    );
    let journal = outcomes::<D>(&mut client, "version, name, event, attempt");
    assert_eq!(journal, ["1|t1|applied|1", "2|t2|applied|1", "3|t3|applied|1"]);
    assert_clean::<D>(&mut client);
}

pub(super) fn a_second_run_has_nothing_to_do<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    run::<D>(&mut client, &tables(3)).unwrap();
    let report = run::<D>(&mut client, &tables(3)).unwrap();
    assert_eq!((report.applied().len(), report.already_applied(), report.round_trips()), (0, 3, 1));
    assert!(report.to_string().starts_with("nothing to do: all 3 migrations are applied (1 round trip, "));
    assert_eq!(outcomes::<D>(&mut client, "event"), ["applied"; 3]);
}

pub(super) fn an_empty_set_touches_nothing<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let report = run::<D>(&mut client, &tables(0)).unwrap();
    assert_eq!(report.round_trips(), 1);
    assert!(D::sql(&mut client, SET).is_err(), "a tracker was created");
}

pub(super) fn a_late_version_is_applied_and_reported<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let early = set(&[
        ("1_a.sql", "CREATE TABLE a (id int)"),
        ("2_b.sql", "CREATE TABLE b (id int)"),
        ("4_d.sql", "CREATE TABLE d (id int)"),
    ]);
    run::<D>(&mut client, &early).unwrap();
    let merged = set(&[
        ("1_a.sql", "CREATE TABLE a (id int)"),
        ("2_b.sql", "CREATE TABLE b (id int)"),
        ("3_c.sql", "CREATE TABLE c (id int)"),
        ("4_d.sql", "CREATE TABLE d (id int)"),
        ("5_e.sql", "CREATE TABLE e (id int)"),
    ]);
    let report = run::<D>(&mut client, &merged).unwrap();
    assert_eq!(versions(report.applied()), [3, 5]);
    let late: Vec<_> = report.applied().iter().map(|applied| applied.out_of_order()).collect();
    assert_eq!(late, [true, false]);
    assert!(report.to_string().contains("3 c (late: a higher version was applied before it)"), "{report}");
}

pub(super) fn a_target_holds_back_what_is_beyond<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(3);
    let report = D::run(&mut client, all.runner().target(Version::from(2))).unwrap();
    assert_eq!((versions(report.applied()), report.held_back()), (vec![1, 2], 1));
    let report = D::run(&mut client, all.runner().target(Version::from(2))).unwrap();
    assert_eq!((report.round_trips(), report.held_back()), (1, 1));
    assert_eq!(versions(run::<D>(&mut client, &all).unwrap().applied()), [3]);
}

pub(super) fn names_of_the_tracker_are_quoted<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(2);
    let runner = || all.runner().table("Order \"by\"; DROP TABLE t1; --'\\");
    assert_eq!(D::run(&mut client, runner()).unwrap().applied().len(), 2);
    assert_eq!(D::run(&mut client, runner()).unwrap().round_trips(), 1);
    let journal = D::quoted("Order \"by\"; DROP TABLE t1; --'\\_journal");
    let sql = format!("SELECT count(*) FROM {journal} WHERE event = 'applied'");
    assert_eq!(rows::<D>(&mut client, &sql), ["2"]);
}

/// As an older design's database has it: the set alone, with an `int` column.
pub(super) fn a_set_without_a_journal_is_accepted<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let table = "CREATE TABLE applied_migrations (version int PRIMARY KEY, name text NOT NULL, \
                 applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum text)";
    rows::<D>(&mut client, table);
    rows::<D>(&mut client, "INSERT INTO applied_migrations (version, name) VALUES (1, 't1')");
    rows::<D>(&mut client, "CREATE TABLE t1 (id int)");
    let report = run::<D>(&mut client, &tables(2)).unwrap();
    assert_eq!((versions(report.applied()), report.already_applied()), (vec![2], 1));
    assert_eq!(rows::<D>(&mut client, SET), ["1|t1", "2|t2"]);
    assert_eq!(outcomes::<D>(&mut client, "version, event"), ["2|applied"]);
}

pub(super) fn scripts_may_end_as_they_like<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let odd = set(&[
        ("1_comment.sql", "CREATE TABLE a (id int) -- no semicolon"),
        ("2_block.sql", "CREATE TABLE b (id int); /* ; */"),
        ("3_nothing.sql", "-- nothing to do any more"),
        ("4_empty.sql", ";;; -- why"),
        ("5_rows.sql", "SELECT 'gapless:applied', 1, 2; SELECT 3; INSERT INTO a VALUES (1)"),
        ("6_crlf.sql", "\u{feff}INSERT INTO a VALUES (2);\r\nINSERT INTO a VALUES (3);\r\n"),
        ("7_words.sql", "CREATE TABLE c (t text);\nINSERT INTO c VALUES ('it''s; -- ü \\ ');"),
    ]);
    let report = run::<D>(&mut client, &odd).unwrap();
    assert_eq!(report.applied().len(), 7);
    assert_eq!(rows::<D>(&mut client, "SELECT count(*) FROM a"), ["3"]);
    assert_eq!(rows::<D>(&mut client, "SELECT t FROM c"), [D::READ_WORDS]);
}

pub(super) fn planning_and_verifying_leave_no_trace<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let all = tables(2);
    let plan = D::plan(&mut client, all.runner()).unwrap();
    assert_eq!(shown(&plan), "2 pending, 0 applied\n  1 t1\n  2 t2");
    let error = D::verify(&mut client, all.runner()).unwrap_err();
    assert!(error.is_pending());
    assert!(
        error
            .to_string()
            .starts_with("2 migrations are not applied:\n  migrations/1_t1.sql\n  migrations/2_t2.sql\n")
    );
    assert!(D::sql(&mut client, SET).is_err(), "a tracker was created");
    run::<D>(&mut client, &all).unwrap();
    assert!(D::plan(&mut client, all.runner()).unwrap().is_empty());
    assert_eq!(D::verify(&mut client, all.runner()).unwrap().round_trips(), 1);
}

pub(super) fn events_tell_what_happens<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let mut told = Vec::new();
    let all = tables(2);
    let listener = |event: &Event<'_>| {
        told.push(match event {
            Event::Planned(plan) => format!("planned {}", plan.pending().len()),
            Event::Started { .. } => "started".to_owned(),
            Event::Applying(pending) => format!("applying {}", pending.len()),
            Event::Applied(applied) => format!("applied {}", applied.version()),
            other => other.to_string(),
        });
    };
    D::run(&mut client, all.runner().on_event(listener)).unwrap();
    assert_eq!(told, ["planned 2", "started", "applying 2", "applied 1", "applied 2"]);
}

pub(super) fn hundreds_are_applied_in_few_messages<D: Driver>() {
    let driver = D::fresh();
    let mut client = driver.connect();
    let report = run::<D>(&mut client, &tables(100)).unwrap();
    assert_eq!(report.applied().len(), 100);
    let all = if D::DDL_COMMITS { 4 } else { 6 };
    assert!(report.round_trips() <= all, "{} round trips", report.round_trips());
    let report = run::<D>(&mut client, &tables(101)).unwrap();
    assert_eq!(versions(report.applied()), [101]);
    assert!(report.round_trips() <= 3, "{} round trips", report.round_trips());
}
