//! The lexer beside the server: whatever the server runs is taken apart as the server does it, and what is let
//! through ends no transaction.

use std::cell::RefCell;

use gapless::engine::split;
use gapless::{MigrationSet, Pattern, Syntax};
use gapless_tests::cluster::cluster;
use postgres::{Client, SimpleQueryMessage};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

const PRELUDE: &str = r#"
CREATE TYPE ty AS ("a$$" int);
CREATE TABLE begin ("a$$" int, b$$ int, begin int, atomic int, "end" int, "it's; COMMIT" int, e int);
INSERT INTO begin VALUES (1, 2, 3, 4, 5, 6, 7);
CREATE TABLE log (a int);
"#;

/// Expressions of a `SELECT`, in all spellings that may seem to begin or to end something.
const EXPRESSIONS: &[&str] = &[
    "1",
    "1.",
    ".5",
    "1.5",
    "1e5",
    "1.5E-3",
    "1 e$$",
    "1 AS b$$",
    "1.5 AS x$1",
    "'it''s'",
    "'a\\'",
    "'; COMMIT; --'",
    "''",
    "E'\\''",
    "E'\\\\'",
    "e'a;\\'; COMMIT; '",
    "E'a'\n  '\\'; COMMIT; '",
    "E'a' -- it's\n '\\''",
    "'a'\n'b'",
    "'a' -- $$\n'b'",
    "U&'d\\0061t'",
    "U&'d!0061' UESCAPE '!'",
    "N'x'",
    "B'1'",
    "X'1F'",
    "$$;$$",
    "$a$; $$ COMMIT; $$ $a$",
    "$ü$'$ü$",
    "$_1$\"$_1$",
    "a$$",
    "b$$",
    "\"a$$\"",
    "begin",
    "atomic",
    "\"end\"",
    "e",
    "\"it's; COMMIT\"",
    "U&\"a$$\"",
    "(1)",
    "(SELECT 1)",
    "begin.atomic",
    "begin.b$$",
    "(begin).e",
    "CASE WHEN true THEN atomic END",
    "CASE begin WHEN 3 THEN 2 ELSE e END",
    "- -1",
    "1--;'\n",
    "1-- $$\r",
    "1/* ; /* ' */ $$ */",
    "/*--*/1",
    "@ -1",
    "1 /-- '\n1",
    "array[1, 2][1]",
    "1 AS function",
    "1 \"x;\"",
    "1 AS end",
    "'a' 'b;'",
    "2 * (1 + (3))",
    "'x'::text",
    "'$$'",
    "\"b$$\"",
    "$$\\$$",
    "1 <> 2",
    "'a' || $$'$$ || E'\\''",
    "e'\\\\' '\\'",
    "1_a",
    "1a",
];

const OTHERS: &[&str] = &[
    "",
    "COMMIT",
    "END",
    "BEGIN",
    "ROLLBACK",
    "commit AND NO CHAIN",
    "PREPARE p(ty) AS SELECT $1.a$$",
    "SELECT 2 AS b$$",
    "PREPARE q(int) AS SELECT $1 b$$, $1",
    "DEALLOCATE ALL",
    "-- '\n",
    "/* ; */",
    "SELECT 1 FROM begin atomic",
    "CREATE TEMP TABLE IF NOT EXISTS function (a int, b int)",
    "CREATE TEMP TABLE IF NOT EXISTS procedure AS SELECT 1 AS atomic, 2 AS b",
    "CREATE STATISTICS IF NOT EXISTS function ON begin, atomic FROM begin atomic",
    "CREATE TEMP VIEW trigger AS SELECT 1 AS end",
    "CREATE OR REPLACE RULE r AS ON INSERT TO log DO ALSO (SELECT 1; SELECT 2 AS end)",
    "CREATE OR REPLACE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1; COMMIT'",
    "CREATE OR REPLACE PROCEDURE atomic(end$ int) LANGUAGE sql AS $$ SELECT 1; $$",
];

/// Pieces that change the meaning of a script, wherever they stand.
const ATOMS: &[&str] = &[
    "'",
    "\"",
    "$$",
    "$a$",
    "E'",
    "\\",
    "/*",
    "*/",
    "--",
    "\n",
    "\r",
    ";",
    "(",
    ")",
    "1",
    "1e",
    ".",
    "$1",
    "a$$",
    "begin",
    " atomic ",
    " end ",
    "; COMMIT; ",
    " BEGIN ATOMIC ",
    "U&",
    "e",
    " function ",
    " AS x$$",
    "; END; ",
];

fn query() -> impl Strategy<Value = String> {
    let items = vec(select(EXPRESSIONS), 1..4);
    let from =
        select(vec![" FROM begin", " FROM begin", " FROM begin AS begin", "\nFROM begin WHERE begin > 2"]);
    (items, from).prop_map(|(items, from)| format!("SELECT {}{from}", items.join(", ")))
}

