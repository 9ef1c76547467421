//! A session of MySQL: observing, the named lock, the settings.

use super::{Mysql, cluster, fails_if, transaction};
use crate::dialect::{Language, LockQuery, SessionSql, Timeouts};
use crate::tracker::Tracker;

/// The name of the lock that says that a session is at work, held as long as the run's own; an expression.
const AT_WORK: &str = "concat('gapless session ', connection_id())";

/// The server, by a name that no other server of a cluster has; an expression.
const SERVER: &str = "/*M!100600 concat(@@hostname, ':', @@port) */ /*!80000 @@server_uuid */";

/// The session's number and its server, as long as it holds the lock of a session at work; an expression.
pub(super) fn mark() -> String {
    format!(
        "CASE WHEN is_used_lock({AT_WORK}) = connection_id() THEN concat(connection_id(), '@', {SERVER}, {}) END",
        cluster::HERE
    )
}

/// The session lives that this mark is of, and is not this one; 2 where another node of a cluster would have to tell, and
/// `NULL` where another server would; an expression.
pub(super) fn lives(mark: &str) -> String {
    let id = format!("substring_index({mark}, '@', 1)");
    let server = format!("substring({mark}, char_length({id}) + 2)");
    format!(
        "CASE WHEN {server} = concat({SERVER}, {}) THEN \
         coalesce(is_used_lock(concat('gapless session ', {id})) = {id} AND {id} <> connection_id(), 0) {} END",
        cluster::here(),
        cluster::elsewhere(&server)
    )
}

/// Settings of a session that change what a script does and that a script may change. `collation_connection` brings
/// its character set along.
const SETTINGS: [&str; 15] = [
    "character_set_client",
    "character_set_results",
    "collation_connection",
    "default_storage_engine",
    "foreign_key_checks",
    "group_concat_max_len",
    "innodb_lock_wait_timeout",
    "lock_wait_timeout",
    "sql_mode",
    "sql_notes",
    "sql_safe_updates",
    "sql_select_limit",
    "time_zone",
    "unique_checks",
    "wait_timeout",
];

/// Names that only one of the two knows.
const OF_MARIADB: [&str; 3] = ["max_statement_time", "tx_isolation", "tx_read_only"];

/// See [`OF_MARIADB`].
const OF_MYSQL: [&str; 3] = ["max_execution_time", "transaction_isolation", "transaction_read_only"];

/// The wait for a table. A statement that waits for one holds up everybody who comes after it, and servers let it wait
/// for a day or for a year: a run sets its own, in seconds, and puts the caller's back at its end.
const TABLE_WAIT: &str = "lock_wait_timeout";

const OWN_TABLE_WAIT: u32 = 5;

/// The database and the mode of commits are put back only at the end.
const AUTOCOMMIT: &str = "autocommit";

const DATABASE: &str = "database";

/// The statement that gives a session back settings under which reading opens a transaction, or yields fewer rows than
/// there are; `NULL` where it has none; an expression.
const PECULIAR: &str = "CASE WHEN @@autocommit = 0 OR @@sql_select_limit < 4294967295 THEN \
     concat('SET autocommit = ', @@autocommit + 0, ', sql_select_limit = ', @@sql_select_limit) END";

/// Fails in a transaction, and changes nothing outside of one.
const OUTSIDE: &str = "SET TRANSACTION READ WRITE;\n";

const ROLLBACK: &str = "ROLLBACK;\n";

/// The most rows that an answer has. Another limit than its own holds for no question with `LIMIT`: those that a run asks
/// before it has the lock.
const ROWS: &str = "sql_select_limit";

const ALL: u64 = u64::MAX;

impl SessionSql for Mysql {
    /// The first statement fails in a transaction, and changes nothing outside of one: the next statement is the
    /// transaction that it is about. Without `autocommit`, reading has begun one of the run's own.
    fn observe(&self, tracker: &Tracker, _: Option<i64>) -> String {
        format!(
            "{OUTSIDE}SELECT {}, 0, database(), version(), {PECULIAR};\n{}{ROLLBACK}",
            facts(),
            self.select_set(tracker)
        )
    }

