//! The example migrations: on both databases, and back again.

use std::path::Path;

use gapless::{Connection, MigrationSet, Pattern, embed_migrations};
use gapless_tests::cluster::cluster;

static MIGRATIONS: MigrationSet = embed_migrations!("../migrations");

#[test]
fn the_embedded_set_equals_the_scanned_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scanned =
        MigrationSet::scan(root, &[Pattern::new("../migrations").unwrap()], MIGRATIONS.syntax()).unwrap();
    assert_eq!(MIGRATIONS.migrations(), scanned.migrations());
    assert_eq!(MIGRATIONS.sources().collect::<Vec<_>>(), scanned.sources().collect::<Vec<_>>());
    assert_eq!(MIGRATIONS.digest(), scanned.digest());
    assert!(MIGRATIONS.digest().is_some_and(|digest| digest != 0));
    MIGRATIONS.assert_current();
}

fn forth_and_back<C: Connection>(client: &mut C, tables: &str) {
    let count = MIGRATIONS.migrations().len();
    assert_eq!(MIGRATIONS.runner().run(client).unwrap().applied().len(), count);
    assert_eq!(MIGRATIONS.runner().run(client).unwrap().round_trips(), 1);
    client.exchange("INSERT INTO customers (id, name, email) VALUES (1, 'Ada', 'ada@example.com')").unwrap();
    client.exchange("INSERT INTO orders (id, customer_id) VALUES (1, 1)").unwrap();
    client.exchange("INSERT INTO order_lines VALUES (1, 1, 2, 690)").unwrap();
    let totals = client.exchange("SELECT total_cents, items FROM order_totals").unwrap();
    assert_eq!(totals[0].rows().next().unwrap(), [Some("1380".to_owned()), Some("2".to_owned())]);
    for migration in MIGRATIONS.migrations().iter().rev() {
        let down = migration.down().expect("each example has a way back");
        client.exchange("DELETE FROM order_lines; DELETE FROM orders").unwrap_or_default();
        client.exchange(down.sql()).unwrap_or_else(|error| panic!("{}: {error:?}", down.path()));
    }
    let left = client.exchange(tables).unwrap();
    let left: Vec<_> = left[0].rows().map(<[_]>::to_vec).collect();
    assert_eq!(
        left,
        [[Some("applied_migrations".to_owned())], [Some("applied_migrations_journal".to_owned())]]
    );
}

#[test]
fn on_postgres() {
    let tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') \
                  ORDER BY relname";
    forth_and_back(&mut cluster().database().connect(), tables);
}

#[test]
fn on_sqlite() {
    let tables = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name";
    forth_and_back(&mut rusqlite::Connection::open_in_memory().unwrap(), tables);
}
