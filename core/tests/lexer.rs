//! Tests of taking scripts apart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use gapless_core::{Syntax, split};
use proptest::prelude::*;

fn statements(sql: &str, syntax: Syntax) -> Vec<&str> {
    let statements = split(sql, syntax).unwrap_or_else(|faults| panic!("{faults:?} in {sql}"));
    statements.into_iter().map(|statement| statement.text()).collect()
}

fn shared(sql: &str) -> Vec<&str> {
    statements(sql, Syntax::Shared)
}

fn faults(sql: &str, syntax: Syntax) -> Vec<String> {
    split(sql, syntax).err().unwrap_or_default().into_iter().map(|fault| fault.message).collect()
}

#[test]
fn empty_statements_and_trailing_comments_are_none() {
    assert_eq!(shared(";; SELECT 1;; -- done"), ["SELECT 1"]);
    assert_eq!(shared("SELECT 1 -- the last, without a semicolon;"), ["SELECT 1"]);
    assert_eq!(shared("-- only\n/* comments; */\n"), Vec::<&str>::new());
    assert_eq!(shared("SELECT 1;\r\nSELECT 2;\r\n"), ["SELECT 1", "SELECT 2"]);
}

#[test]
fn quotes_hide_semicolons() {
    for quoted in [
        "'a;''b'",
        "\"a;\"\"b\"",
        "E'a\\';b'",
        "E'a'\n  'b\\';c'",
        "E'a' -- why\n 'b\\';c'",
        "U&'d\\0061t;a'",
        "U&\"d;\"",
        "B'1;'",
        "$$a;b$$",
        "$body$ $$;$$ $other$;$other$ $body$",
        "$ü$;$ü$",
        "`a;b`",
        "/* ; /* ; */ ; */ 1",
        "1 -- ;\n",
    ] {
        let sql = format!("SELECT {quoted}; SELECT 2");
        assert_eq!(shared(&sql).len(), 2, "{sql}");
    }
}

#[test]
fn lookalikes_of_quotes_hide_nothing() {
    // A backslash escapes nothing in a standard string, a dollar in a word opens no quote, `$1` is a parameter.
    assert_eq!(shared("SELECT 'a\\'; SELECT 2"), ["SELECT 'a\\'", "SELECT 2"]);
    assert_eq!(shared("SELECT a$b$c; SELECT $b$;$b$"), ["SELECT a$b$c", "SELECT $b$;$b$"]);
    assert_eq!(shared("SELECT $1; SELECT $1"), ["SELECT $1", "SELECT $1"]);
    assert_eq!(shared("SELECT 1$a$';$a$; SELECT 2"), ["SELECT 1$a$';$a$", "SELECT 2"]);
    assert_eq!(shared("SELECT E'a'; SELECT 'b\\'"), ["SELECT E'a'", "SELECT 'b\\'"]);
    assert_eq!(shared("SELECT type'a\\'; SELECT 2").len(), 2);
    assert_eq!(shared("SELECT 5 ` 3; SELECT 2").len(), 2);
    // Postgres ends a line comment at a lone CR.
    assert_eq!(shared("-- x\rCOMMIT;"), ["COMMIT"]);
}

#[test]
fn bodies_hold_semicolons() {
    for one in [
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
        "CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC INSERT INTO t VALUES (1); END",
        "CREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN 1; END; $$ LANGUAGE plpgsql",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET x = NEW.end; DELETE FROM c; END",
        "CREATE TEMP TRIGGER IF NOT EXISTS t AFTER UPDATE OF x ON a FOR EACH ROW \
         WHEN CASE WHEN NEW.x > 1 THEN 1 ELSE 0 END \
         BEGIN SELECT CASE NEW.x WHEN 1 THEN RAISE(ABORT, 'no; never') END; END",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TRIGGER t BEFORE UPDATE OF begin ON a FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TRIGGER begin BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f()",
        "CREATE TRIGGER t AFTER UPDATE OF begin ON a BEGIN UPDATE a SET x = 1 WHERE begin > 3; UPDATE a SET end = 1; END",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1 case; END",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1 end; SELECT 2; END",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC END",
        "CREATE FUNCTION f(begin atomic) RETURNS int LANGUAGE sql AS 'select 1'",
        "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION f()",
        "CREATE RULE r AS ON INSERT TO t DO (INSERT INTO a VALUES (1); INSERT INTO b VALUES (2))",
        "CREATE VIEW v AS SELECT 1 AS end",
        "CREATE FUNCTION begin() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DO $$ BEGIN PERFORM 1; END $$",
    ] {
        assert_eq!(shared(&format!("{one};\nSELECT 2;")), [one, "SELECT 2"]);
    }
}

