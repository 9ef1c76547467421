//! What is to be seen of a run on MariaDB while it goes on.

#![cfg(all(feature = "binary", feature = "mysql"))]

mod terminal;

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use mysql::prelude::Queryable;
use serde_json::Value;
use terminal::Terminal;

/// Two migrations, of which the second copies a table for three seconds.
fn slow_copy() -> Terminal {
    let terminal = Terminal::mysql();
    terminal.sql("CREATE TABLE orders AS SELECT seq AS id FROM seq_1_to_100000");
    terminal.file("migrations/1_customers.sql", "CREATE TABLE customers (id int);\n");
    terminal.file(
        "migrations/2_total.sql",
        "ALTER TABLE orders ADD COLUMN total int NOT NULL DEFAULT (length(sha2(repeat(id, 5000), 512))), ALGORITHM = COPY;\n",
    );
    terminal
}

#[test]
fn a_copied_table_tells_how_far_it_is() {
    let output = slow_copy().command("gapless up").output().expect("a shell starts");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is text");
    let (report, lines) = (text(&output.stdout), text(&output.stderr));
    assert!(report.starts_with("2 applied, 0 were already"), "{report}{lines}");
    assert!(lines.contains("ALTER TABLE orders: copy to tmp table, stage 1 of 2"), "{lines}");
    assert!(!report.contains("copy"), "{report}");
}

#[test]
fn json_has_the_per_cent_and_what_is_recorded() {
    let output = slow_copy().command("gapless up --json").output().expect("a shell starts");
    let text = String::from_utf8(output.stdout).expect("it is text");
    let events = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON"));
    let events: Vec<Value> = events.collect();
    let schema = terminal::schema::Schema::read("event");
    events.iter().for_each(|event| schema.check(event));
    let copying =
        events.iter().find(|event| event["event"] == "progress" && event["percent"].as_f64() > Some(0.0));
    let copying = copying.unwrap_or_else(|| unreachable!("{events:#?}"));
    assert_eq!(
        (&copying["command"], &copying["applied"], &copying["unit"]),
        (&"ALTER TABLE orders".into(), &1.into(), &Value::Null)
    );
}

#[test]
fn who_holds_a_row_is_named() {
    let terminal = Terminal::mysql();
    terminal.sql("CREATE TABLE orders (id int PRIMARY KEY) ENGINE = InnoDB; INSERT INTO orders VALUES (1)");
    terminal.file("migrations/1_orders.sql", "-- gapless: lock-timeout 20s\nUPDATE orders SET id = 2;\n");
    let mut other = terminal.mysql_client();
    other.query_drop("START TRANSACTION; DELETE FROM orders WHERE id = 1").expect("it works");
    let mut command = terminal.command("gapless up");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell starts");
    thread::sleep(Duration::from_millis(3000));
    other.query_drop("COMMIT").expect("it is committed");
    let output = child.wait_with_output().expect("it ends");
    let lines = String::from_utf8(output.stderr).expect("it is text");
    let expected = format!("waiting for a lock of backend {} (root), sleep\n", other.connection_id());
    assert!(output.status.success() && lines.contains(&expected), "{lines}");
}