    fn apart(&self) -> (&'static str, &'static str) {
        (OUTSIDE, ROLLBACK)
    }

    fn peculiar(&self) -> String {
        format!("SELECT {PECULIAR};\n")
    }

    fn prepare(&self) -> &'static str {
        "SET autocommit = 1, sql_select_limit = 18446744073709551615;\n"
    }

    fn select_set(&self, tracker: &Tracker) -> String {
        format!("SELECT version, name, checksum, applied_at FROM {} LIMIT {ALL};\n", tracker.set())
    }

    fn lock(&self, tracker: &Tracker, query: LockQuery) -> String {
        let schema = schema(self, tracker);
        let there = |table: &str| {
            let table = self.literal(table);
            format!(
                "EXISTS (SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table})"
            )
        };
        let (set, journal) = (there(tracker.table()), there(&tracker.journal_table()));
        let table = self.literal(tracker.table());
        let fence = format!(
            "EXISTS (SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} \
             AND NON_UNIQUE = 0 GROUP BY INDEX_NAME HAVING count(*) = 1 AND max(COLUMN_NAME) = 'version')"
        );
        let strings =
            "NOT (find_in_set('ANSI_QUOTES', @@sql_mode) OR find_in_set('NO_BACKSLASH_ESCAPES', @@sql_mode))";
        let mut sql = format!(
            "SELECT {}, EXISTS (SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {schema}), {set}, \
             {journal}, {}, {strings}, {fence}, database(), version(), @@max_allowed_packet;\n",
            take(self, tracker, query),
            facts(),
        );
        if query.settings {
            sql += &settings();
        }
        if query.set {
            sql += &self.select_set(tracker);
        }
        if query.holder {
            sql += &holder(&lock_name(self, tracker));
        }
        if query.settings {
            sql += &cluster::note();
            sql += &format!(
                "SET autocommit = 1, {ROWS} = {ALL}, {TABLE_WAIT} = CAST(least(@@{TABLE_WAIT}, {OWN_TABLE_WAIT}) AS UNSIGNED);\n"
            );
        }
        sql
    }

    fn unlock(&self, tracker: &Tracker, pid: Option<i32>) -> String {
        let name = lock_name(self, tracker);
        let release = format!("coalesce(release_lock({name}), 0)");
        let guarded = pid
            .map_or(release.clone(), |pid| format!("CASE WHEN connection_id() = {pid} THEN {release} END"));
        format!("SELECT {guarded}, connection_id(), release_lock({AT_WORK});\n")
    }

    fn same_backend(&self, pid: i32) -> String {
        format!("SELECT {};\n", fails_if(&format!("connection_id() <> {pid}")))
    }

    fn unlock_all(&self) -> &'static [&'static str] {
        &["release_all_locks()"]
    }

    fn set_timeouts(&self, timeouts: Timeouts) -> String {
        transaction::set(timeouts)
    }

    fn restore(&self, settings: &[(String, String)]) -> String {
        let own = settings.iter().filter(|(name, _)| ![AUTOCOMMIT, DATABASE].contains(&name.as_str()));
        let value = |name: &str, value: &str| match value.parse() {
            Ok(wait) if name == TABLE_WAIT => OWN_TABLE_WAIT.min(wait).to_string(),
            _ if name == ROWS => ALL.to_string(),
            _ if name == cluster::WAITS => cluster::ALL.to_string(),
            _ => value_of(self, value),
        };
        let set: Vec<_> = own.map(|(name, text)| format!("SESSION {name} = {}", value(name, text))).collect();
        let database = settings.iter().find(|(name, _)| name == DATABASE);
        let used = database.map_or(String::new(), |(_, name)| format!("USE {};\n", self.identifier(name)));
        format!("{used}SET {};\n", set.join(", "))
    }

    fn give_back(&self, settings: &[(String, String)]) -> String {
        let mut sql = self.restore(settings);
        for (name, value) in settings {
            if (name == AUTOCOMMIT && value == "0")
                || [TABLE_WAIT, ROWS, cluster::WAITS].contains(&name.as_str())
            {
                sql += &format!("SET {name} = {value};\n");
            }
            if name == cluster::WAITS {
                sql += cluster::FORGET;
            }
        }
        sql
    }

    fn is_node(&self, settings: &[(String, String)]) -> bool {
        settings.iter().any(|(name, _)| name == cluster::WAITS)
    }

    fn too_old(&self, version: &str) -> Option<(&'static str, &'static str)> {
        // A replica of MariaDB may call itself 5.5.5-10.11.6-MariaDB.
        let is_mariadb = version.to_ascii_lowercase().contains("mariadb");
        let version = version.strip_prefix("5.5.5-").filter(|_| is_mariadb).unwrap_or(version);
        let (name, needed, oldest) =
            if is_mariadb { ("MariaDB", "MariaDB 10.6", (10, 6)) } else { ("MySQL", "MySQL 8.0", (8, 0)) };
        let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
        let found = numbers.next().zip(numbers.next())?;
        (found < oldest).then_some((name, needed))
    }

    fn outside(&self) -> String {
        OUTSIDE.to_owned()
    }
}

