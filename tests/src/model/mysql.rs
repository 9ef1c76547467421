use std::cell::RefCell;
use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use gapless::engine::{Call, Dialect, ResultSet};
use gapless::{Code, Connection, ExchangeError, Syntax};
use mysql::Conn;
use mysql::prelude::Queryable;

use super::abilities::{Abilities, Ddl};
use super::file::Kind;
use super::place::{Fuse, Place, rows_of};
use super::statement::Work;
use super::world::World;
use crate::mysql_server::{Database, server};

/// A database, dropped and created for each history.
#[derive(Debug)]
pub struct Mysql {
    database: Database,
    /// Looks after the sessions of others, from outside of the database.
    admin: RefCell<Conn>,
}

/// A procedure that commits its row, and one that fails then.
const PROCEDURES: &str = "CREATE PROCEDURE works(n int) BEGIN INSERT INTO effects (what) VALUES (n); COMMIT; END; \
     CREATE PROCEDURE breaks(n int) BEGIN CALL works(n); SIGNAL SQLSTATE '45000'; END";

/// Tables with their rows, columns, and everything else that a statement may define.
const CATALOG: &str = "SELECT c.TABLE_NAME, 'table', c.DATA_TYPE FROM information_schema.COLUMNS c \
     JOIN information_schema.TABLES t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME \
     WHERE c.TABLE_SCHEMA = database() AND t.TABLE_TYPE = 'BASE TABLE' AND c.TABLE_NAME REGEXP '^[dpq][0-9]' \
     UNION ALL SELECT c.TABLE_NAME, 'view', c.COLUMN_NAME FROM information_schema.COLUMNS c \
     JOIN information_schema.VIEWS v ON v.TABLE_SCHEMA = c.TABLE_SCHEMA AND v.TABLE_NAME = c.TABLE_NAME \
     WHERE c.TABLE_SCHEMA = database() \
     UNION ALL SELECT COLUMN_NAME, 'column', DATA_TYPE FROM information_schema.COLUMNS \
     WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'ground' AND COLUMN_NAME LIKE 'd%' \
     UNION ALL SELECT INDEX_NAME, 'index', COLUMN_NAME FROM information_schema.STATISTICS \
     WHERE TABLE_SCHEMA = database() AND TABLE_NAME = 'ground' \
     UNION ALL SELECT TRIGGER_NAME, 'trigger', substring_index(ACTION_STATEMENT, ' ', -1) \
     FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = database() \
     UNION ALL SELECT ROUTINE_NAME, 'procedure', substring_index(ROUTINE_DEFINITION, ' ', -1) \
     FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = database() AND ROUTINE_NAME LIKE 'd%' ORDER BY 1, 2";

/// Settings that scripts change, or that runs do.
const SETTINGS: &str = "SELECT concat_ws(' ', database(), @@autocommit, @@foreign_key_checks, @@sql_mode, @@time_zone, \
     @@lock_wait_timeout, @@innodb_lock_wait_timeout, @@character_set_client)";

impl Mysql {
    pub fn new() -> Mysql {
        let database = server().database();
        let admin = RefCell::new(database.connect());
        Mysql { database, admin }
    }

