//! Lines that everything else works without, until two runners meet: each test fails when its line is gone.

use std::thread;
use std::time::{Duration, Instant};

use gapless::engine::{Dialect, ResultSet};
use gapless::{Connection, ExchangeError, Legacy, Locking, MigrationSet, Rollback, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::set::{set, tables};
use postgres::Client;

/// A connection before whose first message with this text something happens.
struct Between<F> {
    client: Client,
    text: &'static str,
    between: Option<F>,
}

impl<F: FnOnce()> Connection for Between<F> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        if message.contains(self.text)
            && let Some(between) = self.between.take()
        {
            between();
        }
        self.client.exchange(message)
    }
}

fn text(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

const SET: &str = "SELECT string_agg(version::text, ' ' ORDER BY version) FROM applied_migrations";

const COUNTER: &str = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); \
                       INSERT INTO schema_migrations VALUES (1, false); CREATE TABLE t1 (id int)";

/// The old tool applies its next one after its table was read, and before anything is taken over.
#[test]
fn another_tools_table_is_read_again_under_the_lock() {
    let database = cluster().database();
    database.connect().batch_execute(COUNTER).unwrap();
    let between = || {
        let next = "UPDATE schema_migrations SET version = 2; CREATE TABLE t2 (id int)";
        database.connect().batch_execute(next).unwrap();
    };
    let all = tables(3);
    let mut client =
        Between { client: database.connect(), text: "BEGIN;\nDO $gapless$", between: Some(between) };
    let runner = all.runner().adopt(Legacy::golang_migrate("schema_migrations"));
    let report = runner.run(&mut client).unwrap_or_else(|error| panic!("{error}"));
    assert!(client.between.is_none(), "it never came to that");
    assert_eq!((report.changes().len(), report.applied().len()), (2, 1), "{report}");
}

/// The old tool's own lock, as golang-migrate takes it: CRC-32 of the database, the schema and the table.
fn lock_of_golang_migrate(database: &Database) -> u32 {
    let crc = |text: &str| {
        !text.bytes().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1))
            })
        })
    };
    crc(&format!("public\0schema_migrations\0{}", database.name)).wrapping_mul(1_486_364_155)
}

#[test]
fn another_tools_lock_is_waited_for() {
    let database = cluster().database();
    let mut holder = database.connect();
    holder.batch_execute(COUNTER).unwrap();
    holder.batch_execute(&format!("SELECT pg_advisory_lock({})", lock_of_golang_migrate(&database))).unwrap();
    let all = tables(2);
    let runner = || all.runner().adopt(Legacy::golang_migrate("schema_migrations"));
    let error = runner().lock_wait(Duration::from_millis(300)).run(&mut database.connect()).unwrap_err();
    assert!(error.is_lock_wait(), "{error}");
    drop(holder);
    assert_eq!(runner().run(&mut database.connect()).unwrap().changes().len(), 1);
}

/// An error whose position is that of another text points at a migration that has long been applied.
struct Misplacing(Client);

impl Connection for Misplacing {
    fn dialect(&self) -> &'static dyn Dialect {
        self.0.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.0.exchange(message).map_err(|error| match error {
            ExchangeError::Database(mut said) if said.code == "22012" => {
                let at = message.find("CREATE TABLE t1").expect("the first of the message") + 1;
                said.position = Some(gapless::engine::Position::Character(at));
                ExchangeError::Database(said)
            }
            error => error,
        })
    }
}

#[test]
fn what_is_recorded_has_not_failed() {
    let mut client = Misplacing(cluster().database().connect());
    let all = set(&[
        ("1_t1.sql", "CREATE TABLE t1 (id int);"),
        ("2_t2.sql", "CREATE TABLE t2 (id int);"),
        ("3_c.sql", "SELECT 1/0;"),
    ]);
    let error = all.runner().run(&mut client).unwrap_err();
    assert_eq!(error.failure().unwrap().path(), "migrations/3_c.sql", "{error}");
    assert_eq!(error.applied().len(), 2, "{error}");
}

fn with_downs() -> MigrationSet {
    set(&[
        ("1_log.up.sql", "CREATE TABLE IF NOT EXISTS log (at text);"),
        ("1_log.down.sql", "INSERT INTO log VALUES ('back');"),
        ("2_x.up.sql", "SELECT 1;"),
        ("2_x.down.sql", "INSERT INTO log VALUES ('back');"),
    ])
}

/// Two of them have looked before either has taken anything back.
#[test]
fn a_migration_is_rolled_back_once() {
    for locking in [Locking::None, Locking::Transaction] {
        let database = cluster().database();
        let all = with_downs();
        all.runner().run(&mut database.connect()).unwrap();
        let back = |client: &mut Client| {
            let to = Rollback::to(Version::from(1));
            all.runner().locking(locking).rollback(to, client).unwrap().rolled_back().len()
        };
        let between = || assert_eq!(back(&mut database.connect()), 1);
        let mut client = Between { client: database.connect(), text: "WITH gone AS", between: Some(between) };
        let to = Rollback::to(Version::from(1));
        let report = all.runner().locking(locking).rollback(to, &mut client).unwrap();
        assert!(client.between.is_none(), "it never came to that");
        assert_eq!(report.rolled_back().len(), 0, "{report}");
        assert_eq!(text(&mut database.connect(), "SELECT count(*)::text FROM log"), "1");
        assert_eq!(text(&mut database.connect(), SET), "1");
    }
}

/// Where the key alone would let both of them run, one waits.
#[test]
fn a_lock_of_transactions_keeps_different_migrations_apart() {
    let database = cluster().database();
    let slowly = "SELECT pg_sleep(0.5);";
    let (one, other) = (set(&[("1_a.sql", slowly)]), set(&[("2_b.sql", slowly)]));
    tables(1).runner().run(&mut database.connect()).unwrap();
    database.connect().batch_execute("TRUNCATE applied_migrations, applied_migrations_journal").unwrap();
    let begun = Instant::now();
    let waits = thread::scope(|scope| {
        let run = |set: &MigrationSet| {
            let runner = set.runner().unknown(gapless::Unknown::Allow).locking(Locking::Transaction);
            runner.run(&mut database.connect()).unwrap().waits()
        };
        let first = scope.spawn(move || run(&one));
        thread::sleep(Duration::from_millis(150));
        run(&other) + first.join().unwrap()
    });
    assert!(waits > 0, "nobody has waited");
    assert!(begun.elapsed() >= Duration::from_millis(950), "{:?}", begun.elapsed());
}
