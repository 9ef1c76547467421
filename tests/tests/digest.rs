//! One number for many rows: a boot with nothing to do receives no rows, and every difference is noticed all the same.

use gapless::{Conflict, Error, MigrationSet, Report, Rollback, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::proxy::Proxy;
use gapless_tests::set::{set, tables};

const MANY: usize = 200;

/// A database with all of the set applied, changed by this.
fn changed(all: &MigrationSet, sql: &str) -> Database {
    let database = cluster().database();
    let mut client = database.connect();
    all.runner().run(&mut client).unwrap();
    client.batch_execute(sql).unwrap();
    database
}

/// Many that can be applied again, and these files.
fn with(files: &[(&str, &str)]) -> MigrationSet {
    let many: Vec<_> = (1..=MANY).map(|number| format!("{number}_one.sql")).collect();
    let many = many.iter().map(|file| (file.as_str(), "SELECT 1"));
    set(&many.chain(files.iter().copied()).collect::<Vec<_>>())
}

fn run(all: &MigrationSet, sql: &str) -> Result<Report, Error> {
    all.runner().run(&mut changed(all, sql).connect())
}

#[test]
fn only_a_difference_brings_the_rows() {
    let all = tables(MANY);
    let database = changed(&all, "");
    let received = |expected: &MigrationSet| {
        let proxy = Proxy::before(database.port);
        let mut client = Database { port: proxy.port(), ..database.clone() }.connect();
        let connected = proxy.bytes_to_client();
        let report = expected.runner().run(&mut client).unwrap();
        assert_eq!((report.round_trips(), report.already_applied()), (1, expected.migrations().len()));
        (proxy.bytes_to_client() - connected, report.warnings().len())
    };
    let (digest, rows) = (received(&all), received(&tables(MANY - 1)));
    assert!(digest.0 < 500 && digest.1 == 0, "{digest:?}");
    assert!(rows.0 > MANY as u64 * 64 && rows.1 == 1, "{rows:?}");
}

#[test]
fn rows_that_are_known_do_not_come_again() {
    let (all, more) = (tables(MANY), tables(MANY + 1));
    for sql in ["", "UPDATE applied_migrations SET checksum = NULL WHERE version < 9"] {
        let database = changed(&all, sql);
        let proxy = Proxy::before(database.port);
        let mut client = Database { port: proxy.port(), ..database.clone() }.connect();
        let connected = proxy.bytes_to_client();
        let report = more.runner().run(&mut client).unwrap();
        assert_eq!((report.applied().len(), report.round_trips()), (1, 3));
        let (once, received) = (MANY as u64 * 115, proxy.bytes_to_client() - connected);
        assert!(received > once / 2 && received < once * 3 / 2, "{received} bytes");
    }
}

#[test]
fn every_difference_is_noticed() {
    let all = tables(MANY);
    let conflicts = |sql: &str| run(&all, sql).unwrap_err().conflicts().to_vec();
    let edited = conflicts("UPDATE applied_migrations SET checksum = repeat('0', 64) WHERE version = 7");
    assert!(matches!(edited[..], [Conflict::Drift { .. }]), "{edited:?}");
    let swapped = conflicts(
        "UPDATE applied_migrations a SET checksum = b.checksum FROM applied_migrations b \
         WHERE a.version IN (3, 4) AND b.version = 7 - a.version",
    );
    assert!(matches!(swapped[..], [Conflict::Drift { .. }, Conflict::Drift { .. }]), "{swapped:?}");
    let renamed = conflicts("UPDATE applied_migrations SET name = 'other' WHERE version = 7");
    assert!(matches!(renamed[..], [Conflict::Renamed { .. }]), "{renamed:?}");
    // Before all others, so it cannot be a newer release's.
    let lost = "INSERT INTO applied_migrations VALUES (0, 'lost', '2001-01-01', NULL)";
    assert!(matches!(conflicts(lost)[..], [Conflict::Orphan { .. }]));

    let missing = run(&all, "DELETE FROM applied_migrations WHERE version = 7; DROP TABLE t7").unwrap();
    assert_eq!(missing.applied().iter().map(|one| one.version().number()).collect::<Vec<_>>(), [7]);
    let emptied = run(&with(&[]), "TRUNCATE applied_migrations").unwrap();
    assert_eq!(emptied.applied().len(), MANY);
    for unknown in ["'a'", "NULL"] {
        let sql =
            format!("INSERT INTO applied_migrations VALUES (9000, 'newer', now(), repeat({unknown}, 64))");
        assert_eq!(run(&all, &sql).unwrap().warnings().len(), 1, "{unknown}");
    }
}

#[test]
fn rows_without_a_checksum_still_boot_in_one_round_trip() {
    let all = tables(MANY);
    let report = run(&all, "UPDATE applied_migrations SET checksum = NULL WHERE version > 100").unwrap();
    assert_eq!((report.already_applied(), report.round_trips()), (MANY, 1));

    let retired = with(&[("0_gone.tombstone.sql", "-- retired")]);
    assert_eq!(retired.digest(), None);
    let report = run(&retired, "INSERT INTO applied_migrations VALUES (0, 'gone', now(), NULL)").unwrap();
    assert_eq!((report.already_applied(), report.round_trips()), (MANY + 1, 1));
}

#[test]
fn a_rollback_knows_the_rows() {
    let back = [("201_a.up.sql", "SELECT 1"), ("201_a.down.sql", "SELECT 1")];
    let all = with(&[back[0], back[1], ("202_b.up.sql", "SELECT 1"), ("202_b.down.sql", "SELECT 1")]);
    let mut client = changed(&all, "").connect();
    let target = Version::new(200).unwrap();
    let report = all.runner().rollback(Rollback::to(target), &mut client).unwrap();
    assert_eq!(report.rolled_back().len(), 2);
}