/// An identifier, a comment or a variable there is none to Postgres, and the other way round.
#[test]
fn sqlite_has_its_own_quotes_and_comments() {
    let sqlite = |sql| statements(sql, Syntax::Sqlite);
    assert_eq!(sqlite("SELECT 1 AS [a--b]; COMMIT;\nSELECT 2;").len(), 3);
    assert_eq!(sqlite("CREATE TABLE [it's] (a);\nCOMMIT;\nCREATE TABLE [bob's] (b);").len(), 3);
    assert_eq!(sqlite("/* see /* */ COMMIT; /* a */\nSELECT 1; -- */"), ["COMMIT", "SELECT 1"]);
    assert_eq!(sqlite("-- it\r's old\nCOMMIT;\n-- mac\r's\nSELECT 1;"), ["COMMIT", "SELECT 1"]);
    assert_eq!(sqlite("SELECT $$; COMMIT; SELECT $$;").len(), 3);
    assert_eq!(sqlite("SELECT e'a\\' FROM t; COMMIT; -- don't")[1], "COMMIT");
    let postgres = |sql| statements(sql, Syntax::Postgres);
    assert_eq!(postgres("CREATE OPERATOR ` (x); COMMIT; SELECT 1 ` 2;").len(), 3);
}

#[test]
fn a_byte_order_mark_inside_is_a_fault() {
    for sql in ["SELECT 1;\n\u{feff}COMMIT;", "SELECT 1\u{feff};", "COMMIT\u{feff}"] {
        for syntax in [Syntax::Shared, Syntax::Postgres, Syntax::Sqlite, Syntax::Mysql] {
            assert_eq!(faults(sql, syntax), ["a byte order mark inside of the text"], "{sql:?}");
        }
    }
    assert!(faults("SELECT '\u{feff}' -- \u{feff}", Syntax::Shared).is_empty());
}

#[test]
fn unterminated_text_is_a_fault() {
    for (sql, message) in [
        ("SELECT 'a", "unterminated string"),
        ("SELECT E'a\\'", "unterminated string"),
        ("SELECT \"a", "unterminated quoted identifier"),
        ("SELECT $x$ a $y$", "unterminated dollar-quoted string"),
        ("SELECT /* /* */ 1", "unterminated block comment"),
        ("CREATE TABLE t (a int;", "unclosed parenthesis"),
        ("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;", "`BEGIN` without its `END`"),
        ("\\connect other\nSELECT 1", "`\\connect` is a command of the psql or mysql client, not SQL"),
    ] {
        assert_eq!(faults(sql, Syntax::Shared), [message], "{sql}");
    }
}

#[test]
fn rows_after_copy_are_not_sql() {
    let sql = "COPY t (a, b) FROM stdin;\nit's\t1\n\\.\nSELECT 2;";
    assert_eq!(shared(sql), ["COPY t (a, b) FROM stdin", "SELECT 2"]);
    assert_eq!(shared("COPY t FROM '/tmp/stdin'; SELECT 2").len(), 2);
}

proptest! {
    #[test]
    fn any_text_is_taken_apart_or_refused(sql in "[-a-zE'\"$`;()/*\\\\#\r\n .&|!1é]{0,40}") {
        for syntax in [Syntax::Shared, Syntax::Postgres, Syntax::Sqlite, Syntax::Mysql] {
            let Ok(statements) = split(&sql, syntax) else { continue };
            let mut end = 0;
            for statement in statements {
                let span = statement.span();
                prop_assert!(end <= span.start && span.start < span.end);
                prop_assert_eq!(&sql[span.clone()], statement.text());
                end = span.end;
            }
        }
    }

    /// Statements that are split and joined again are split the same.
    #[test]
    fn splitting_is_stable(sql in "[-aE'\"$;(/*) \n]{0,30}") {
        if let Ok(statements) = split(&sql, Syntax::Shared) {
            let texts: Vec<_> = statements.iter().map(|statement| statement.text()).collect();
            let joined = texts.join(";\n");
            let again = split(&joined, Syntax::Shared).unwrap();
            prop_assert_eq!(texts, again.iter().map(|statement| statement.text()).collect::<Vec<_>>());
        }
    }

    /// A top-level statement is found, whatever valid SQL stands before it.
    #[test]
    fn nothing_hides_what_follows(parts in proptest::collection::vec(prop::sample::select(vec![
        "SELECT 'it''s'", "SELECT E'\\''", "SELECT $a$ ' $$ $a$", "/* ' /* $$ */ */ SELECT 1",
        "SELECT 1 -- '\n", "SELECT \"'\"", "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END", "SELECT $1",
    ]), 0..6)) {
        let sql = format!("{};COMMIT", parts.join(";"));
        prop_assert_eq!(shared(&sql).last().copied(), Some("COMMIT"));
    }
}

