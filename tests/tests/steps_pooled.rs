//! Steps behind a transaction pooler, with the default way of locking: the promise is an error, and nothing of the
//! run's session left with anybody else.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gapless::{Error, Rollback};
use gapless_tests::cluster::Database;
use gapless_tests::faults::pooler::{POOL, Pooler};
use gapless_tests::server::Server;
use gapless_tests::set::set;
use postgres::{Client, NoTls};

fn value(client: &mut Client, sql: &str) -> String {
    client.query_one(sql, &[]).unwrap().get::<_, Option<String>>(0).unwrap_or_default()
}

/// Returns the settings of every backend of the pool, each held by a transaction of its own meanwhile.
fn settings(through: &Database) -> Vec<String> {
    let mut clients: Vec<_> = (0..POOL).map(|_| Client::connect(&through.url(), NoTls).unwrap()).collect();
    let settings = |client: &mut Client| {
        let rows = client
            .simple_query("BEGIN; SELECT concat_ws(' ', current_setting('search_path'), current_setting('lock_timeout'))")
            .unwrap();
        rows.iter()
            .find_map(|row| match row {
                postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .unwrap()
    };
    clients.iter_mut().map(settings).collect()
}

#[test]
fn steps_behind_a_transaction_pooler_are_an_error_and_leave_nothing() {
    let server = Server::start_new();
    let pooler = Pooler::before(&server);
    let steps = set(&[
        (
            "1_a.up.sql",
            "-- gapless: no-transaction\n-- gapless: lock-timeout 7s\nSET search_path = s;\nCREATE TABLE a (n int);\n\
             SELECT pg_sleep(0.01);\nVACUUM;\nCREATE TABLE b (n int);",
        ),
        (
            "1_a.down.sql",
            "-- gapless: no-transaction\n-- gapless: lock-timeout 7s\nSET search_path = s;\nDROP TABLE a;\n\
             SELECT pg_sleep(0.01);\nDROP TABLE b;",
        ),
    ]);
    let mut poolers = 0;
    for round in 0..12 {
        let database = server.database(&format!("pooled_{round}"), true);
        database.connect().batch_execute("CREATE SCHEMA s").unwrap();
        let through = Database { port: pooler.port, name: database.name.clone() };
        let ended = AtomicBool::new(false);
        let clean = settings(&through);
        let mut results: Vec<Result<(), Error>> = Vec::new();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut client = Client::connect(&through.url(), NoTls).unwrap();
                    while !ended.load(Ordering::SeqCst) {
                        client.batch_execute("BEGIN; SELECT pg_sleep(0.002); COMMIT").unwrap();
                    }
                });
            }
            let mut client = Client::connect(&through.url(), NoTls).unwrap();
            results.push(steps.runner().run(&mut client).map(drop));
            if results[0].is_ok() {
                results.push(steps.runner().rollback(Rollback::steps(1), &mut client).map(drop));
            }
            ended.store(true, Ordering::SeqCst);
        });
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert!(error.is_pooler(), "{error}");
            poolers += 1;
        }
        // Whatever was made was made where the file says.
        let strays = "SELECT concat(to_regclass('public.a'), to_regclass('public.b'))";
        assert_eq!(value(&mut database.connect(), strays), "", "round {round}");
        assert_eq!(settings(&through), clean, "round {round}: {results:?}");
    }
    assert!(poolers > 0, "the session was never handed on");
}
