//! A migration whose session lives is not resolved: it is at work, and not interrupted.

use std::time::Duration;

use gapless::{Error, MigrationSet, Resolution, Runner, Syntax, Version, VersionState};
use gapless_tests::driver::{Driver, Mysql, Postgres};
use gapless_tests::set::{mysql_set, set};

const FILES: [(&str, &str); 1] =
    [("1_a.sql", "-- gapless: no-transaction\nCREATE TABLE a (id int);\nINSERT INTO a VALUES (2);\n")];

/// Journals that this session has begun the migration, finished its first statement, and is still there.
fn begin<D: Driver>(client: &mut D::Client, set: &MigrationSet, session: &str) {
    let broken = FILES.map(|(path, text)| (path, text.replace("(2)", "(nothing)")));
    let broken: Vec<_> = broken.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let broken = match set.syntax() {
        Syntax::Mysql => mysql_set(&broken),
        _ => self::set(&broken),
    };
    D::run(client, broken.runner()).unwrap_err();
    for sql in ["DELETE FROM applied_migrations_journal WHERE event IN ('failed', 'interrupted')", session] {
        D::sql(client, sql).unwrap();
    }
}

fn resolve(set: &MigrationSet) -> Runner<'_> {
    let runner = set.runner().locking(gapless::Locking::None).lock_wait(Duration::from_millis(100));
    runner.resolve(Version::from(1), Resolution::MarkApplied)
}

/// The status says so too, and how much is done.
fn assert_state<D: Driver>(
    client: &mut D::Client,
    set: &MigrationSet,
    expected: (VersionState, Option<&str>),
) {
    let status = D::status(client, set.runner()).unwrap();
    let [one] = status.versions() else { panic!("{status}") };
    let session = one.session().map(|session| session.to_string());
    assert_eq!((one.state(), session.as_deref()), expected);
    assert_eq!(one.statements_done(), 1);
}

fn assert_at_work(error: &Error, session: &str, end: &str) {
    assert!(error.is_stale(), "{error}");
    assert_eq!(
        error.to_string(),
        format!(
            "version 1 is not interrupted: session {session} is at work on it\nhelp: wait until that has ended, or \
             end it with `{end}`, and look again"
        )
    );
}

#[test]
fn a_backend_of_postgres_is_named() {
    let driver = Postgres::fresh();
    let (mut client, mut other) = (driver.connect(), driver.connect());
    let set = set(&FILES);
    let pid = Postgres::sql(&mut other, "SELECT pg_backend_pid()").unwrap().remove(0);
    let session = format!(
        "UPDATE applied_migrations_journal SET backend_pid = {pid}, detail = CASE WHEN event = 'started' THEN \
         (SELECT extract(epoch FROM backend_start)::text FROM pg_stat_activity WHERE pid = {pid}) ELSE detail END"
    );
    begin::<Postgres>(&mut client, &set, &session);
    assert_state::<Postgres>(&mut client, &set, (VersionState::Running, Some(&pid)));
    let error = Postgres::run(&mut client, resolve(&set)).unwrap_err();
    assert_at_work(&error, &pid, &format!("SELECT pg_terminate_backend({pid})"));
    drop(other);
    while !Postgres::sql(&mut client, &format!("SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"))
        .unwrap()
        .is_empty()
    {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_state::<Postgres>(&mut client, &set, (VersionState::Interrupted, None));
    assert_eq!(Postgres::run(&mut client, resolve(&set)).unwrap().applied().len(), 1);
}

#[test]
fn a_connection_of_mysql_is_named() {
    let driver = Mysql::fresh();
    let (mut client, mut other) = (driver.connect(), driver.connect());
    let set = mysql_set(&FILES);
    let own = "SELECT get_lock(concat('gapless session ', connection_id()), 0)";
    assert_eq!(Mysql::sql(&mut other, own).unwrap(), ["1"]);
    let id = Mysql::sql(&mut other, "SELECT connection_id()").unwrap().remove(0);
    let session = format!(
        "UPDATE applied_migrations_journal SET backend_pid = {id}, detail = CASE WHEN event = 'started' THEN \
         concat('{id}@', /*M!100600 concat(@@hostname, ':', @@port) */ /*!80000 @@server_uuid */) ELSE detail END"
    );
    begin::<Mysql>(&mut client, &set, &session);
    assert_state::<Mysql>(&mut client, &set, (VersionState::Running, Some(&id)));
    let error = Mysql::run(&mut client, resolve(&set)).unwrap_err();
    assert_at_work(&error, &id, &format!("KILL {id}"));
    Mysql::sql(&mut client, &format!("KILL {id}")).unwrap();
    while Mysql::sql(&mut client, &format!("SELECT is_used_lock('gapless session {id}') IS NULL")).unwrap()
        != ["1"]
    {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_state::<Mysql>(&mut client, &set, (VersionState::Interrupted, None));
    assert_eq!(Mysql::run(&mut client, resolve(&set)).unwrap().applied().len(), 1);
}