    fn await_end(&self, id: u32) {
        let mut admin = self.admin.borrow_mut();
        // It may be gone.
        let _ = admin.query_drop(format!("KILL {id}"));
        let begun = Instant::now();
        let there = format!("SELECT count(*) FROM information_schema.PROCESSLIST WHERE ID = {id}");
        while admin.query_first::<u64, _>(&there).expect("the server answers") != Some(0) {
            assert!(begun.elapsed() < Duration::from_secs(30), "a session does not end");
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Default for Mysql {
    fn default() -> Mysql {
        Mysql::new()
    }
}

/// A client, its number, which cannot be asked for any more once it is gone, and its settings.
pub struct Session {
    client: Conn,
    id: u32,
    settings: String,
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

impl Place for Mysql {
    type Client = Session;

    const ABILITIES: Abilities =
        Abilities { concurrent_indexes: false, ddl: Ddl::Decided, pooler: true, transaction_lock: false };

    const SYNTAX: Syntax = Syntax::Mysql;

    const CANCELED: &str = "1317";

    fn clear(&mut self, world: &World) {
        let name = &self.database.name;
        let mut sql = format!(
            "DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}; USE {name}; \
             CREATE TABLE effects (what int NOT NULL, pid bigint DEFAULT (connection_id())); \
             CREATE TABLE ground (a int, b int); {PROCEDURES}"
        );
        let definitions = world.statements().filter_map(|statement| match statement.work {
            Work::Define(definition) if definition.thing.needs_tables() => Some(definition.of),
            _ => None,
        });
        for number in definitions.collect::<BTreeSet<_>>() {
            for table in [format!("p{number}"), format!("q{number}")] {
                sql += &format!("; CREATE TABLE {table} (a int); INSERT INTO {table} VALUES (1)");
            }
        }
        rows_of(&mut *self.admin.borrow_mut(), &sql);
    }

    fn connect(&self) -> Session {
        let mut client = self.database.connect();
        // Two runs take turns in one thread: nobody gets on while one waits.
        client.query_drop("SET innodb_lock_wait_timeout = 1").expect("a setting");
        let settings = client.query_first(SETTINGS).expect("the server answers").unwrap_or_default();
        Session { id: client.connection_id(), client, settings }
    }

    fn end(&self, session: Session) {
        let Session { client, id, .. } = session;
        drop(client);
        self.await_end(id);
    }

    fn code(kind: Kind, effects: Vec<usize>, fuse: Fuse) -> Code {
        const INSERT: &str = "INSERT INTO effects (what) VALUES (?)";
        const KILL: &str = "KILL CONNECTION connection_id()";
        if kind == Kind::CodeOutside {
            return Code::mysql_no_transaction(move |client| {
                for effect in &effects {
                    client.exec_drop(INSERT, (*effect,))?;
                }
                if fuse.burns() {
                    client.query_drop(KILL)?;
                }
                Ok(())
            });
        }
        Code::mysql(move |transaction| {
            let breaks = fuse.burns();
            for (index, effect) in effects.iter().enumerate() {
                transaction.exec_drop(INSERT, (*effect,))?;
                if breaks && index >= effects.len() / 2 {
                    transaction.query_drop(KILL)?;
                }
            }
            Ok(())
        })
    }

    fn halve(&self, _: &mut Session, _: &str) -> bool {
        false
    }

    /// The row of a procedure is committed before it breaks.
    fn half(statement: &str) -> Option<String> {
        statement.contains("CALL works(").then(|| statement.replace("CALL works(", "CALL breaks("))
    }

    fn left(&self, session: &mut Session) -> Option<String> {
        let lock = "SELECT count(is_used_lock(concat('gapless ', left(sha2(concat(database(), \
                    '.applied_migrations'), 256), 48))))";
        let at_work = "SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = database() \
                       AND is_used_lock(concat('gapless session ', ID)) IS NOT NULL";
        let open = "SELECT count(*) FROM information_schema.INNODB_TRX t JOIN information_schema.PROCESSLIST p \
                    ON p.ID = t.trx_mysql_thread_id WHERE p.DB = database()";
        for (what, sql) in
            [("a lock is held", lock), ("a session is at work", at_work), ("a transaction is open", open)]
        {
            if rows_of(session, sql) != [[Some("0".to_owned())]] {
                return Some(what.to_owned());
            }
        }
        let settings: String = rows_of(session, SETTINGS).into_iter().flatten().flatten().collect();
        (settings != session.settings).then(|| format!("{} became {settings}", session.settings))
    }

    fn pids(&self, session: &mut Session) -> Vec<String> {
        let pids = rows_of(session, "SELECT DISTINCT pid FROM effects ORDER BY 1");
        pids.into_iter().flatten().flatten().collect()
    }

    fn pid(&self, session: &mut Session) -> Option<String> {
        Some(session.id.to_string())
    }

    fn catalog(&self, session: &mut Session) -> Vec<[String; 3]> {
        let mut rows: Vec<[String; 3]> = rows_of(session, CATALOG).into_iter().map(texts).collect();
        let tables: Vec<_> = rows.iter().filter(|row| row[1] == "table").map(|row| row[0].clone()).collect();
        let counts: Vec<_> = tables.iter().map(|table| format!("SELECT count(*) FROM {table}")).collect();
        if !counts.is_empty() {
            let counts = rows_of(session, &counts.join(" UNION ALL "));
            let tables = rows.iter_mut().filter(|row| row[1] == "table");
            for (table, count) in tables.zip(counts) {
                table[2] += &format!(" {}", count.into_iter().flatten().collect::<String>());
            }
        }
        rows
    }

    fn checks(&self, session: &mut Session) -> Vec<Vec<Option<String>>> {
        let sql = "SELECT substring_index(CHECK_CLAUSE, ' ', -1), count(*) \
                   FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = database() \
                   AND TABLE_NAME = 'ground' GROUP BY 1";
        rows_of(session, sql)
    }
}

fn texts(row: Vec<Option<String>>) -> [String; 3] {
    let mut texts = row.into_iter().flatten();
    std::array::from_fn(|_| texts.next().unwrap_or_default())
}
