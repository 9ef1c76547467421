//! Runs read the catalog of their own database, never the whole server's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use gapless::Syntax;
use gapless::engine::split;
use gapless_tests::mysql_server::server;
use gapless_tests::set::mysql_set as set;
use mysql::prelude::Queryable;

/// A statement for each kind of object.
const EVERYTHING: &str = "
CREATE TABLE a (id int PRIMARY KEY, n int, CHECK (n > 0));
CREATE TABLE b (id int PRIMARY KEY, a int, FOREIGN KEY (a) REFERENCES a (id));
ALTER TABLE b ADD COLUMN c int;
CREATE INDEX bc ON b (c);
CREATE VIEW v AS SELECT id FROM a;
CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.n = 1;
CREATE FUNCTION f() RETURNS int DETERMINISTIC RETURN 1;
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM a;
RENAME TABLE b TO d;
SET @add = 'ALTER TABLE d ADD COLUMN e int';
PREPARE change_d FROM @add;
EXECUTE change_d;
DEALLOCATE PREPARE change_d;
DROP VIEW v;
";

#[test]
fn no_other_database_is_opened() {
    let database = server().database();
    if !server().is_mariadb() {
        // MySQL keeps its catalog in tables of its own.
        return;
    }
    let mut spy = server().connect();
    spy.query_drop("SET GLOBAL log_output = 'TABLE', general_log = ON").unwrap();
    let all = set(&[("1_all.sql", EVERYTHING), ("2_more.sql", "CREATE TABLE c (id int);")]);
    let mut client = database.connect();
    let number = client.connection_id();
    all.runner().plan(&mut client).unwrap();
    all.runner().run(&mut client).unwrap();
    all.runner().status(&mut client).unwrap();
    spy.query_drop("SET GLOBAL general_log = OFF").unwrap();
    let sent: Vec<String> = spy
        .exec("SELECT argument FROM mysql.general_log WHERE thread_id = ? AND argument LIKE '%information_schema%'", (number,))
        .unwrap();
    let mut read = 0;
    let statements = sent.iter().flat_map(|message| split(message, Syntax::Mysql).unwrap());
    for statement in statements.filter(|statement| {
        statement.text().contains("information_schema") && !statement.text().starts_with("SET ")
    }) {
        let sql = statement.text();
        let rows: Vec<mysql::Row> = client.query(format!("EXPLAIN {sql}")).unwrap();
        for row in &rows {
            let extra: Option<String> = row.get::<Option<String>, _>("Extra").flatten();
            let extra = extra.unwrap_or_default();
            assert!(!extra.contains("all databases"), "{extra}: {sql}");
            read += usize::from(extra.contains("Scanned"));
        }
    }
    assert!(read > 30, "the catalog was read {read} times");
}

#[test]
fn changes_of_others_disturb_no_run() {
    let (elsewhere, beside, over) = (server().database(), server().database(), AtomicBool::new(false));
    thread::scope(|scope| {
        for other in [&elsewhere, &elsewhere, &beside] {
            scope.spawn(|| {
                let mut client = other.connect();
                while !over.load(Ordering::Relaxed) {
                    let name = format!("t{}", client.connection_id());
                    client
                        .query_drop(format!("CREATE TABLE {name} (id int PRIMARY KEY, CHECK (id > 0))"))
                        .unwrap();
                    client.query_drop(format!("ALTER TABLE {name} RENAME {name}x")).unwrap();
                    client.query_drop(format!("DROP TABLE {name}x")).unwrap();
                }
            });
        }
        let ran: Vec<_> = (0..6)
            .map(|try_| {
                let database = if try_ == 0 { None } else { Some(server().database()) };
                let database = database.as_ref().unwrap_or(&beside);
                set(&[("1_all.sql", EVERYTHING)])
                    .runner()
                    .retries(100)
                    .run(&mut database.connect())
                    .map(|_| ())
            })
            .collect();
        over.store(true, Ordering::Relaxed);
        for ended in ran {
            ended.unwrap();
        }
    });
}
