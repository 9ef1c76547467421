//! Tests of taking apart scripts of MySQL and MariaDB. MariaDB 10.11 takes every statement here as one, except for the
//! packages, which need 11.4.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use gapless_core::{Syntax, split};
use proptest::prelude::*;

fn statements(sql: &str) -> Vec<&str> {
    let statements = split(sql, Syntax::Mysql).unwrap_or_else(|faults| panic!("{faults:?} in {sql}"));
    statements.into_iter().map(|statement| statement.text()).collect()
}

fn faults(sql: &str) -> Vec<String> {
    split(sql, Syntax::Mysql).err().unwrap_or_default().into_iter().map(|fault| fault.message).collect()
}

/// Asserts that each of these is one statement, between semicolons and between delimiters.
fn are_whole(statements_: &[&str]) {
    for one in statements_ {
        assert_eq!(statements(&format!("{one};\nSELECT 2;")), [*one, "SELECT 2"]);
        let delimited = format!("DELIMITER $$\n{one}$$\nSELECT 2 $$\nDELIMITER ;\nSELECT 3;");
        assert_eq!(statements(&delimited), [*one, "SELECT 2", "SELECT 3"]);
    }
}

#[test]
fn quotes_and_comments() {
    assert_eq!(statements("SELECT 'a\\';b'; SELECT \"a\\\";b\" # ;\n; SELECT `a;b`").len(), 3);
    assert_eq!(statements("SELECT 1--1; SELECT 2 -- ;"), ["SELECT 1--1", "SELECT 2"]);
    assert_eq!(statements("SELECT 1 --\t;\n;SELECT 2 --"), ["SELECT 1", "SELECT 2"]);
    assert_eq!(statements("SELECT /* a /* b */ 1; SELECT 2").len(), 2);
    assert_eq!(statements("SELECT N'a;', _utf8mb4'b;', x'41', b'1;'; SELECT 2").len(), 2);
    assert_eq!(statements("SELECT $$; SELECT $a$;").len(), 2);
    assert_eq!(faults("SELECT `a"), ["unterminated quoted identifier"]);
    assert_eq!(faults("SELECT \"a\\\""), ["unterminated string"]);
}

#[test]
fn bodies_need_no_block() {
    are_whole(&[
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.x > 1 THEN SET NEW.x = 1; END IF",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW FOLLOWS db.other SET NEW.x = NEW.end",
        "CREATE TRIGGER t AFTER UPDATE ON `row` FOR EACH ROW PRECEDES o b: BEGIN SELECT 1; END b",
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW CASE WHEN 1 THEN SET @a = 1; ELSE BEGIN END; END CASE",
        "CREATE PROCEDURE p() WHILE 0 DO SELECT 1; END WHILE",
        "CREATE PROCEDURE p() l: LOOP LEAVE l; END LOOP l",
        "CREATE PROCEDURE p() until: LOOP LEAVE until; END LOOP",
        "CREATE PROCEDURE p() REPEAT SET @a = 1; UNTIL @a END REPEAT",
        "CREATE PROCEDURE p() FOR i IN 1..3 DO SELECT i; END FOR",
        "CREATE PROCEDURE p() FOR r IN (SELECT a FROM t) DO SELECT r.a; END FOR",
        "CREATE PROCEDURE p() IF CASE WHEN 1 THEN 1 ELSE 0 END THEN SELECT 1; ELSEIF IF(1, 1, 0) THEN SELECT 2; ELSE SELECT 3; END IF",
        "CREATE PROCEDURE p() CASE 1 WHEN 1 THEN SELECT CASE 1 WHEN 1 THEN 2 END; END CASE",
        "CREATE PROCEDURE p() SELECT begin FROM t",
        "CREATE FUNCTION f(a INT) RETURNS ENUM('a', ';') CHARSET utf8mb4 DETERMINISTIC IF a THEN RETURN 'a'; ELSE RETURN 'b'; END IF",
        "CREATE FUNCTION f() RETURNS CHAR(3) CHARACTER SET utf8 COLLATE utf8_bin RETURN IF(1, 2, 3)",
        "CREATE FUNCTION f() RETURNS DOUBLE PRECISION COMMENT 'BEGIN' CASE WHEN 1 THEN RETURN 1; ELSE RETURN 2; END CASE",
        "CREATE AGGREGATE FUNCTION f() RETURNS INT SONAME 'x.so'",
        "CREATE DEFINER=`r`@`h` EVENT IF NOT EXISTS db.do ON SCHEDULE EVERY 1 DAY DO e: BEGIN SELECT 1; END e",
        "CREATE EVENT do ON SCHEDULE AT NOW() + INTERVAL CASE WHEN 1 THEN 2 END HOUR DO IF 1 THEN SELECT 1; END IF",
        "ALTER DEFINER=r@localhost EVENT e DO BEGIN SELECT 1; END",
        "CREATE OR REPLACE DEFINER=event@trigger.procedure PROCEDURE p(end INT) COMMENT 'x' LANGUAGE SQL NOT DETERMINISTIC \
         MODIFIES SQL DATA SQL SECURITY INVOKER BEGIN SELECT 1; END",
    ]);
}

