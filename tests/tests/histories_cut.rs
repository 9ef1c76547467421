//! Repairs whose connection breaks at every message: the next run finishes the work.

use std::time::{Duration, Instant};

use gapless::{Code, Error, Legacy, MigrationSet, Rollback, Runner, Version};
use gapless_tests::cluster::{Database, cluster};
use gapless_tests::proxy::{Cut, Proxy};
use gapless_tests::set::set;
use postgres::{Client, NoTls};

const SET: &str = "SELECT string_agg(version || '_' || name, ' ' ORDER BY version) FROM applied_migrations";

fn value(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

/// Does the work through a connection that breaks, at each turn until it does not, and once more through one
/// that holds; `check` sees the end.
fn at_every_turn(
    prepare: impl Fn(&mut Client),
    work: impl Fn(&mut Client) -> Result<(), Error>,
    check: impl Fn(&mut Client),
) {
    let mut cuts = 0;
    for turn in 1.. {
        let mut came_to_it = false;
        for after in [false, true] {
            let database = cluster().database();
            prepare(&mut database.connect());
            let proxy = Proxy::cutting(database.port, Cut { turn, after });
            let through = Database { port: proxy.port(), ..database.clone() };
            // Connecting takes turns too.
            if let Ok(mut client) = Client::connect(&through.url(), NoTls) {
                let result = work(&mut client);
                assert!(
                    result.as_ref().is_ok() || result.as_ref().is_err_and(Error::is_connection),
                    "{result:?}"
                );
            }
            came_to_it |= proxy.has_cut();
            cuts += usize::from(proxy.has_cut());
            let mut client = database.connect();
            work(&mut client).unwrap();
            check(&mut client);
            // Nobody holds a lock, and there is nothing left to do.
            let locks = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' \
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            // The server has to notice first that the other connection is gone.
            let begun = Instant::now();
            while value(&mut client, locks) != "0" {
                assert!(begun.elapsed() < Duration::from_secs(20), "a lock was left");
            }
        }
        if !came_to_it {
            break;
        }
    }
    assert!(cuts > 6, "{cuts} cuts are not the whole way");
}

fn run(runner: Runner<'_>, client: &mut Client) -> Result<(), Error> {
    runner.run(client).map(drop)
}

fn three() -> MigrationSet {
    set(&[
        ("1_a.up.sql", "CREATE TABLE a (id int);"),
        ("1_a.down.sql", "DROP TABLE a;"),
        ("2_b.up.sql", "CREATE TABLE b (id int);"),
        ("2_b.down.sql", "DROP TABLE b;"),
        ("3_c.up.sql", "CREATE TABLE c (id int);"),
        ("3_c.down.sql", "DROP TABLE c;"),
    ])
}

#[test]
fn an_adoption_is_finished() {
    at_every_turn(
        |client| {
            client
                .batch_execute(
                    "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL); \
                     INSERT INTO schema_migrations VALUES (2, false); CREATE TABLE a (id int); CREATE TABLE b (id int)",
                )
                .unwrap();
        },
        |client| run(three().runner().adopt(Legacy::golang_migrate("schema_migrations")), client),
        |client| {
            assert_eq!(value(client, SET), "1_a 2_b 3_c");
            let events =
                "SELECT string_agg(version || event, ' ' ORDER BY id) FROM applied_migrations_journal";
            assert_eq!(value(client, events), "1adopted 2adopted 3applied");
        },
    );
}

#[test]
fn a_rename_is_finished() {
    let moved = set(&[
        ("1_c.sql", "CREATE TABLE c (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
        ("3_a.sql", "CREATE TABLE a (id int);"),
        ("renames.txt", "1_a -> 3_a\n3_c -> 1_c"),
    ]);
    at_every_turn(
        |client| run(three().runner(), client).unwrap(),
        |client| run(moved.runner(), client),
        |client| {
            assert_eq!(value(client, SET), "1_c 2_b 3_a");
            let renamed = "SELECT count(*)::text FROM applied_migrations_journal WHERE event = 'renamed'";
            assert_eq!(value(client, renamed), "2");
        },
    );
}

#[test]
fn a_rollback_is_finished() {
    at_every_turn(
        |client| run(three().runner(), client).unwrap(),
        |client| three().runner().rollback(Rollback::to(Version::from(1)), client).map(drop),
        |client| {
            assert_eq!(value(client, SET), "1_a");
            let back = "SELECT string_agg(version::text, ' ' ORDER BY id) FROM applied_migrations_journal \
                        WHERE event = 'rolled_back'";
            assert_eq!(value(client, back), "3 2");
            assert_eq!(
                value(client, "SELECT concat(to_regclass('a'), to_regclass('b'), to_regclass('c'))"),
                "a"
            );
        },
    );
}

#[test]
fn a_baseline_is_finished() {
    let squashed = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_b.sql", "CREATE TABLE b (id int);"),
        ("2_all.baseline.sql", "CREATE TABLE a (id int); CREATE TABLE b (id int);"),
        ("3_c.sql", "CREATE TABLE c (id int);"),
    ]);
    at_every_turn(
        |_| {},
        |client| run(squashed.runner(), client),
        |client| assert_eq!(value(client, SET), "1_a 2_b 3_c"),
    );
}

#[test]
fn code_runs_to_its_end_once() {
    let with_code = set(&[
        ("1_a.sql", "CREATE TABLE a (id int);"),
        ("2_fill.sql", "-- gapless: rust\n"),
        ("3_c.sql", "SELECT 1;"),
    ]);
    at_every_turn(
        |_| {},
        |client| {
            let code = Code::postgres(|transaction| {
                transaction.execute("INSERT INTO a VALUES (1)", &[])?;
                transaction.execute("INSERT INTO a VALUES (2)", &[])?;
                Ok(())
            });
            run(with_code.runner().code(Version::from(2), code), client)
        },
        |client| {
            assert_eq!(value(client, SET), "1_a 2_fill 3_c");
            assert_eq!(value(client, "SELECT count(*)::text FROM a"), "2");
        },
    );
}

#[test]
fn a_rollback_that_may_not_delete_does_not_blame_the_file() {
    let database = cluster().database();
    let all = set(&[("1_a.up.sql", "CREATE TABLE a (id int);"), ("1_a.down.sql", "SELECT 1;")]);
    let mut owner = database.connect();
    all.runner().run(&mut owner).unwrap();
    owner
        .batch_execute(
            "CREATE ROLE may_not_delete LOGIN; GRANT SELECT, INSERT ON applied_migrations, \
             applied_migrations_journal TO may_not_delete",
        )
        .unwrap();
    let mut client = database.connect_as("may_not_delete");
    let error = all.runner().rollback(Rollback::steps(1), &mut client).unwrap_err();
    assert!(error.is_permission_denied(), "{error}");
}
