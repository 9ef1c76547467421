//! Each rule of `gapless lint` has a script in which it fires, and one beside it in which it does not.

#![cfg(all(feature = "lint", feature = "postgres", feature = "sqlite"))]

mod terminal;

use std::collections::BTreeSet;

use serde_json::Value;
use terminal::Terminal;

/// The rule, a script in which it fires, and one in which it does not.
const CASES: [(&str, &str, &str); 64] = [
    (
        "adding-field-with-default",
        "ALTER TABLE a ADD COLUMN b uuid DEFAULT gen_random_uuid();",
        "ALTER TABLE a ADD COLUMN b int DEFAULT 1;",
    ),
    (
        "adding-foreign-key-constraint",
        "ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES d (id);",
        "ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (b) REFERENCES d (id) NOT VALID;",
    ),
    (
        "adding-not-nullable-field",
        "ALTER TABLE a ALTER COLUMN b SET NOT NULL;",
        "ALTER TABLE a ADD CONSTRAINT c CHECK (b IS NOT NULL) NOT VALID;",
    ),
    (
        "adding-required-field",
        "ALTER TABLE a ADD COLUMN b text NOT NULL;",
        "ALTER TABLE a ADD COLUMN b text NOT NULL DEFAULT '';",
    ),
    (
        "adding-serial-primary-key-field",
        "ALTER TABLE a ADD PRIMARY KEY (id);",
        "ALTER TABLE a ADD CONSTRAINT k PRIMARY KEY USING INDEX i;",
    ),
    (
        "backfill-alone",
        "ALTER TABLE a ADD COLUMN b text;\nUPDATE a SET b = c;",
        "CREATE TABLE b (c text);\nINSERT INTO b SELECT c FROM a;",
    ),
    ("ban-add-column", "ALTER TABLE a ADD COLUMN b text;", "CREATE TABLE a (b text);"),
    ("ban-add-composite-attribute", "ALTER TYPE t ADD ATTRIBUTE b text;", "CREATE TYPE t AS (b text);"),
    ("ban-add-enum-value", "ALTER TYPE t ADD VALUE 'a' AFTER 'b';", "CREATE TYPE t AS ENUM ('a');"),
    ("ban-alter-database-options", "ALTER DATABASE a SET work_mem = '1MB';", "SET work_mem = '1MB';"),
    (
        "ban-alter-domain-with-add-constraint",
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0);",
        "ALTER DOMAIN d SET DEFAULT 1;",
    ),
    ("ban-alter-extension", "ALTER EXTENSION e UPDATE;", "CREATE EXTENSION e;"),
    (
        "ban-alter-function-options",
        "ALTER FUNCTION f() SECURITY DEFINER;",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    (
        "ban-alter-generated-expression",
        "ALTER TABLE a ALTER COLUMN b SET EXPRESSION AS (c + 1);",
        "ALTER TABLE a ALTER COLUMN b SET DEFAULT 1;",
    ),
    (
        "ban-alter-identity",
        "ALTER TABLE a ALTER COLUMN b DROP IDENTITY;",
        "ALTER TABLE a ALTER COLUMN b SET STATISTICS 100;",
    ),
    ("ban-alter-policy-condition", "ALTER POLICY p ON a USING (true);", "COMMENT ON TABLE a IS 'x';"),
    ("ban-alter-policy-roles", "ALTER POLICY p ON a TO r;", "ALTER POLICY p ON a USING (true);"),
    ("ban-alter-role-options", "ALTER ROLE r NOLOGIN;", "CREATE ROLE r;"),
    (
        "ban-alter-row-level-security",
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY;",
        "ALTER TABLE a SET (fillfactor = 70);",
    ),
    ("ban-alter-sequence-values", "ALTER SEQUENCE s RESTART WITH 1;", "CREATE SEQUENCE s START WITH 1;"),
    ("ban-alter-view-options", "ALTER VIEW v SET (security_barrier = true);", "CREATE VIEW v AS SELECT 1;"),
    ("ban-char-field", "CREATE TABLE a (b char(3));", "CREATE TABLE a (b text);"),
    (
        "ban-create-domain-with-constraint",
        "CREATE DOMAIN d AS bigint CHECK (VALUE > 0);",
        "CREATE DOMAIN d AS bigint;",
    ),
    ("ban-create-policy", "CREATE POLICY p ON a USING (true);", "DROP POLICY p ON a;"),
    ("ban-detach-inheritance", "ALTER TABLE a NO INHERIT b;", "ALTER TABLE a INHERIT b;"),
    ("ban-disable-trigger", "ALTER TABLE a DISABLE TRIGGER t;", "ALTER TABLE a VALIDATE CONSTRAINT t;"),
    ("ban-drop-column", "ALTER TABLE a DROP COLUMN b;", "ALTER TABLE a ADD COLUMN b text;"),
    ("ban-drop-constraint", "ALTER TABLE a DROP CONSTRAINT c;", "ALTER TABLE a VALIDATE CONSTRAINT c;"),
    (
        "ban-drop-default",
        "ALTER TABLE a ALTER COLUMN b DROP DEFAULT;",
        "ALTER TABLE a ALTER COLUMN b SET DEFAULT 1;",
    ),
    ("ban-drop-domain", "DROP DOMAIN d;", "CREATE DOMAIN d AS text;"),
    ("ban-drop-extension", "DROP EXTENSION e;", "CREATE EXTENSION e;"),
    (
        "ban-drop-function",
        "DROP FUNCTION f();",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    ),
    (
        "ban-drop-generated-expression",
        "ALTER TABLE a ALTER COLUMN b DROP EXPRESSION;",
        "ALTER TABLE a ALTER COLUMN b SET DEFAULT 1;",
    ),
    ("ban-drop-index", "DROP INDEX i;", "CREATE INDEX i ON a (b);"),
    (
        "ban-drop-not-null",
        "ALTER TABLE a ALTER COLUMN b DROP NOT NULL;",
        "ALTER TABLE a ALTER COLUMN b SET NOT NULL;",
    ),
    ("ban-drop-policy", "DROP POLICY p ON a;", "CREATE POLICY p ON a USING (true);"),
    ("ban-drop-schema", "DROP SCHEMA s;", "CREATE SCHEMA s;"),
    ("ban-drop-sequence", "DROP SEQUENCE s;", "CREATE SEQUENCE s;"),
    ("ban-drop-table", "DROP TABLE a;", "CREATE TABLE a (b text);"),
    ("ban-drop-trigger", "DROP TRIGGER t ON a;", "CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f();"),
    ("ban-drop-type", "DROP TYPE t;", "CREATE TYPE t AS (b text);"),
    ("ban-drop-view", "DROP VIEW v;", "CREATE VIEW v AS SELECT 1;"),
    ("ban-duplicate-column-assignments", "UPDATE a SET b = 1, b = 2;", "UPDATE a SET b = 1, c = 2;"),
    (
        "ban-new-write-restriction",
        "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID;",
        "ALTER TABLE a ADD COLUMN b text;",
    ),
    ("ban-replace-view-function", "CREATE OR REPLACE VIEW v AS SELECT 1;", "CREATE VIEW v AS SELECT 1;"),
    ("ban-replica-identity", "ALTER TABLE a REPLICA IDENTITY FULL;", "ALTER TABLE a SET (fillfactor = 70);"),
    ("ban-revoke", "REVOKE SELECT ON a FROM b;", "GRANT SELECT ON a TO b;"),
    (
        "ban-set-default",
        "ALTER TABLE a ALTER COLUMN b SET DEFAULT 1;",
        "ALTER TABLE a ADD COLUMN b int DEFAULT 1;",
    ),
    ("ban-set-schema", "ALTER TABLE a SET SCHEMA s;", "CREATE TABLE s.a (b text);"),
    ("ban-truncate-cascade", "TRUNCATE a CASCADE;", "TRUNCATE a;"),
    (
        "changing-column-type",
        "ALTER TABLE a ALTER COLUMN b TYPE bigint;",
        "ALTER TABLE a ADD COLUMN b bigint;",
    ),
    (
        "concurrently-alone",
        "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY i ON a (b);\nSELECT 1;",
        "-- gapless: no-transaction\nSET maintenance_work_mem = '1GB';\nCREATE INDEX CONCURRENTLY i ON a (b);",
    ),
    (
        "constraint-missing-not-valid",
        "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0);",
        "ALTER TABLE a ADD CONSTRAINT c CHECK (b > 0) NOT VALID;",
    ),
    (
        "disallowed-unique-constraint",
        "ALTER TABLE a ADD CONSTRAINT c UNIQUE (b);",
        "ALTER TABLE a ADD CONSTRAINT c UNIQUE USING INDEX i;",
    ),
    (
        "identifier-too-long",
        "CREATE TABLE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (b text);",
        "CREATE TABLE a (b text);",
    ),
    ("prefer-bigint-over-int", "CREATE TABLE a (b int);", "CREATE TABLE a (b bigint);"),
    ("prefer-bigint-over-smallint", "CREATE TABLE a (b smallint);", "CREATE TABLE a (b bigint);"),
    (
        "prefer-identity",
        "CREATE TABLE a (b bigserial);",
        "CREATE TABLE a (b bigint GENERATED ALWAYS AS IDENTITY);",
    ),
    ("prefer-text-field", "CREATE TABLE a (b varchar(100));", "CREATE TABLE a (b text);"),
    ("prefer-timestamp-tz", "CREATE TABLE a (b timestamp);", "CREATE TABLE a (b timestamptz);"),
    ("renaming-column", "ALTER TABLE a RENAME COLUMN b TO c;", "ALTER TABLE a RENAME TO c;"),
    ("renaming-object", "ALTER INDEX i RENAME TO j;", "ALTER TABLE a RENAME COLUMN b TO c;"),
    ("renaming-table", "ALTER TABLE a RENAME TO b;", "ALTER TABLE a RENAME COLUMN b TO c;"),
    (
        "require-concurrent-index-creation",
        "CREATE INDEX i ON a (b);",
        "CREATE TABLE a (b text);\nCREATE INDEX i ON a (b);",
    ),
];

