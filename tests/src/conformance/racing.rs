use std::sync::Barrier;
use std::thread;

use gapless::{Locking, MigrationSet, Report};

use super::{SET, rows, run};
use crate::driver::Driver;
use crate::set::{set, tables};

const RUNNERS: usize = 8;

/// Runs from many connections at once; how many migrations each applied.
fn race<D: Driver>(driver: &D, migrations: &MigrationSet, locking: Locking) -> Vec<Report> {
    let barrier = Barrier::new(RUNNERS);
    thread::scope(|scope| {
        let runners: Vec<_> = (0..RUNNERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = driver.connect();
                    barrier.wait();
                    D::run(&mut client, migrations.runner().locking(locking))
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
