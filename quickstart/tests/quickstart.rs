//! The commands of the README, as its reader runs them.

use std::process::Command;

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

#[test]
fn a_server_that_is_not_there_is_named() {
    let directory = tempfile::tempdir().expect("a directory is made");
    let (ok, text) = quickstart(directory.path(), &[], Some("postgres://nobody@127.0.0.1:1/nothing"));
    assert!(!ok);
    assert!(text.starts_with("error: cannot reach the database of DATABASE_URL: "), "{text}");
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