/// More of them: an array of constants has a length, and a file has an end.
const MORE: [(&str, &str, &str); 12] = [
    (
        "ban-alter-system-options",
        "-- gapless: no-transaction\nALTER SYSTEM SET work_mem = '1MB';",
        "SET work_mem = '1MB';",
    ),
    ("ban-drop-database", "-- gapless: no-transaction\nDROP DATABASE d;", "DROP ROLE d;"),
    (
        "require-concurrent-index-deletion",
        "DROP INDEX i;",
        "-- gapless: no-transaction\nDROP INDEX CONCURRENTLY i;",
    ),
    (
        "require-concurrent-partition-detach",
        "ALTER TABLE a DETACH PARTITION b;",
        "ALTER TABLE a ATTACH PARTITION b DEFAULT;",
    ),
    (
        "require-concurrent-reindex",
        "REINDEX TABLE a;",
        "-- gapless: no-transaction\nREINDEX TABLE CONCURRENTLY a;",
    ),
    ("require-enum-value-ordering", "ALTER TYPE t ADD VALUE 'a';", "ALTER TYPE t ADD VALUE 'a' AFTER 'b';"),
    (
        "require-lock-timeout",
        "ALTER TABLE a ADD COLUMN b text;",
        "-- gapless: lock-timeout 2s\nALTER TABLE a ADD COLUMN b text;",
    ),
    (
        "require-statement-timeout",
        "ALTER TABLE a ADD COLUMN b text;",
        "-- gapless: statement-timeout 5min\nALTER TABLE a ADD COLUMN b text;",
    ),
    ("require-table-schema", "CREATE TABLE a (b text);", "CREATE TABLE s.a (b text);"),
    ("syntax-error", "SELEC 1;", "SELECT 1;"),
    (
        "unknown-rule",
        "-- gapless: allow ban-everything: why\nSELECT 1;",
        "-- gapless: allow prefer-robust-stmts: why\nSELECT 1;",
    ),
    (
        "unused-allow",
        "-- gapless: allow ban-drop-table: why\nSELECT 1;",
        "-- gapless: allow ban-drop-table: why\nDROP TABLE a;",
    ),
];

