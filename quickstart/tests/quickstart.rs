//! The commands of the README, as its reader runs them.

use std::process::Command;

use mysql::prelude::Queryable;

fn quickstart(directory: &std::path::Path, arguments: &[&str], url: Option<&str>) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    command
        .current_dir(directory)
        .args(arguments)
        .env_remove("DATABASE_URL")
        .envs(url.map(|url| ("DATABASE_URL", url)));
    let output = command.output().expect("the quickstart runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), timeless(&String::from_utf8(text).expect("it prints text")))
}

/// Times are the only thing that differs from run to run.
fn timeless(text: &str) -> String {
    let units = [" ms", " s"];
    let line = |line: &str| {
        let mut line = line.replace("under 1 ms", "TIME");
        for unit in units {
            while let Some((head, tail)) =
                line.split_once(unit).filter(|(head, _)| head.ends_with(|c: char| c.is_ascii_digit()))
            {
                line =
                    format!("{}TIME{tail}", head.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'));
            }
        }
        line
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_first_run_applies_and_the_second_has_nothing_to_do() {
    let directory = tempfile::tempdir().expect("a directory is made");
    let (ok, first) = quickstart(directory.path(), &[], None);
    assert!(ok, "{first}");
    insta::assert_snapshot!("first", first);
    let (ok, second) = quickstart(directory.path(), &[], None);
    assert!(ok, "{second}");
    insta::assert_snapshot!("second", second);
}

/// What the database says of the example's tables.
fn totals(database: &gapless_tests::mysql_server::Database) -> Vec<(i64, i64)> {
    let mut client = database.connect();
    let orders = "INSERT INTO customers (id, name, email) VALUES (1, 'Ada', 'ada@example.com'); \
                  INSERT INTO orders (id, customer_id) VALUES (1, 1); INSERT INTO order_lines VALUES (1, 1, 2, 690)";
    client.query_drop(orders).expect("an order is taken");
    let twice = "INSERT INTO customers (id, name, email) VALUES (2, 'Ada', 'ADA@example.com')";
    assert!(client.query_drop(twice).is_err(), "an address is unique whatever its case");
    client.query("SELECT total_cents, items FROM order_totals").expect("the view is there")
}

#[test]
fn a_url_of_mysql_has_a_set_of_its_own() {
    let directory = tempfile::tempdir().expect("a directory is made");
    for scheme in ["mysql", "mariadb"] {
        let database = gapless_tests::mysql_server::server().database();
        let url = database.url().replacen("mysql", scheme, 1);
        let run = |arguments: &[&str]| quickstart(directory.path(), arguments, Some(&url));
        let (ok, first) = run(&[]);
        assert!(ok, "{first}");
        assert!(first.starts_with("database: MySQL or MariaDB\nplan: 10 pending, 0 applied\n"), "{first}");
        assert!(first.contains("\n10 applied, 0 were already ("), "{first}");
        let (ok, second) = run(&[]);
        let current =
            "database: MySQL or MariaDB\nnothing to do: all 10 migrations are applied (1 round trip, TIME)";
        assert_eq!((ok, &*second), (true, current));
        assert_eq!(totals(&database), [(1380, 2)]);
        database.connect().query_drop("DELETE FROM order_lines; DELETE FROM orders").expect("they go");
        let (ok, down) = run(&["migrate", "down", "--to", "0", "--yes"]);
        assert!(ok, "{down}");
        let left: Vec<String> = database.connect().query("SHOW TABLES").expect("it answers");
        assert_eq!(left, ["applied_migrations", "applied_migrations_journal"]);
    }
    let names = |directory: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(directory);
        let entries = std::fs::read_dir(path).expect("the directory is there");
        let mut names: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("migrations"), names("migrations-mysql"));
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().expect("a directory is made");
    let (ok, text) = quickstart(directory.path(), &[], Some("postgres://nobody@127.0.0.1:1/nothing"));
    assert!(!ok);
    assert!(text.starts_with("error: cannot reach the database of DATABASE_URL: "), "{text}");
    let (ok, text) = quickstart(directory.path(), &[], Some("mysql://nobody@127.0.0.1:1/nothing"));
    assert!(!ok);
    assert!(text.starts_with("error: cannot reach the database of DATABASE_URL: "), "{text}");
    assert!(text.contains("refused"), "{text}");
}

#[test]
fn the_commands_are_mounted() {
    let directory = tempfile::tempdir().expect("a directory is made");
    let migrate = |command: &[&str]| quickstart(directory.path(), &[&["migrate"], command].concat(), None);
    let (ok, verified) = migrate(&["verify"]);
    assert!(!ok && verified.contains("10 migrations are not applied"), "{verified}");
    let (ok, applied) = migrate(&["up", "--to", "9"]);
    assert!(ok, "{applied}");
    let (ok, status) = migrate(&["status"]);
    assert!(ok, "{status}");
    // Times and durations follow.
    let states =
        status.lines().skip(1).map(|line| line.split_whitespace().take(3).collect::<Vec<_>>().join(" "));
    let states: Vec<_> = states.filter(|line| !line.is_empty()).collect();
    assert_eq!(
        (&*states[0], &*states[8], &*states[9]),
        ("1 customers applied", "9 customer_phone applied", "10 open_orders_index pending")
    );
    assert!(migrate(&["up"]).0 && migrate(&["verify"]).0);
}