fn statement() -> impl Strategy<Value = String> {
    let body = (select(vec!["FUNCTION", "PROCEDURE"]), vec(query(), 0..3)).prop_map(|(kind, queries)| {
        let queries: String = queries.iter().map(|query| format!("{query}; ")).collect();
        let returns = if kind == "FUNCTION" { "RETURNS SETOF record " } else { "" };
        format!("CREATE OR REPLACE {kind} f_{kind}() {returns}LANGUAGE sql BEGIN ATOMIC {queries}END")
    });
    prop_oneof![5 => query(), 3 => select(OTHERS).prop_map(str::to_owned), 1 => body]
}

/// Statements, most of them as they were meant and some with a slip.
fn script() -> impl Strategy<Value = String> {
    let slips = prop_oneof![2 => vec((any::<Index>(), select(ATOMS)), 0), 3 => vec((any::<Index>(), select(ATOMS)), 1..4)];
    (vec(statement(), 1..5), slips).prop_map(|(statements, slips)| {
        let mut script = statements.join("; ");
        for (at, atom) in slips {
            let at = script.floor_char_boundary(at.index(script.len() + 1));
            script.insert_str(at, atom);
        }
        script
    })
}

/// Returns the result of each statement of a message, in a new session; `None` for an error.
fn results(client: &mut Client, sql: &str) -> Option<Vec<Vec<String>>> {
    let messages = client.simple_query(sql).ok()?;
    let (mut results, mut rows) = (Vec::new(), Vec::new());
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => {
                rows.extend((0..row.len()).map(|column| row.get(column).unwrap_or("NULL").to_owned()));
            }
            SimpleQueryMessage::CommandComplete(_) => results.push(std::mem::take(&mut rows)),
            _ => {}
        }
    }
    Some(results)
}

fn clear(client: &mut Client) {
    // No transaction may be open; that is a warning.
    client.batch_execute("ROLLBACK").expect("a session goes on");
    client.batch_execute("DISCARD ALL").expect("a session goes on");
}

/// Returns true if the lexer accepts the script.
fn accepted(sql: &str) -> bool {
    let root = tempfile::tempdir().expect("a directory is made");
    std::fs::create_dir(root.path().join("m")).expect("a directory is made");
    std::fs::write(root.path().join("m/1_x.sql"), sql).expect("a file is written");
    MigrationSet::scan(root.path(), &[Pattern::new("m").expect("a pattern")], Syntax::Postgres).is_ok()
}

/// Counts of the scripts, so that the test cannot pass without having tried them.
#[derive(Default)]
struct Seen {
    whole: usize,
    inside: usize,
}

/// Sends a script whole and statement by statement.
fn compare(client: &mut Client, sql: &str, seen: &mut Seen) -> Result<(), TestCaseError> {
    clear(client);
    let whole = results(client, sql);
    clear(client);
    let Some(whole) = whole else { return Ok(()) };
    seen.whole += 1;
    let statements = split(sql, Syntax::Postgres);
    let statements = statements.map_err(|faults| TestCaseError::fail(format!("{faults:?} in {sql:?}")))?;
    if statements.is_empty() {
        // The answer to nothing counts as one.
        prop_assert!(whole.len() == 1 && whole[0].is_empty(), "{sql:?}: {whole:?}");
        return Ok(());
    }
    let texts: Vec<_> = statements.iter().map(|statement| statement.text()).collect();
    prop_assert_eq!(whole.len(), texts.len(), "{:?} is {:?}", sql, texts);
    for (text, whole) in texts.iter().zip(whole) {
        prop_assert_eq!(results(client, text), Some(vec![whole]), "{:?} of {:?}", text, sql);
    }
    Ok(())
}

/// Runs what is let through inside of a transaction, which must be the same behind it.
fn stays_inside(client: &mut Client, sql: &str, seen: &mut Seen) -> Result<(), TestCaseError> {
    if !accepted(sql) {
        return Ok(());
    }
    clear(client);
    let transaction = "SELECT pg_current_xact_id()::text";
    let results = results(client, &format!("BEGIN;\n{transaction};\n{sql}\n;\n{transaction};\n"));
    clear(client);
    if let Some(results) = results {
        seen.inside += 1;
        prop_assert_eq!(&results[1], results.last().expect("it is not empty"), "{:?}", sql);
    }
    Ok(())
}

#[test]
fn the_server_takes_scripts_apart_in_the_same_way() {
    let mut client = cluster().database().connect();
    client.batch_execute(PRELUDE).unwrap();
    let world = RefCell::new((client, Seen::default()));
    let cases = 1_500;
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&script(), |sql| {
        let (client, seen) = &mut *world.borrow_mut();
        compare(client, &sql, seen)?;
        stays_inside(client, &sql, seen)
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let Seen { whole, inside } = world.into_inner().1;
    assert!(whole > 400 && inside > 200, "the server ran {whole} of the scripts, {inside} in a transaction");
}
