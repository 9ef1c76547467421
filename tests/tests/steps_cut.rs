//! Files of mixed statements outside of a transaction, cut off at every message, within every message, and at any
//! moment of a statement: the boots after it finish the work, and no statement runs twice.

use std::thread;
use std::time::{Duration, Instant};

use gapless::engine::{Dialect, ResultSet, split};
use gapless::{Connection, Error, ExchangeError, MigrationSet, Resolution, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::proxy::{Cut, Proxy};
use gapless_tests::steps::{Chance, Kind, ON_POSTGRES, ON_SQLITE, POSTGRES, SQLITE, Steps};
use postgres::{Client, NoTls};

const STEPS: Version = Version::new(2).unwrap();

fn value(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

fn column(client: &mut Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

/// The statement that a boot calls interrupted.
fn interrupted(error: &Error) -> usize {
    assert!(error.is_interrupted(), "{error}");
    let text = error.to_string();
    let (_, rest) = text.split_once("in statement ").expect("it names the statement");
    rest.split(' ').next().unwrap().parse().unwrap()
}

/// Boots until it is up; where a boot wants to know what became of a statement, looks at the database and says it.
fn finish(database: &Database, steps: &Steps, set: &MigrationSet, context: &str) {
    let mut client = database.connect();
    match set.runner().run(&mut client) {
        Ok(_) => {}
        Err(error) => {
            let statement = interrupted(&error);
            assert!(steps.may_be_in_doubt(statement), "{context}: {error}\n{}", steps.sql());
            let took_effect = match steps.kinds[statement - 1] {
                Kind::Block => format!("SELECT count(*)::text FROM log WHERE k = {statement}"),
                _ => format!(
                    "SELECT count(*)::text FROM pg_indexes JOIN pg_class ON relname = indexname JOIN pg_index \
                     ON indexrelid = pg_class.oid WHERE indisvalid AND indexdef LIKE '%slow((a - {statement}))%'"
                ),
            };
            let resolution = match value(&mut client, &took_effect).as_str() {
                "0" => Resolution::Retry,
                _ => Resolution::RetryFrom(statement + 1),
            };
            set.runner().resolve(STEPS, resolution).run(&mut client).unwrap();
        }
    }
    assert_eq!(set.runner().run(&mut client).unwrap().round_trips(), 1, "{context}");
    let log = column(&mut client, "SELECT k || '|' || setting FROM log ORDER BY k");
    assert_eq!(log, steps.log("4MB"), "{context}\n{}", steps.sql());
    let indexes = "SELECT count(*)::text FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid";
    assert_eq!(value(&mut client, indexes), (1 + steps.indexes()).to_string(), "{context}\n{}", steps.sql());
    let invalid = "SELECT count(*)::text FROM pg_index WHERE NOT indisvalid";
    assert_eq!(value(&mut client, invalid), "0", "{context}: an invalid index\n{}", steps.sql());
    assert_eq!(value(&mut client, "SHOW work_mem"), "4MB", "{context}");
    let begun = Instant::now();
    let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while value(&mut client, locks) != "0" {
        assert!(begun.elapsed() < Duration::from_secs(20), "{context}: a lock was left");
    }
}

fn prepared() -> Database {
    let database = cluster().database();
    database.connect().batch_execute(POSTGRES).unwrap();
    database
}

fn cut_at_every_message(steps: &Steps) {
    let set = steps.set();
    let mut cuts = 0;
    for turn in 1.. {
        let mut came_to_it = false;
        for after in [false, true] {
            let database = prepared();
            let proxy = Proxy::cutting(database.port, Cut { turn, after });
            let through = Database { port: proxy.port(), ..database.clone() };
            // Connecting takes turns too.
            if let Ok(mut client) = Client::connect(&through.url(), NoTls) {
                let result = set.runner().run(&mut client);
                assert!(
                    result.as_ref().is_ok() || result.as_ref().is_err_and(Error::is_connection),
                    "{result:?}"
                );
            }
            came_to_it |= proxy.has_cut();
            cuts += usize::from(proxy.has_cut());
            finish(&database, steps, &set, &format!("turn {turn}, after: {after}"));
        }
        if !came_to_it {
            break;
        }
    }
    assert!(cuts > 6, "{cuts} cuts are not the whole way");
}

#[test]
fn each_kind_before_and_behind_an_index() {
    use Kind::{Block, Create, CreateUnnamed, Drop, Insert, Reindex, Repeatable, Setting, Vacuum};
    thread::scope(|scope| {
        scope.spawn(|| cut_at_every_message(&Steps::new(vec![Create, Insert, Create], false)));
        scope.spawn(|| cut_at_every_message(&Steps::new(vec![Insert, Create, Drop, Block], false)));
        scope.spawn(|| cut_at_every_message(&Steps::new(vec![Setting, CreateUnnamed, Insert], false)));
        scope.spawn(|| cut_at_every_message(&Steps::new(vec![Reindex, Repeatable, Vacuum, Insert], false)));
    });
}

#[test]
fn random_files_are_cut_at_every_message() {
    thread::scope(|scope| {
        for seed in 0..4 {
            scope.spawn(move || cut_at_every_message(&Steps::random(seed, 6, &ON_POSTGRES)));
        }
    });
}

/// The backend is killed at any moment of the run, mostly in a statement.
#[test]
fn random_files_are_killed_at_any_moment() {
    let rounds = |from: u64| {
        let mut chance = Chance(from);
        for seed in from..from + 12 {
            let steps = Steps::random(seed, 6, &ON_POSTGRES);
            let set = steps.set();
            let database = prepared();
            let mut victim = database.connect();
            let pid: i32 = victim.query_one("SELECT pg_backend_pid()", &[]).unwrap().get(0);
            let after = Duration::from_millis(chance.below(250) as u64);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut killer = database.connect();
                    thread::sleep(after);
                    killer.execute("SELECT pg_terminate_backend($1)", &[&pid]).unwrap();
                });
                let result = set.runner().run(&mut victim);
                assert!(
                    result.as_ref().is_ok() || result.as_ref().is_err_and(Error::is_connection),
                    "{result:?}"
                );
            });
            finish(&database, &steps, &set, &format!("seed {seed}, after {after:?}"));
        }
    };
    thread::scope(|scope| {
        for from in [100, 200, 300, 400] {
            scope.spawn(move || rounds(from));
        }
    });
}