#[test]
fn blocks_nest() {
    are_whole(&[
        "CREATE DEFINER=`r`@`h` PROCEDURE p() BEGIN IF 1 THEN SELECT IF(1, 2, 3); END IF; \
         WHILE 0 DO SET @x = REPEAT('a', 1); END WHILE; CASE 1 WHEN 1 THEN SELECT 1; END CASE; \
         BEGIN SELECT 2; END; END",
        "CREATE PROCEDURE p() BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION, NOT FOUND, SQLSTATE VALUE '42000' BEGIN SELECT 1; END; \
         DECLARE CONTINUE HANDLER FOR 1062 IF 1 THEN SELECT 1; END IF; SELECT 1; END",
        "CREATE PROCEDURE p() BEGIN DECLARE c CONDITION FOR 1062; DECLARE EXIT HANDLER FOR c, SQLWARNING SET @a = 1; END",
        "CREATE PROCEDURE p() BEGIN DECLARE c CURSOR FOR SELECT end FROM t FOR UPDATE; l: LOOP FETCH c INTO x; END LOOP; END",
        "CREATE PROCEDURE p() outer_: BEGIN inner_ : LOOP LEAVE inner_; END LOOP; END outer_",
        "CREATE PROCEDURE p() BEGIN COMMIT; START TRANSACTION; ROLLBACK; END",
        "CREATE PROCEDURE p() BEGIN NOT ATOMIC SELECT 1; END",
        "CREATE PROCEDURE p() BEGIN END",
        "CREATE AGGREGATE FUNCTION f(x INT) RETURNS INT BEGIN DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN 1; \
         LOOP FETCH GROUP NEXT ROW; END LOOP; END",
    ]);
}

/// MariaDB runs them outside of routines too.
#[test]
fn blocks_stand_alone() {
    are_whole(&[
        "BEGIN NOT ATOMIC SELECT 1; BEGIN SELECT 2; END; END",
        "IF 1 THEN SELECT 1; END IF",
        "WHILE 0 DO SELECT 1; END WHILE",
        "SET STATEMENT max_statement_time = 1 FOR BEGIN NOT ATOMIC SELECT 1; SELECT 2; END",
        "SET STATEMENT max_statement_time = 1 FOR CREATE PROCEDURE p() BEGIN SELECT 1; END",
        "CREATE OR REPLACE PACKAGE p COMMENT 'x' FUNCTION f() RETURNS INT; PROCEDURE q(); END",
        "CREATE PACKAGE BODY p DECLARE v INT; FUNCTION f() RETURNS INT BEGIN RETURN 1; END; PROCEDURE q() SET v = 1; END",
        "CREATE PACKAGE BODY p PROCEDURE q() IF 1 THEN SELECT 1; END IF; BEGIN SELECT 1; END",
    ]);
    assert_eq!(statements("BEGIN; SELECT 1; COMMIT;"), ["BEGIN", "SELECT 1", "COMMIT"]);
    assert_eq!(statements("BEGIN WORK; XA END 'a'"), ["BEGIN WORK", "XA END 'a'"]);
}

