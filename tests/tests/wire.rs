//! Round trips, counted on the wire: how often a client speaks after the server has spoken.

use gapless_tests::cluster::{Database, cluster};
use gapless_tests::proxy::Proxy;
use gapless_tests::set::tables;
use postgres::Client;

struct Counted {
    proxy: Proxy,
    client: Client,
    connecting: u32,
}

/// A connection through a proxy that has counted what connecting cost.
fn connect(database: &Database) -> Counted {
    let proxy = Proxy::before(database.port);
    let through = Database { port: proxy.port(), ..database.clone() };
    let client = through.connect();
    let connecting = proxy.turns();
    assert!(connecting > 0, "the proxy sees nothing");
    Counted { proxy, client, connecting }
}

impl Counted {
    fn turns(&self) -> u32 {
        self.proxy.turns() - self.connecting
    }
}

#[test]
fn the_proxy_counts_what_a_client_waits_for() {
    let mut counted = connect(&cluster().database());
    for expected in 1..=3 {
        counted.client.simple_query("SELECT 1; SELECT 2").unwrap();
        assert_eq!(counted.turns(), expected);
    }
    // Prepares, then executes.
    counted.client.query("SELECT 1", &[]).unwrap();
    assert_eq!(counted.turns(), 5);
}

#[test]
fn a_boot_with_nothing_to_do_is_one_round_trip_however_many_are_applied() {
    for count in [1, 100, 1000] {
        let database = cluster().database();
        let all = tables(count);
        all.runner().run(&mut database.connect()).unwrap();
        let mut counted = connect(&database);
        let report = all.runner().run(&mut counted.client).unwrap();
        assert_eq!((counted.turns(), report.round_trips()), (1, 1), "{count} applied");
    }
}

#[test]
fn one_pending_is_three_round_trips() {
    let database = cluster().database();
    tables(5).runner().run(&mut database.connect()).unwrap();
    let mut counted = connect(&database);
    let report = tables(6).runner().run(&mut counted.client).unwrap();
    assert_eq!(report.applied().len(), 1);
    assert_eq!((counted.turns(), report.round_trips()), (3, 3));
}

#[test]
fn a_hundred_on_an_empty_database_are_three_round_trips() {
    let mut counted = connect(&cluster().database());
    let report = tables(100).runner().run(&mut counted.client).unwrap();
    assert_eq!(report.applied().len(), 100);
    assert_eq!((counted.turns(), report.round_trips()), (3, 3));
}
