//! Scripts that are longer than `max_allowed_packet`, and many that are longer together.

use std::fmt::Write as _;
use std::sync::OnceLock;

use gapless::{Error, Locking, MigrationSet};
use gapless_tests::driver::{Driver, Mysql, MysqlAsync, SqlxMysql};
use gapless_tests::mysql_server::{Database, Server, programs};
use gapless_tests::set::set;
use mysql::prelude::Queryable;

/// The smallest limit in use, the default of servers that are gone.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start_new(&programs(), &["--max-allowed-packet=1M"]))
}

/// `count` statements of `length` bytes, about.
fn inserts(count: usize, length: usize) -> String {
    let text = "x".repeat(length);
    (0..count).fold(String::new(), |mut sql, number| {
        let _ = writeln!(sql, "INSERT INTO t VALUES ({number}, '{text}');");
        sql
    })
}

fn one(database: &Database, sql: &str) -> u64 {
    database.connect().query_first(sql).unwrap().unwrap()
}

const TABLE: (&str, &str) = ("1_t.sql", "CREATE TABLE t (n int, a longtext);");

/// The error of a run that applies nothing and leaves the connection as it was.
fn refused<D: Driver>(driver: impl Fn(Database) -> D, migrations: &MigrationSet) -> Error {
    let driver = driver(server().database());
    let mut client = driver.connect();
    let error = D::run(&mut client, migrations.runner()).unwrap_err();
    assert!(error.is_too_long() && error.applied().is_empty() && !error.is_connection(), "{error}");
    assert!(D::sql(&mut client, "SELECT * FROM applied_migrations").is_err(), "a tracker was created");
    assert_eq!(D::sql(&mut client, "SELECT 42").unwrap(), ["42"]);
    error
}

#[test]
fn a_script_that_is_too_long_is_refused_by_its_name() {
    let long = set(&[TABLE, ("2_fill.sql", &inserts(20, 60_000))]);
    for error in [refused(Mysql, &long), refused(MysqlAsync, &long), refused(SqlxMysql, &long)] {
        let said = error.to_string();
        let told = "migrations/2_fill.sql is too long for the server: it has 1200610 bytes, and \
                    `max_allowed_packet` is 1048576, which our own statements need a part of\n\
                    help: raise `max_allowed_packet`, split the file, or write `-- gapless: no-transaction`";
        assert!(said.starts_with(told), "{said}");
    }
}

#[test]
fn the_advice_for_a_long_script_helps() {
    let database = server().database();
    let steps = format!("-- gapless: no-transaction\n{}", inserts(20, 60_000));
    let set = set(&[TABLE, ("2_fill.sql", &steps)]);
    assert_eq!(set.runner().run(&mut database.connect()).unwrap().applied().len(), 2);
    assert_eq!(one(&database, "SELECT count(*) FROM t"), 20);
}

#[test]
fn a_statement_that_is_too_long_is_refused_by_its_line() {
    let long = format!("CREATE TABLE u (a int);\n\n-- Rows.\n{}", inserts(1, 1_100_000));
    let said = refused(Mysql, &set(&[TABLE, ("2_fill.sql", &long)])).to_string();
    let told = "the statement in migrations/2_fill.sql:4 is too long for the server: it has 1100028 bytes";
    assert!(said.starts_with(told), "{said}");
    assert!(said.ends_with("help: raise `max_allowed_packet`, or make several statements of it"), "{said}");
}

/// The journal's rows around its statements make it too long for one message, and nobody has to care.
#[test]
fn a_script_of_many_statements_goes_in_several_messages() {
    let database = server().database();
    let many = format!("CREATE TABLE u (n int);\n{}", inserts(2500, 100));
    let set = set(&[TABLE, ("2_fill.sql", &many), ("3_v.sql", "CREATE TABLE v (n int);")]);
    let report = set.runner().run(&mut database.connect()).unwrap();
    assert_eq!(report.applied().len(), 3);
    assert_eq!(one(&database, "SELECT count(*) FROM t"), 2500);
    assert_eq!(one(&database, "SELECT count(*) FROM v"), 0);
}

#[test]
fn many_scripts_go_in_several_messages() {
    let files: Vec<_> = (2..202).map(|version| (format!("{version}_fill.sql"), inserts(1, 6_000))).collect();
    let mut files: Vec<_> = files.iter().map(|(name, sql)| (name.as_str(), sql.as_str())).collect();
    files.insert(0, TABLE);
    let set = set(&files);
    for locking in [Locking::Session, Locking::None] {
        let database = server().database();
        let report = set.runner().locking(locking).run(&mut database.connect()).unwrap();
        assert_eq!(report.applied().len(), 201);
        assert!(report.round_trips() < 20, "{report}");
        assert_eq!(one(&database, "SELECT count(*) FROM t"), 200);
    }
}
