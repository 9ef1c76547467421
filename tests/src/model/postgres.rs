use std::thread;
use std::time::{Duration, Instant};

use gapless::engine::{Call, Dialect, ResultSet};
use gapless::{Code, Connection, ExchangeError};
use postgres::Client;

use super::file::Kind;
use super::place::{Fuse, Place, rows_of};
use super::world::Indexes;
use crate::cluster::{Database, cluster};

/// A database, whose schema is dropped for each history.
#[derive(Debug)]
pub struct Postgres {
    database: Database,
}

impl Postgres {
    pub fn new() -> Postgres {
        Postgres { database: cluster().database() }
    }

    fn await_end(&self, pid: &str) {
        let mut admin = self.database.connect();
        let ended = format!(
            "SELECT pg_terminate_backend({pid}); SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}"
        );
        let begun = Instant::now();
        while rows_of(&mut admin, &ended) != [[Some("0".to_owned())]] {
            assert!(begun.elapsed() < Duration::from_secs(30), "a backend does not end");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Default for Postgres {
    fn default() -> Postgres {
        Postgres::new()
    }
}

/// A client, and the backend that serves it, which cannot be asked for any more once it is gone.
pub struct Session {
    client: Client,
    pid: String,
}

impl Connection for Session {
    fn dialect(&self) -> &'static dyn Dialect {
        Connection::dialect(&self.client)
    }

    fn runs(&self) -> &'static str {
        self.client.runs()
    }

    fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        self.client.exchange(message)
    }

    fn call(&mut self, call: &mut Call) -> Result<Vec<ResultSet>, ExchangeError> {
        Connection::call(&mut self.client, call)
    }
}

impl Place for Postgres {
    type Client = Session;

    const INDEXES: Indexes = Indexes::Concurrent;

    fn clear(&mut self) {
        let clear = "DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public; \
                     CREATE TABLE effects (what int NOT NULL, pid int NOT NULL DEFAULT pg_backend_pid()); \
                     CREATE TABLE ground (a int, b int)";
        self.database.connect().batch_execute(clear).expect("a schema is made");
    }

    fn connect(&self) -> Session {
        let mut client = self.database.connect();
        let pids = rows_of(&mut client, "SET client_min_messages = error; SELECT pg_backend_pid()");
        Session { client, pid: pids.into_iter().flatten().flatten().collect() }
    }

    fn end(&self, session: Session) {
        let Session { client, pid } = session;
        drop(client);
        self.await_end(&pid);
    }

    fn code(kind: Kind, effects: Vec<usize>, fuse: Fuse) -> Code {
        if kind == Kind::CodeOutside {
            return Code::postgres_no_transaction(move |client| {
                for effect in &effects {
                    client.execute("INSERT INTO effects (what) VALUES ($1)", &[&i32::try_from(*effect)?])?;
                }
                if fuse.burns() {
                    client.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?;
                }
                Ok(())
            });
        }
        Code::postgres(move |transaction| {
            let breaks = fuse.burns();
            for (index, effect) in effects.iter().enumerate() {
                transaction.execute("INSERT INTO effects (what) VALUES ($1)", &[&i32::try_from(*effect)?])?;
                if breaks && index >= effects.len() / 2 {
                    transaction.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())")?;
                }
            }
            Ok(())
        })
    }

    /// A transaction that has written to the table keeps the statement waiting, after it has changed the catalog.
    fn halve(&self, session: &mut Session, statement: &str) -> bool {
        if !["CREATE INDEX CONC", "CREATE UNIQUE INDEX CONC", "DROP INDEX CONC"]
            .iter()
            .any(|s| statement.starts_with(s))
        {
            return false;
        }
        let Session { client, pid } = session;
        let mut blocker = self.database.connect();
        blocker.batch_execute("BEGIN; INSERT INTO ground DEFAULT VALUES").expect("a row is written");
        let mut admin = self.database.connect();
        thread::scope(|scope| {
            scope.spawn(|| client.batch_execute(statement));
            let waits = format!("SELECT 1 FROM pg_locks WHERE pid = {pid} AND NOT granted");
            let begun = Instant::now();
            while rows_of(&mut admin, &waits).is_empty() && begun.elapsed() < Duration::from_secs(5) {
                thread::sleep(Duration::from_millis(1));
            }
            self.await_end(pid);
        });
        blocker.batch_execute("ROLLBACK").expect("it is taken back");
        true
    }

    fn left(&self, client: &mut Session) -> Option<String> {
        let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                    AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'";
        for (what, sql) in [("an advisory lock is held", locks), ("a transaction is open", open)] {
            if rows_of(client, sql) != [[Some("0".to_owned())]] {
                return Some(what.to_owned());
            }
        }
        None
    }

    fn pids(&self, client: &mut Session) -> Vec<String> {
        let pids = rows_of(client, "SELECT DISTINCT pid FROM effects ORDER BY 1");
        pids.into_iter().flatten().flatten().collect()
    }

    fn pid(&self, client: &mut Session) -> Option<String> {
        Some(client.pid.clone())
    }

    fn indexes(&self, client: &mut Session) -> Vec<[String; 3]> {
        let sql = "SELECT c.relname, i.indisvalid, i.indisunique || ' ' || a.attname FROM pg_index i \
                   JOIN pg_class c ON c.oid = i.indexrelid \
                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
                   WHERE i.indrelid = 'ground'::regclass ORDER BY 1";
        let text = |row: Vec<Option<String>>| {
            let mut texts = row.into_iter().flatten();
            std::array::from_fn(|_| texts.next().unwrap_or_default())
        };
        rows_of(client, sql).into_iter().map(text).collect()
    }
}
