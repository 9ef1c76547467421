//! The lexer beside SQLite, which says where each statement ends without running it.

use std::cell::RefCell;

use gapless::Syntax;
use gapless::engine::split;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection};

const STATEMENTS: &[&str] = &[
    "SELECT 1",
    "SELECT 'it''s'",
    "SELECT 'a\\'",
    "SELECT \"a;\" FROM t",
    "SELECT [it's] FROM t",
    "SELECT `it's` FROM t",
    "SELECT 1 AS [b;--]",
    "SELECT $a",
    "SELECT $a(';')",
    "SELECT $a('), @b::c(\"), :d(`)",
    "SELECT $$",
    "SELECT ?1, #",
    "SELECT x'41', 0x1F, 1e5, 1.",
    "COMMIT",
    "SELECT 1 /* /* ; */",
    "SELECT 1 -- '\r;\n",
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END",
    "BEGIN",
    "CREATE TEMP TRIGGER IF NOT EXISTS begin INSERT ON t WHEN new.a BEGIN DELETE FROM t; UPDATE t SET a = 1; END",
    "",
    "END",
    "CREATE TRIGGER x AFTER UPDATE OF begin ON t BEGIN SELECT begin FROM t; END",
    "CREATE TABLE trigger(begin, select_)",
    "-- '\n",
    "CREATE TRIGGER x AFTER INSERT ON execute BEGIN SELECT 1; END",
    "SELECT a end FROM t begin",
    "SELECT $a::b(';COMMIT')",
    "SELECT e'x' FROM t",
    "EXPLAIN SELECT 1",
    "PRAGMA foreign_keys",
    "SELECT a->'b;' FROM t",
    "SELECT 1;;",
    "CREATE VIEW begin AS SELECT 1 AS end",
];

const ATOMS: &[&str] = &[
    "'",
    "\"",
    "`",
    "[",
    "]",
    "$a(",
    "$$",
    "/*",
    "*/",
    "--",
    "\n",
    "\r",
    ";",
    "(",
    ")",
    "@",
    ":",
    "#",
    "1",
    "begin ",
    " end ",
    "; COMMIT; ",
    "x'",
    "::",
    "\\",
];

fn script() -> impl Strategy<Value = String> {
    (vec(select(STATEMENTS), 1..5), vec((any::<Index>(), select(ATOMS)), 0..4)).prop_map(
        |(statements, slips)| {
            let mut script = statements.join("; ");
            for (at, atom) in slips {
                script.insert_str(at.index(script.len() + 1), atom);
            }
            script
        },
    )
}

#[test]
fn sqlite_takes_scripts_apart_in_the_same_way() {
    let lite = Connection::open_in_memory().unwrap();
    lite.execute_batch("CREATE TABLE t (a, begin, [it's], \"a;\", e); CREATE TABLE execute (a)").unwrap();
    let seen = RefCell::new(0);
    let mut runner = TestRunner::new(Config { cases: 5_000, failure_persistence: None, ..Config::default() });
    let result = runner.run(&script(), |sql| {
        let mut batch = Batch::new(&lite, &sql);
        let mut count = 0;
        loop {
            match batch.next() {
                Ok(Some(_)) => count += 1,
                Ok(None) => break,
                Err(_) => return Ok(()),
            }
        }
        *seen.borrow_mut() += 1;
        // A comment that does not end is one to SQLite.
        if let Ok(statements) = split(&sql, Syntax::Sqlite) {
            let texts: Vec<_> = statements.iter().map(|statement| statement.text()).collect();
            prop_assert_eq!(count, texts.len(), "{:?} is {:?}", sql, texts);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(seen.into_inner() > 1_000);
}