#[test]
fn each_rule_fires_and_keeps_quiet() {
    let terminal = Terminal::new(String::new());
    let listed = terminal.output("gapless lint --rules");
    let rules = listed.split("\n\n").next().expect("the rules come first").lines().skip(1);
    let rules: BTreeSet<_> =
        rules.filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect();
    let cases: Vec<_> = CASES.iter().chain(&MORE).collect();
    let covered: BTreeSet<_> = cases.iter().map(|(rule, ..)| (*rule).to_owned()).collect();
    assert_eq!(rules, covered, "each rule has a case");
    for (index, (rule, fires, quiet)) in cases.iter().enumerate() {
        terminal.file(&format!("migrations/{}_{rule}_fires.up.sql", 2 * index + 1), &format!("{fires}\n"));
        terminal.file(&format!("migrations/{}_{rule}_quiet.up.sql", 2 * index + 2), &format!("{quiet}\n"));
    }
    let include: String = rules.iter().map(|rule| format!(" --include {rule}")).collect();
    let found = terminal.output(&format!("gapless lint --format json{include}"));
    let found: Value = serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {found}"));
    let findings = found["findings"].as_array().expect("a list");
    let fired = |rule: &str, half: &str| {
        let file = format!("_{rule}_{half}.up.sql");
        findings.iter().any(|finding| {
            finding["rule"] == rule && finding["file"].as_str().is_some_and(|name| name.ends_with(&file))
        })
    };
    let silent: Vec<_> =
        cases.iter().filter(|(rule, ..)| !fired(rule, "fires")).map(|(rule, ..)| rule).collect();
    assert!(silent.is_empty(), "they do not fire: {silent:?}");
    let loud: Vec<_> =
        cases.iter().filter(|(rule, ..)| fired(rule, "quiet")).map(|(rule, ..)| rule).collect();
    assert!(loud.is_empty(), "they fire where they should not: {loud:?}");
}