#[test]
fn the_words_of_blocks_are_names_elsewhere() {
    are_whole(&[
        "SELECT begin, end FROM t",
        "SELECT CASE WHEN 1 THEN end ELSE end END end FROM t",
        "SELECT t.case, @end, @case, @@global.begin, `if` FROM t",
        "CREATE TABLE t (event INT, end INT, begin INT, `if` INT)",
        "SELECT 1 AS 1end, 2 AS $end",
    ]);
    are_whole(&[
        "CREATE PROCEDURE p() BEGIN DECLARE end INT; SET end = 1; SELECT end, t.end, @end, 1end, CASE end WHEN end THEN end END; END",
        "CREATE PROCEDURE p(end INT) REPEAT SET @a = 1; UNTIL end END REPEAT",
        "CREATE PROCEDURE p(end INT) REPEAT SET @a = 1; UNTIL CASE end WHEN 1 THEN end END > end END REPEAT",
        "CREATE PROCEDURE p(end INT) WHILE @do > t.do DO SELECT end; END WHILE",
        "CREATE PROCEDURE p() BEGIN UPDATE t SET end = 1 WHERE begin > 3; INSERT INTO t (begin) SELECT begin FROM t; END",
        "CREATE VIEW v AS SELECT 1 end",
    ]);
}

#[test]
fn conditional_comments_hold_sql() {
    are_whole(&[
        "/*!40101 SET NAMES utf8 */",
        "/*!50003 CREATE*/ /*!50017 DEFINER=`r`@`h`*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN SET @a = 1; END */",
        "/*M!100100 SELECT 1 */",
        "SELECT 1 /*!50003 + 1 /* why */ */",
        "/*!4 */",
    ]);
    assert_eq!(statements("/*!50003 */; /* nothing */;"), Vec::<&str>::new());
    let several = "the end of a statement inside of a conditional comment";
    assert_eq!(faults("/*!50003 SELECT 1; */"), [several]);
    assert_eq!(faults("/*!50003 SELECT 1; SELECT 2 */;"), [several]);
    let hidden = "`*/` in quotes or a comment inside of a conditional comment";
    assert_eq!(faults("/*!99999 SELECT '*/' */; SELECT 2;"), [hidden]);
    assert_eq!(faults("SELECT 1 /*!99999 it's */; SELECT 'a';"), [hidden]);
    assert_eq!(faults("/*!50003 SELECT 1 -- a */ b\n + 1 */"), [hidden]);
    assert_eq!(faults("/*!50003 a /*!50003 b */ */"), ["a conditional comment inside of another"]);
    assert_eq!(faults("/*!50003 SELECT 1"), ["unterminated conditional comment"]);
}

/// The client cuts at its delimiter, and the server at semicolons.
#[test]
fn delimiters_are_obeyed_and_never_sent() {
    for (sql, expected) in [
        (
            "delimiter $$\nSELECT 1 a$$\nSELECT 3; SELECT 4$$\ndelimiter ;\nselect 5;",
            "SELECT 1 a|SELECT 3|SELECT 4|select 5",
        ),
        ("DELIMITER // -- why\nSELECT 1//", "SELECT 1"),
        ("  DELIMITER '//'\nSELECT 1//SELECT 2", "SELECT 1|SELECT 2"),
        ("DELIMITER //;\nSELECT 1//;\nSELECT 2; //;\n", "SELECT 1|SELECT 2"),
        ("DELIMITER ;;\nSELECT 1;;\nSELECT 2;\n;;", "SELECT 1|SELECT 2"),
        (
            "DELIMITER //\r\nSELECT 1 -- a // b\n// SELECT '//' // SELECT 5 /* // */ //",
            "SELECT 1|SELECT '//'|SELECT 5",
        ),
        ("DELIMITER go\nSELECT 1 go", "SELECT 1"),
        ("DELIMITER é\nSELECT 1é2é", "SELECT 1|2"),
        ("SELECT delimiter FROM t", "SELECT delimiter FROM t"),
    ] {
        assert_eq!(statements(sql).join("|"), expected, "{sql}");
    }
    for (sql, fault) in [
        ("DELIMITER\nSELECT 1;", "`DELIMITER` without a delimiter"),
        ("DELIMITER \\\\\nSELECT 1", "a delimiter with a backslash"),
        ("SELECT 1; DELIMITER //\nSELECT 2", "`DELIMITER` behind a statement"),
        ("DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; //", "`BEGIN` without its `END`"),
        ("SOURCE other.sql", "`SOURCE` is a command of the mysql client, not SQL"),
    ] {
        assert_eq!(faults(sql), [fault], "{sql}");
    }
}

