//! Runs whose backend is killed while it waits in a statement.

use std::thread;
use std::time::Duration;

use gapless::Error;
use postgres::Client;

use crate::cluster::Database;

/// Returns the one text that a query selects; empty for NULL.
pub fn value(client: &mut Client, sql: &str) -> String {
    let row = client.query_one(sql, &[]).expect("the query has one row");
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

/// Works, and loses its backend while that waits in a statement like this one.
pub fn killed_in(database: &Database, like: &str, work: impl FnOnce(&mut Client) -> Error + Send) {
    thread::scope(|scope| {
        let victim = scope.spawn(|| work(&mut database.connect()));
        let mut watcher = database.connect();
        let kill = format!(
            "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity WHERE query LIKE '{like}' \
             AND state = 'active' AND wait_event IS NOT NULL AND datname = current_database() \
             AND pid <> pg_backend_pid()"
        );
        while value(&mut watcher, &kill) == "0" {
            thread::sleep(Duration::from_millis(5));
        }
        let error = victim.join().expect("the work ends with an error");
        assert!(error.is_connection(), "{error}");
    });
}
