//! `gapless lint`: its output, what it looks at, and how findings are allowed.

#![cfg(all(feature = "lint", feature = "postgres", feature = "sqlite"))]

mod terminal;

use serde_json::{Value, json};
use terminal::Terminal;

const ORDERS: &str = "\
CREATE TABLE orders (id bigint PRIMARY KEY, note text);

ALTER TABLE customers
    ADD COLUMN phone text,
    ALTER COLUMN email SET NOT NULL;
UPDATE customers SET phone = '';
";

const INDEX: &str = "-- gapless: no-transaction\nCREATE INDEX CONCURRENTLY orders_note ON orders (note);\n";

fn terminal() -> Terminal {
    let terminal = Terminal::new(String::new());
    terminal.file("migrations/1_orders.up.sql", ORDERS);
    terminal.file("migrations/1_orders.down.sql", "DROP TABLE orders;\n");
    terminal.file("migrations/2_orders_note.up.sql", INDEX);
    terminal.file("migrations/3_old.tombstone.sql", "-- It was never applied.\n");
    terminal
}

#[test]
fn text() {
    let mut terminal = terminal();
    terminal.run("gapless lint");
    terminal.run("gapless lint migrations/2_orders_note.up.sql");
    terminal.run("gapless lint migrations/1_orders.down.sql");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn for_programs() {
    let mut terminal = terminal();
    terminal.run("gapless lint --format json");
    terminal.run("gapless lint --format sarif");
    terminal.run("gapless lint --format github");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn what_is_looked_at() {
    let mut terminal = terminal();
    terminal.note("files that the lock lists were looked at before");
    terminal.run("cd migrations && sha256sum 1* 3* > migrations.lock");
    terminal.run("gapless lint --except require-lock-timeout");
    terminal.run("gapless lint --all --except require-lock-timeout,x");
    terminal.run(
        "gapless lint --all --except require-lock-timeout,backfill-alone --except adding-not-nullable-field",
    );
    terminal.file("gapless.toml", "[lint]\nexcept = [\"require-lock-timeout\", \"backfill-alone\"]\n");
    terminal.run("gapless lint --all --except adding-not-nullable-field --include ban-add-column");
    terminal.run("gapless lint gapless.toml");
    terminal.run("gapless lint missing.sql");
    terminal.file("gapless.toml", "[lint]\nexcept = [\"robust\"]\n");
    terminal.run("gapless lint");
    terminal.run("gapless lint --dialect sqlite --config /dev/null");
    terminal.run("gapless lint --database-url sqlite:app.db --config /dev/null");
    terminal.run("gapless lint --dialect mariadb --config /dev/null");
    terminal.run("gapless lint --database-url mysql://root@localhost/app --config /dev/null");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn what_is_pending() {
    let mut terminal = Terminal::postgres();
    terminal.file("migrations/1_orders.up.sql", "CREATE TABLE orders (id int);\n");
    terminal.run("gapless up");
    terminal.file("migrations/2_note.up.sql", "ALTER TABLE orders ADD COLUMN note char(3);\n");
    terminal.run("gapless lint --pending");
    terminal.run("gapless lint --pending --database-url postgres://nobody@127.0.0.1:1/shop");
    terminal.run("gapless lint --pending --all");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn what_a_branch_adds() {
    let mut terminal = Terminal::new(String::new());
    let git = "git -c user.name=a -c user.email=a@example.org";
    terminal.file("migrations/1_orders.up.sql", "CREATE TABLE orders (id int);\n");
    terminal.output(&format!(
        "git init -q -b main . && git add . && {git} commit -qm base && git checkout -qb b"
    ));
    terminal.file("migrations/2_note.up.sql", "ALTER TABLE orders ADD COLUMN note char(3);\n");
    terminal.run("gapless lint --base main");
    terminal.run("gapless lint --base elsewhere");
    terminal.note("annotations name files from the top of the repository");
    terminal.file("service/migrations/1_old.up.sql", "DROP TABLE old;\n");
    terminal.run("cd service && gapless lint --except require-lock-timeout --format github");
    terminal.run("cd service && gapless lint --except require-lock-timeout | head -n 2");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn allowed() {
    let mut terminal = Terminal::new(String::new());
    let with = |header: &str, above: &str| {
        format!(
            "{header}SELECT 1;\n{above}DROP TABLE a;\n-- gapless: allow require-lock-timeout: it is not used\nDROP TABLE b;\n"
        )
    };
    let header = "-- gapless: lock-timeout 2s\n";
    terminal.file("migrations/1_both.up.sql", &with(header, ""));
    terminal.file(
        "migrations/2_statement.up.sql",
        &with(header, "-- gapless: allow ban-drop-table: nobody uses it\n"),
    );
    terminal.file(
        "migrations/3_file.up.sql",
        &with("-- gapless: lock-timeout 2s\n-- gapless: allow ban-drop-table: nobody uses them\n", ""),
    );
    terminal.file("migrations/4_squawk.up.sql", &with(header, "-- squawk-ignore ban-drop-table\n"));
    terminal.file(
        "migrations/5_ours.up.sql",
        &with("-- squawk-ignore-file require-lock-timeout, ban-drop-table\n", ""),
    );
    terminal
        .file("migrations/6_unknown.up.sql", "-- gapless: allow drop-table: nobody uses it\nDROP TABLE a;\n");
    terminal.run("gapless lint --except unused-allow");
    terminal.note("the build refuses an allowance that would be ignored");
    terminal.file("migrations/7_why.up.sql", "-- gapless: allow ban-drop-table\nDROP TABLE a;\n");
    terminal.run("gapless check");
    terminal.run("gapless lint");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn sections_keep_their_lines() {
    let mut terminal = Terminal::new(String::new());
    let text = "-- +goose Up\n-- Why.\nDROP TABLE a;\n\n-- +goose Down\nCREATE TABLE a (id bigint);\n";
    terminal.file("migrations/1_drop.sql", text);
    terminal.run("gapless lint --layout goose --except require-lock-timeout");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn nobody_waits_for_what_the_file_creates() {
    let mut terminal = Terminal::new(String::new());
    let new = "CREATE TABLE a (id bigint PRIMARY KEY, b bigint);\nCREATE INDEX i ON a (b);\nCREATE VIEW v AS SELECT 1;\n\
               ALTER TABLE a ADD COLUMN c text;\nUPDATE a SET c = '';\nDROP INDEX i;\nTRUNCATE a;\n\
               CREATE OR REPLACE VIEW v AS SELECT 2;\n";
    terminal.file("migrations/1_new.up.sql", new);
    terminal.file(
        "migrations/2_refers.up.sql",
        &format!("{new}ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES old;\n"),
    );
    terminal.file("migrations/3_mixed.up.sql", &format!("{new}DROP TABLE a, old;\n"));
    let ours = "--format github | grep -o 'file=.*=backfill-alone.*\\|file=.*=require-lock-timeout.*'";
    terminal.run(&format!("gapless lint {ours}"));
    insta::assert_snapshot!(terminal.seen());
}

/// Those that read the documents get one, whatever `check` refuses.
#[test]
fn refused() {
    let mut terminal = Terminal::new(String::new());
    terminal.file("service/migrations/1_a.up.sql", "SELECT 1;\nCOMMIT;\n");
    terminal.file("service/migrations/2_b.up.sql", "");
    terminal.file("service/migrations/2_c.up.sql", "SELECT 1;\n");
    terminal.file("service/migrations/renames.txt", "# x\na b\n");
    terminal.output("git init -q .");
    terminal.run("cd service && gapless lint");
    terminal.run("cd service && gapless lint --format json");
    terminal.run("cd service && gapless lint --format sarif");
    terminal.run("cd service && gapless lint --format github");
    insta::assert_snapshot!(terminal.seen());
}

#[test]
fn a_file_is_looked_at_once() {
    let terminal = terminal();
    let twice = "gapless lint migrations/2_orders_note.up.sql ./migrations/2_orders_note.up.sql";
    assert_eq!(
        terminal.output(&format!("{twice} --include require-table-schema || true")),
        terminal
            .output("gapless lint migrations/2_orders_note.up.sql --include require-table-schema || true")
    );
}

/// Squawk's parser calls itself for each level, and so does what frees its trees.
#[test]
fn nesting_is_no_danger() {
    let mut terminal = Terminal::new(String::new());
    let nested = |open: &str, close: &str, depth: usize| {
        format!("SELECT {}1{};\nDROP TABLE old;\n", open.repeat(depth), close.repeat(depth))
    };
    for (open, close, depth) in [
        ("(", ")", 3_200),
        ("(SELECT 1, ", ")", 3_000),
        ("ARRAY[1, ", "]", 4_000),
        ("CASE WHEN f(1, 2) THEN ", " END", 4_000),
        ("1 + ", "", 35_000),
        ("1, 2 UNION ALL SELECT ", "", 35_000),
    ] {
        terminal.file("migrations/1_deep.up.sql", &nested(open, close, depth));
        let found = terminal.output("gapless lint --format github --except require-lock-timeout | tail -n 1");
        assert!(found.contains("title=ban-drop-table::"), "{open}: {found}");
    }
    terminal.file("migrations/1_deep.up.sql", &nested("(", ")", 50_000));
    terminal.run("gapless lint --format github");
    terminal.file(
        "migrations/1_deep.up.sql",
        &format!("-- gapless: allow syntax-error: it is generated\n{}", nested("(", ")", 50_000)),
    );
    terminal.run("gapless lint");
    // Many rows are not deep.
    let rows = "(1, 'a'), ".repeat(60_000);
    terminal.file("migrations/1_deep.up.sql", &format!("INSERT INTO a VALUES {rows}(1, 'b');\n"));
    terminal.run("gapless lint");
    insta::assert_snapshot!(terminal.seen());
}

/// The properties that SARIF 2.1.0 requires (its sections 3.13, 3.14, 3.19, 3.27, 3.30), and those that refer to each
/// other.
#[test]
fn sarif_is_complete() {
    let terminal = terminal();
    let log: Value =
        serde_json::from_str(&terminal.output("gapless lint --all --format sarif")).expect("it is JSON");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"].as_array().expect("runs")[0];
    assert!(run["tool"]["driver"]["name"].is_string());
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert!(!results.is_empty());
    let levels = [json!("none"), json!("note"), json!("warning"), json!("error")];
    for rule in rules {
        assert!(rule["id"].is_string() && levels.contains(&rule["defaultConfiguration"]["level"]));
        assert!(
            rule.get("helpUri").is_none_or(|uri| uri.as_str().is_some_and(|uri| uri.starts_with("https://")))
        );
    }
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("a small one");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(result["message"]["text"].is_string() && levels.contains(&result["level"]));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a URI");
        assert!(terminal.directory().join(uri).exists(), "{uri}");
        let number = |name: &str| place["region"][name].as_u64().expect("a number");
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert!((number("endLine"), number("endColumn")) > (number("startLine"), number("startColumn")));
    }
}