/// A number ends with its digits, so that what is joined to it is a name, and the `$$` in that opens no quote.
#[test]
fn numbers_end_with_their_digits() {
    for number in [
        "$1.a$$", "1a$$", "1.a$$", "$1a$$", "0x1Fg$$", "1_000a$$", "1e$$", "1e+a$$", "1.5a$$", "1e5a$$",
        "1..a$$",
    ] {
        let sql = format!("SELECT {number}; COMMIT; SELECT 2 AS b$$; SELECT 1");
        assert_eq!(shared(&sql).len(), 4, "{sql}");
    }
    for number in ["1", "1.5", "1e5", "1.e-5", "$1", "1."] {
        assert_eq!(
            shared(&format!("SELECT {number}$$; COMMIT; SELECT 2 AS b$$; SELECT 1")).len(),
            2,
            "{number}"
        );
        assert_eq!(shared(&format!("SELECT {number}E'\\'; COMMIT; --'; SELECT 1")).len(), 2, "{number}");
    }
}

/// The words of a body are names elsewhere.
#[test]
fn bodies_begin_and_end_where_they_must() {
    for (sql, statements) in [
        ("CREATE STATISTICS function ON a, b FROM begin atomic; END", 2),
        ("CREATE TABLE function (procedure int) begin atomic; END", 2),
        ("CREATE OR REPLACE VIEW function AS SELECT 1 FROM begin atomic; END", 2),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN atomic END; SELECT 2; END; SELECT 3",
            2,
        ),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN atomic END FROM t; END; COMMIT",
            2,
        ),
        ("CREATE FUNCTION f() RETURNS begin BEGIN ATOMIC SELECT 1; END; COMMIT", 2),
    ] {
        assert_eq!(statements_of(sql), statements, "{sql}");
    }
}

fn statements_of(sql: &str) -> usize {
    split(sql, Syntax::Postgres).unwrap().len()
}

/// In the parentheses of a variable a quote is none.
#[test]
fn variables_of_sqlite_hide_nothing() {
    for variable in ["$a", "@a", ":a", "#a", "$a::b"] {
        let sql = format!("SELECT {variable}('); COMMIT; SELECT {variable}(')");
        assert_eq!(statements(&sql, Syntax::Sqlite).len(), 3, "{sql}");
    }
    assert_eq!(statements("SELECT $a ('; COMMIT;')", Syntax::Sqlite).len(), 1);
    assert_eq!(shared("SELECT @abs('; COMMIT;')").len(), 1);
}

#[test]
fn conflicts_are_refused_where_they_are_not_data() {
    let conflict = "an unresolved merge conflict";
    for sql in [
        "CREATE TABLE t (\n<<<<<<< HEAD\n  a int\n=======\n  b int\n>>>>>>> it's theirs\n);",
        "<<<<<<< HEAD\n-- a\n||||||| base\n=======\r\n-- b\n>>>>>>> b\n",
        "SELECT 1;\n=======\n",
        ">>>>>>>",
    ] {
        assert_eq!(faults(sql, Syntax::Shared), [conflict], "{sql}");
    }
    let two = "<<<<<<< a\n=======\n>>>>>>> b\n<<<<<<< a\n=======\n>>>>>>> b\n";
    assert_eq!(faults(two, Syntax::Sqlite), [conflict, conflict]);
    for sql in [
        "/*\n=======\n Title\n=======\n*/ SELECT 1",
        "SELECT '\n<<<<<<< HEAD\n=======\n>>>>>>> b\n'",
        "SELECT 1 <<<<<<< 2",
        "SELECT 1\n<<<<<<<<< 2",
        "--=======\n-- =======\nSELECT 1",
    ] {
        assert!(faults(sql, Syntax::Shared).is_empty(), "{sql}");
    }
}

#[test]
fn words_of_clients_are_refused() {
    for (sql, word, client) in [
        ("DELIMITER $$\nCREATE FUNCTION f() ...", "DELIMITER", "mysql"),
        ("SELECT 1;\ndelimiter ;\n", "delimiter", "mysql"),
        ("source other.sql\n", "source", "mysql"),
        ("GO\nSELECT 1", "GO", "sqlcmd"),
    ] {
        let message = format!("`{word}` is a command of the {client} client, not SQL");
        for syntax in [Syntax::Shared, Syntax::Postgres, Syntax::Sqlite] {
            assert_eq!(faults(sql, syntax), [message.as_str()], "{sql}");
        }
    }
    assert_eq!(shared("SELECT 1 AS source, delimiter FROM go"), ["SELECT 1 AS source, delimiter FROM go"]);
}