/// SQLite whose process ends after so many statements.
struct Mortal {
    connection: Option<rusqlite::Connection>,
    left: usize,
}

impl Connection for Mortal {
    fn dialect(&self) -> &'static dyn Dialect {
        &gapless::engine::Sqlite
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let dead = || ExchangeError::Lost("the process has ended".into());
        let Some(connection) = &mut self.connection else { return Err(dead()) };
        let statements = split(message, gapless::Syntax::Sqlite).expect("a message can be split");
        if statements.len() <= self.left {
            self.left -= statements.len();
            return connection.exchange(message);
        }
        let end = statements.get(self.left).map_or(0, |statement| statement.span().start);
        let _ = connection.exchange(&message[..end]);
        self.connection = None;
        Err(dead())
    }
}

#[test]
fn random_files_are_cut_within_every_message_of_sqlite() {
    for seed in 0..4 {
        let steps = Steps::random(seed, 6, &ON_SQLITE);
        let set = steps.set();
        for left in 0.. {
            let directory = tempfile::tempdir().unwrap();
            let open = || {
                let connection = rusqlite::Connection::open(directory.path().join("test.db")).unwrap();
                // A process that ends takes nothing from the file system.
                connection.execute_batch("PRAGMA synchronous = OFF").unwrap();
                connection
            };
            open().execute_batch(SQLITE).unwrap();
            let mut mortal = Mortal { connection: Some(open()), left };
            let result = set.runner().run(&mut mortal);
            let done = result.is_ok();
            assert!(done || result.as_ref().is_err_and(Error::is_connection), "{result:?}");
            let mut client = open();
            let runner = set.runner().lock_wait(Duration::from_millis(20));
            runner
                .run(&mut client)
                .unwrap_or_else(|error| panic!("seed {seed}, after {left}: {error}\n{}", steps.sql()));
            assert_eq!(set.runner().run(&mut client).unwrap().round_trips(), 1);
            let log = client.exchange("SELECT k || '|' || setting FROM log ORDER BY k").unwrap();
            let log: Vec<_> = log[0].rows().map(|row| row[0].clone().unwrap()).collect();
            assert_eq!(log, steps.log("0"), "seed {seed}, after {left}\n{}", steps.sql());
            if done {
                break;
            }
        }
    }
}
