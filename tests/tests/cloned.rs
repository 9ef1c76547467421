//! Clones of a runner: each ends in a run of its own, and they share the listener and the code.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use gapless::{Code, MigrationSet, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::set::set;

const CODE: Version = Version::new(2).unwrap();

fn with_code() -> MigrationSet {
    set(&[("1_a.sql", "CREATE TABLE a (id int);"), ("2_fill.sql", "-- gapless: rust\n-- Fills it.\n")])
}

#[test]
fn one_runner_plans_and_then_runs_and_then_has_nothing_to_do() {
    let mut client = cluster().database().connect();
    let (all, mut told) = (with_code(), Vec::new());
    let mut runs = 0;
    let fill = Code::postgres(move |transaction| {
        runs += 1;
        transaction.execute("INSERT INTO a VALUES ($1)", &[&runs])?;
        Ok(())
    });
    let runner = all.runner().code(CODE, fill).on_event(|event| told.push(event.to_string()));
    assert_eq!(runner.clone().plan(&mut client).unwrap().pending().len(), 2);
    assert_eq!(runner.clone().run(&mut client).unwrap().applied().len(), 2);
    assert!(runner.clone().run(&mut client).unwrap().applied().is_empty());
    client.batch_execute("DROP TABLE a, applied_migrations, applied_migrations_journal").unwrap();
    assert_eq!(runner.run(&mut client).unwrap().applied().len(), 2);
    // The code is one closure, which counts on.
    let row: i32 = client.query_one("SELECT id FROM a", &[]).unwrap().get(0);
    assert_eq!(row, 2);
    let applied = told.iter().filter(|event| event.starts_with("applied ")).count();
    assert_eq!((applied, told.len()), (4, 13), "{told:#?}");
}

#[test]
fn each_listener_hears_each_event_in_the_order_they_were_given() {
    let mut client = cluster().database().connect();
    let (all, told) = (set(&[("1_a.sql", "CREATE TABLE a (id int);")]), Mutex::new(Vec::new()));
    let tell = |name: &'static str| {
        let told = &told;
        move |event: &gapless::Event<'_>| told.lock().unwrap().push(format!("{name}: {event}"))
    };
    all.runner().on_event(tell("first")).on_event(tell("second")).run(&mut client).unwrap();
    let told = told.into_inner().unwrap();
    assert!(told.len() >= 6, "{told:#?}");
    for pair in told.chunks(2) {
        assert_eq!(pair[0].strip_prefix("first: "), pair[1].strip_prefix("second: "), "{told:#?}");
        assert!(pair[0].starts_with("first: "), "{told:#?}");
    }
}

#[test]
fn clones_run_at_the_same_time_on_databases_of_their_own() {
    let (all, told) = (with_code(), Mutex::new(Vec::new()));
    let inside = Arc::new(Mutex::new(0));
    let fill = Code::postgres({
        let inside = Arc::clone(&inside);
        move |transaction| {
            let _alone = inside.try_lock().map_err(|_| "two runs are in the code at once")?;
            transaction.batch_execute("SELECT pg_sleep(0.05); INSERT INTO a VALUES (1)")?;
            Ok(())
        }
    });
    let runner = all.runner().code(CODE, fill).on_event(|event| told.lock().unwrap().push(event.to_string()));
    let ready = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            let (runner, ready) = (runner.clone(), &ready);
            scope.spawn(move || {
                let mut client = cluster().database().connect();
                ready.wait();
                assert_eq!(runner.run(&mut client).unwrap().applied().len(), 2);
            });
        }
    });
    let told = told.lock().unwrap();
    assert_eq!(told.iter().filter(|event| event.starts_with("applied ")).count(), 8, "{told:#?}");
}