/// The session's number, that it takes no writes, and that it is a standby: a replica takes writes unless it is read
/// only, and only an attempt tells whether this user may write there all the same.
fn facts() -> String {
    // An older server reads neither, and is told so by its version.
    let read_only = "0 /*M!100600 + @@tx_read_only */ /*!80000 + @@transaction_read_only */";
    format!("connection_id(), {read_only}, 0")
}

/// The schema of the tracker; an expression.
pub(super) fn schema(dialect: &Mysql, tracker: &Tracker) -> String {
    match tracker.schema() {
        "" => "database()".to_owned(),
        schema => dialect.literal(schema),
    }
}

/// The name of the lock, which has 64 characters at most; an expression.
fn lock_name(dialect: &Mysql, tracker: &Tracker) -> String {
    let (schema, table) = (schema(dialect, tracker), dialect.literal(tracker.table()));
    format!("concat('gapless ', left(sha2(concat({schema}, '.', {table}), 256), 48))")
}

fn take(dialect: &Mysql, tracker: &Tracker, query: LockQuery) -> String {
    let name = lock_name(dialect, tracker);
    // Taken twice, it would have to be given back twice.
    let get = |name: &str| format!("(is_used_lock({name}) = connection_id() OR get_lock({name}, 0) = 1)");
    let attempt = format!("coalesce({} AND {}, 0)", get(&name), get(AT_WORK));
    match (query.take, query.pid) {
        (false, _) => "1".to_owned(),
        (true, None) => attempt,
        // Another session behind a proxy would keep the lock.
        (true, Some(pid)) => format!("CASE WHEN connection_id() = {pid} THEN {attempt} END"),
    }
}

/// The session that has this lock; a role without the privilege `PROCESS` sees its own user's sessions only.
fn holder(name: &str) -> String {
    format!(
        "SELECT l.id, p.USER, concat(p.TIME, ' s'), left(substring_index(p.INFO, '\\n', 1), 120), \
         lower(p.COMMAND) FROM (SELECT is_used_lock({name}) AS id) l \
         LEFT JOIN information_schema.PROCESSLIST p ON p.ID = l.id WHERE l.id IS NOT NULL;\n"
    )
}

fn settings() -> String {
    let row = |name: &&str| format!(" UNION ALL SELECT '{name}', CAST(@@{name} AS CHAR)");
    let rows = |names: &[&str]| names.iter().map(row).collect::<String>();
    format!(
        "SELECT '{DATABASE}', database() UNION ALL SELECT '{AUTOCOMMIT}', CAST(@@autocommit + 0 AS CHAR){} \
         /*M!100600 {} */ /*!80000 {} */ {} LIMIT {ALL};\n",
        rows(&SETTINGS),
        rows(&OF_MARIADB),
        rows(&OF_MYSQL),
        cluster::settings(),
    )
}

/// Numbers are not taken as strings.
fn value_of(dialect: &Mysql, value: &str) -> String {
    let number = value.starts_with(|char: char| char.is_ascii_digit()) && value.parse::<f64>().is_ok();
    if number { value.to_owned() } else { dialect.literal(value) }
}