#[test]
fn open_blocks_are_faults() {
    for (body, fault) in [
        ("BEGIN SELECT 1;", "`BEGIN` without its `END`"),
        ("IF 1 THEN SELECT 1;", "`IF` without its `END IF`"),
        ("WHILE 1 DO REPEAT SELECT 1;", "`WHILE` without its `END WHILE`"),
    ] {
        assert_eq!(faults(&format!("CREATE PROCEDURE p() {body} SELECT 2;")), [fault]);
    }
}

/// Statements of MySQL, each with a body or with words that look like those of one.
const PIECES: [&str; 16] = [
    "SELECT 'it''s \\'; END'",
    "SELECT \";\", `;` # ;\n",
    "CREATE PROCEDURE p() IF 1 THEN SELECT CASE WHEN 1 THEN end END; END IF",
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.end = 1",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN END",
    "CREATE FUNCTION f() RETURNS INT RETURN 1",
    "CREATE PROCEDURE p() x: REPEAT BEGIN DECLARE EXIT HANDLER FOR 1 SET @a = 1; END; UNTIL 1 END REPEAT x",
    "BEGIN NOT ATOMIC FOR i IN 1..2 DO SELECT 1; END FOR; END",
    "BEGIN",
    "SELECT end, begin",
    "/*!50003 CREATE*/ /*!50003 PROCEDURE p() BEGIN SELECT 1; END */",
    "ALTER TABLE t ADD COLUMN end INT",
    "\nDELIMITER //\nSELECT 1//\nDELIMITER ;\nSELECT 2",
    "SET STATEMENT a = 1 FOR SELECT 1",
    "DECLARE",
    "CASE 1 WHEN 1 THEN LOOP SELECT 1; END LOOP; END CASE",
];

proptest! {
    #[test]
    fn any_words_are_taken_apart_or_refused(words in proptest::collection::vec(prop::sample::select(vec![
        "CREATE ", "PROCEDURE ", "TRIGGER ", "EVENT ", "PACKAGE ", "BODY ", "p() ", "BEGIN ", "END ", "IF ", "CASE ", "WHEN ",
        "THEN ", "ELSE ", "LOOP ", "REPEAT ", "UNTIL ", "FOR ", "EACH ", "ROW ", "DO ", "x: ", ";", "(", ")", ". ", "@", "'a' ",
        "DECLARE ", "EXIT ", "HANDLER ", "/*!50003 ", "*/ ", "\nDELIMITER // \n", "//", "\nDELIMITER ;\n", "SET ", "STATEMENT ",
        "RETURNS ", "CHARACTER ", "NOT ", "ATOMIC ", "-- \n", "1é",
    ]), 0..30)) {
        let sql = words.concat();
        if let Ok(statements) = split(&sql, Syntax::Mysql) {
            let mut end = 0;
            for statement in statements {
                let span = statement.span();
                prop_assert!(end <= span.start && span.start < span.end);
                prop_assert_eq!(&sql[span.clone()], statement.text());
                // Each is a whole statement by itself.
                if !sql.contains("DELIMITER") {
                    let alone = split(statement.text(), Syntax::Mysql).unwrap();
                    prop_assert_eq!(alone.len(), 1);
                    prop_assert_eq!(alone[0].text(), statement.text());
                }
                end = span.end;
            }
        }
    }

    /// A top-level statement is found, whatever stands before it.
    #[test]
    fn nothing_hides_what_follows(parts in proptest::collection::vec(prop::sample::select(PIECES.to_vec()), 0..6)) {
        let sql = format!("{};COMMIT", parts.join(";"));
        prop_assert_eq!(statements(&sql).last().copied(), Some("COMMIT"));
    }
}
