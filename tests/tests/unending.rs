//! Contradictions end a run with an error, within a bound of messages.

use std::time::{Duration, Instant};

use gapless::engine::{Dialect, ResultSet};
use gapless::{Conflict, Connection, ExchangeError, Locking, MigrationSet, Version};
use gapless_tests::cluster::cluster;
use gapless_tests::set::{set, tables};
use postgres::Client;

/// A connection that gives up where a run does not.
struct Counted<C> {
    client: C,
    messages: usize,
}

fn counted<C>(client: C) -> Counted<C> {
    Counted { client, messages: 0 }
}

impl<C: Connection> Connection for Counted<C> {
    fn dialect(&self) -> &'static dyn Dialect {
        self.client.dialect()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.messages += 1;
        assert!(self.messages < 200, "the run does not end: {message}");
        self.client.exchange(message)
    }
}

fn rows(client: &mut Client) -> String {
    let rows = "SELECT string_agg(version || '_' || name, ' ' ORDER BY version) FROM applied_migrations";
    client.query_one(rows, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

const USERS: (&str, &str) = ("1_users.sql", "CREATE TABLE users (id int);");
const ORDERS: &str = "CREATE TABLE orders (id int);";

/// A release, the next one that renumbers, and a branch of the first with the number that it took.
fn releases(phone: &str) -> [MigrationSet; 3] {
    [
        set(&[USERS, ("2_orders.sql", ORDERS)]),
        set(&[USERS, ("3_orders.sql", ORDERS), ("renames.txt", "2_orders -> 3_orders")]),
        set(&[USERS, ("2_orders.sql", ORDERS), ("3_phone.sql", phone)]),
    ]
}

fn assert_taken(error: &gapless::Error) {
    assert!(matches!(error.conflicts(), [Conflict::Taken { .. }]), "{error}");
    let told = "version 3 (`phone`) cannot be applied: a newer release has recorded version 2 (`orders`) as version 3 \
                (`orders`): migrations/3_phone.sql\nhelp: ";
    assert!(error.to_string().starts_with(told), "{error}");
}

#[test]
fn a_number_that_a_newer_release_has_taken_for_another_is_a_conflict() {
    let steps = "-- gapless: no-transaction\nCREATE TABLE phone (id int);";
    for phone in ["CREATE TABLE phone (id int);", steps, "-- gapless: rust\n"] {
        for locking in [Locking::Session, Locking::None] {
            let [first, newer, branch] = releases(phone);
            let mut client = counted(cluster().database().connect());
            let mut lite = counted(rusqlite::Connection::open_in_memory().unwrap());
            for release in [&first, &newer] {
                release.runner().run(&mut client).unwrap();
                release.runner().run(&mut lite).unwrap();
            }
            assert_taken(&branch.runner().plan(&mut client).unwrap_err());
            assert_taken(&branch.runner().locking(locking).run(&mut client).unwrap_err());
            assert_taken(&branch.runner().dry_run(&mut client).unwrap_err());
            assert_taken(&branch.runner().verify(&mut client).unwrap_err());
            assert_taken(&branch.runner().run(&mut lite).unwrap_err());
            assert_eq!(rows(&mut client.client), "1_users 3_orders");
        }
    }
}

#[test]
fn a_number_that_is_taken_is_not_reconciled() {
    let [first, newer, branch] = releases("CREATE TABLE phone (id int);");
    let mut client = counted(cluster().database().connect());
    for release in [&first, &newer] {
        release.runner().run(&mut client).unwrap();
    }
    client.client.batch_execute("CREATE TABLE phone (id int)").unwrap();
    assert_taken(&branch.runner().reconcile([Version::from(3)], ["phone"]).run(&mut client).unwrap_err());
}

/// The key of the tracker refuses what nobody else has recorded.
#[test]
fn a_key_of_the_users_own_on_the_tracker_ends_a_run() {
    let text = "-- gapless: no-transaction\nSELECT 1;";
    for text in ["SELECT 1;", text, "-- gapless: rust\n"] {
        for locking in [Locking::Session, Locking::None] {
            let mut client = counted(cluster().database().connect());
            tables(1).runner().run(&mut client).unwrap();
            client.client.batch_execute("ALTER TABLE applied_migrations ADD UNIQUE (name)").unwrap();
            let twice = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("2_t1.sql", text)]);
            let code = gapless::Code::postgres(|_| Ok(()));
            let runner = twice.runner().locking(locking).retries(1);
            let runner = if text.contains("rust") { runner.code(Version::from(2), code) } else { runner };
            // Code needs the client itself.
            let error = match text.contains("rust") {
                true => runner.run(&mut client.client).unwrap_err(),
                false => runner.run(&mut client).unwrap_err(),
            };
            assert_eq!(error.database_error().unwrap().code, "23505", "{error}");
            assert_eq!(rows(&mut client.client), "1_t1");
        }
    }
}

/// A script that writes to the tracker meets the key too, and a stranger's row beside it is no excuse.
#[test]
fn a_script_that_meets_the_key_of_the_tracker_beside_an_unknown_row_fails() {
    for locking in [Locking::Session, Locking::None] {
        let mut client = counted(cluster().database().connect());
        tables(1).runner().run(&mut client).unwrap();
        client
            .client
            .batch_execute("INSERT INTO applied_migrations (version, name) VALUES (9, 'new')")
            .unwrap();
        let writes = "INSERT INTO applied_migrations (version, name) VALUES (2, 'x');";
        let all = set(&[("1_t1.sql", "CREATE TABLE t1 (id int);"), ("2_x.sql", writes)]);
        let error = all.runner().locking(locking).retries(1).run(&mut client).unwrap_err();
        assert_eq!(error.database_error().unwrap().code, "23505", "{error}");
    }
}

/// The catalog has no such table, and the name is taken all the same.
#[test]
fn a_type_with_the_name_of_the_tracker_ends_a_run() {
    for taken in [
        "CREATE TYPE applied_migrations AS ENUM ('a')",
        "CREATE TYPE applied_migrations_journal AS ENUM ('a')",
        "CREATE TABLE x (id int); CREATE INDEX applied_migrations_pkey ON x (id)",
    ] {
        for locking in [Locking::Session, Locking::None] {
            let mut client = counted(cluster().database().connect());
            client.client.batch_execute(taken).unwrap();
            let begun = Instant::now();
            let result = tables(2).runner().locking(locking).run(&mut client);
            if !taken.contains("INDEX") {
                let error = result.unwrap_err();
                let told = "creating public.applied_migrations and its journal";
                assert!(error.to_string().contains(told), "{error}");
            }
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
    }
}
