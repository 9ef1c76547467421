//! The texts of reports, plans and events.

use std::thread;
use std::time::Duration;

use gapless::{Legacy, MigrationSet};
use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, tables};
use rusqlite::Connection;

fn said(set: &MigrationSet, client: &mut Connection) -> (String, Vec<String>) {
    let mut events = Vec::new();
    let report = set.runner().on_event(|event| events.push(event.to_string())).run(client).unwrap();
    (report.to_string().split(" (").next().unwrap().to_owned(), events)
}

#[test]
fn a_report_counts_as_people_do() {
    let mut client = Connection::open_in_memory().unwrap();
    assert_eq!(said(&set(&[]), &mut client).0, "nothing to do");
    assert_eq!(set(&[]).runner().plan(&mut client).unwrap().to_string(), "nothing to do");
    assert_eq!(said(&tables(1), &mut client).0, "1 applied, 0 were already");
    assert_eq!(said(&tables(1), &mut client).0, "nothing to do: 1 migration is applied");
    assert_eq!(said(&tables(2), &mut client).0, "1 applied, 1 was already");
    assert_eq!(said(&tables(2), &mut client).0, "nothing to do: all 2 migrations are applied");
    let target = tables(2).migrations()[1].version();
    let held = tables(3).runner().target(target).run(&mut client).unwrap().to_string();
    assert!(held.starts_with("nothing to do: 2 migrations are applied, 1 beyond the target ("), "{held}");
}

#[test]
fn changes_of_the_tracker_are_counted_as_such() {
    let mut client = Connection::open_in_memory().unwrap();
    let old = "CREATE TABLE schema_migrations (version uint64, dirty bool); INSERT INTO schema_migrations VALUES (2, 0);";
    client.execute_batch(old).unwrap();
    let adopted =
        tables(2).runner().adopt(Legacy::golang_migrate("schema_migrations")).run(&mut client).unwrap();
    let text = adopted.to_string();
    assert!(
        text.starts_with("2 changes to the tracker, nothing to do: all 2 migrations are applied ("),
        "{text}"
    );
}

#[test]
fn a_baseline_is_named_once_as_planned_and_once_as_applied() {
    let all = set(&[
        ("7_a.sql", "CREATE TABLE a (id int);"),
        ("8_all.baseline.sql", "CREATE TABLE a (id int);"),
        ("8_b.sql", "SELECT 1;"),
    ]);
    let (_, events) = said(&all, &mut Connection::open_in_memory().unwrap());
    let applying: Vec<_> = events.iter().filter(|event| event.starts_with("applying")).collect();
    assert_eq!(applying, ["applying 8 all (baseline: stands for 2 migrations)"], "{events:#?}");
    let (mut events, mut client) = (Vec::new(), cluster().database().connect());
    all.runner().on_event(|event| events.push(event.to_string())).run(&mut client).unwrap();
    assert_eq!(events.iter().filter(|event| event.starts_with("applying")).count(), 1, "{events:#?}");
}

#[test]
fn waiting_is_reported_soon_and_then_rarely() {
    let database = cluster().database();
    let mut holder = database.connect();
    tables(1).runner().run(&mut holder).unwrap();
    // The key that every runner of this table derives.
    holder.batch_execute("SELECT pg_advisory_lock(6004593293802252145)").unwrap();
    let mut told = Vec::new();
    let waiting = tables(2);
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(Duration::from_millis(3_500));
            drop(holder);
        });
        waiting.runner().on_event(|event| told.push(event.to_string())).run(&mut database.connect()).unwrap();
    });
    told.retain(|event| event.starts_with("waiting"));
    assert!((2..=4).contains(&told.len()), "{told:#?}");
    for event in &told {
        assert!(event.starts_with("waiting for another runner, ") && event.contains(" so far"), "{told:#?}");
    }
    // It does nothing: what it did last is no hint.
    assert!(told[1].contains(", idle for 00:00:0") && !told[1].contains("SELECT"), "{told:#?}");
}
