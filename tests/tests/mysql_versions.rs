//! Servers that call themselves by another version: one that is too old is refused before anything is written.

use gapless::engine::{Dialect, Mysql, ResultSet};
use gapless::{Connection, ExchangeError};
use gapless_tests::mysql_server::{Database, server};
use gapless_tests::set::tables;
use mysql::prelude::Queryable;

/// A connection to a server that poses as one of this version.
struct Posing {
    client: mysql::Conn,
    own: String,
    version: &'static str,
    messages: usize,
}

impl Posing {
    fn new(database: &Database, version: &'static str) -> Posing {
        let mut client = database.connect();
        let own = client.query_first("SELECT version()").unwrap().unwrap();
        Posing { client, own, version, messages: 0 }
    }
}

impl Connection for Posing {
    fn dialect(&self) -> &'static dyn Dialect {
        &Mysql
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.messages += 1;
        let posed = |value: &Option<String>| match value {
            Some(value) if *value == self.own => Some(self.version.to_owned()),
            value => value.clone(),
        };
        let results = self.client.exchange(message)?;
        let rows = |result: &ResultSet| result.rows().map(|row| row.iter().map(posed).collect()).collect();
        Ok(results.iter().map(|result| ResultSet::new(rows(result))).collect())
    }
}

const OLD: [(&str, &str); 5] = [
    ("10.5.29-MariaDB-log", "MariaDB 10.5.29-MariaDB-log, and migrations need MariaDB 10.6"),
    ("5.5.5-10.4.34-MariaDB", "MariaDB 5.5.5-10.4.34-MariaDB, and migrations need MariaDB 10.6"),
    ("5.5.68-MariaDB", "MariaDB 5.5.68-MariaDB, and migrations need MariaDB 10.6"),
    ("5.7.44-log", "MySQL 5.7.44-log, and migrations need MySQL 8.0"),
    ("5.6.51", "MySQL 5.6.51, and migrations need MySQL 8.0"),
];

const NEW: [&str; 7] = [
    "10.6.0-MariaDB",
    "5.5.5-10.11.6-MariaDB",
    "11.8.2-MariaDB-ubu2404",
    "8.0.11-TiDB-v7.5.1",
    "8.4.6",
    "9.7.4",
    "a version of its own",
];

#[test]
fn a_server_that_is_too_old_is_refused_before_anything_is_written() {
    for (version, expected) in OLD {
        let database = server().database();
        let mut client = Posing::new(&database, version);
        let error = tables(1).runner().run(&mut client).unwrap_err();
        assert!(error.is_too_old() && error.to_string().contains(expected), "{version}: {error}");
        let left: Vec<String> = database.connect().query("SHOW TABLES").unwrap();
        assert!(left.is_empty(), "{version}: {left:?}");
        let held: Option<u64> = client.client.query_first("SELECT release_all_locks()").unwrap();
        assert_eq!(held, Some(0), "{version}: it gave its locks back");
    }
}

#[test]
fn the_first_message_tells_the_version() {
    let database = server().database();
    tables(1).runner().run(&mut database.connect()).unwrap();
    for (version, expected) in OLD {
        let mut client = Posing::new(&database, version);
        let error = tables(1).runner().verify(&mut client).unwrap_err();
        assert!(error.to_string().contains(expected), "{version}: {error}");
        assert_eq!(client.messages, 1, "{version}");
    }
    for version in NEW {
        let mut client = Posing::new(&database, version);
        tables(1).runner().run(&mut client).unwrap_or_else(|error| panic!("{version}: {error}"));
        assert_eq!(client.messages, 1, "{version}");
    }
}
