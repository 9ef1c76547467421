use std::sync::Barrier;
use std::thread;

use gapless::{Legacy, Locking, MigrationSet, Report, Runner};

use super::{SET, rows, run};
use crate::driver::Driver;
use crate::set::{set, tables};

const RUNNERS: usize = 8;

/// Runs from many connections at once; how many migrations each applied.
fn race<D: Driver>(driver: &D, migrations: &MigrationSet, locking: Locking) -> Vec<Report> {
    race_with(driver, || migrations.runner().locking(locking))
}

fn race_with<'a, D: Driver>(driver: &D, runner: impl Fn() -> Runner<'a> + Sync) -> Vec<Report> {
    let barrier = Barrier::new(RUNNERS);
    thread::scope(|scope| {
        let runners: Vec<_> = (0..RUNNERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = driver.connect();
                    barrier.wait();
                    D::run(&mut client, runner())
                })
            })
            .collect();
        runners.into_iter().map(|runner| runner.join().unwrap().unwrap()).collect()
    })
}

fn counting() -> MigrationSet {
    set(&[
        ("1_counter.sql", "CREATE TABLE counter (n int); INSERT INTO counter VALUES (0);"),
        ("2_one.sql", "UPDATE counter SET n = n + 1;"),
        ("3_two.sql", "UPDATE counter SET n = n + 10;"),
        ("4_three.sql", "UPDATE counter SET n = n + 100;"),
    ])
}

fn assert_each_applied_once<D: Driver>(driver: &D, reports: &[Report]) {
    let applied: usize = reports.iter().map(|report| report.applied().len()).sum();
    assert_eq!(applied, 4, "{reports:#?}");
    let mut client = driver.connect();
    assert_eq!(rows::<D>(&mut client, "SELECT n FROM counter"), ["111"]);
    assert_eq!(rows::<D>(&mut client, SET).len(), 4);
}

pub(super) fn cold_starts_do_not_collide<D: Driver>() {
    for _ in 0..3 {
        let driver = D::fresh();
        let reports = race(&driver, &counting(), Locking::Session);
        assert_each_applied_once(&driver, &reports);
    }
}

pub(super) fn the_fence_alone_is_enough<D: Driver>() {
    for _ in 0..3 {
        let driver = D::fresh();
        let reports = race(&driver, &counting(), Locking::None);
        assert_each_applied_once(&driver, &reports);
    }
}

pub(super) fn runners_share_a_late_version<D: Driver>() {
    let driver = D::fresh();
    let all = tables(5);
    let mut early = all.migrations().to_vec();
    early.remove(2);
    run::<D>(&mut driver.connect(), &MigrationSet::new(early).unwrap()).unwrap();
    let reports = race(&driver, &all, Locking::Session);
    assert_eq!(reports.iter().map(|report| report.applied().len()).sum::<usize>(), 1);
}

/// Replicas of a release that renames, on a database that has only the old row, and on one that has both.
/// Then replicas that take over another tool's history.
pub(super) fn replicas_rename_and_adopt_once<D: Driver>() {
    let moved = set(&[
        ("1_a.sql", "CREATE TABLE a (id int)"),
        ("7_b.sql", "CREATE TABLE b (id int)"),
        ("renames.txt", "2_b -> 7_b"),
    ]);
    let changes = |reports: &[Report]| reports.iter().map(|report| report.changes().len()).sum::<usize>();
    for (locking, both) in
        [(Locking::Session, false), (Locking::Session, true), (Locking::None, false), (Locking::None, true)]
    {
        let driver = D::fresh();
        let mut client = driver.connect();
        run::<D>(
            &mut client,
            &set(&[("1_a.sql", "CREATE TABLE a (id int)"), ("2_b.sql", "CREATE TABLE b (id int)")]),
        )
        .unwrap();
        if both {
            rows::<D>(&mut client, "INSERT INTO applied_migrations (version, name) VALUES (7, 'b')");
        }
        let reports = race(&driver, &moved, locking);
        assert_eq!(rows::<D>(&mut client, SET), ["1|a", "7|b"]);
        assert_eq!(changes(&reports), 1, "{reports:#?}");
        assert!(reports.iter().all(|report| report.applied().is_empty()), "{reports:#?}");
    }
    let driver = D::fresh();
    let mut client = driver.connect();
    rows::<D>(&mut client, "CREATE TABLE schema_version (version integer NOT NULL PRIMARY KEY)");
    rows::<D>(&mut client, "INSERT INTO schema_version VALUES (1)");
    rows::<D>(&mut client, "CREATE TABLE counter (n int)");
    rows::<D>(&mut client, "INSERT INTO counter VALUES (0)");
    let migrations = counting();
    let runner = || migrations.runner().adopt(Legacy::tern("schema_version"));
    let reports = race_with(&driver, runner);
    assert_eq!(changes(&reports), 1, "{reports:#?}");
    assert_eq!(reports.iter().map(|report| report.applied().len()).sum::<usize>(), 3, "{reports:#?}");
    assert_eq!(rows::<D>(&mut client, "SELECT n FROM counter"), ["111"]);
}
