//! Words of the commands for databases that no snapshot holds.

#![cfg(all(feature = "binary", feature = "postgres", feature = "sqlite"))]

mod terminal;

use std::process::Stdio;

use terminal::Terminal;

fn begin(terminal: &Terminal) {
    terminal.file("migrations/1_a.up.sql", "CREATE TABLE a (id bigint);\n");
    terminal.file("migrations/1_a.down.sql", "DROP TABLE a;\n");
}

#[test]
fn nothing_to_try() {
    let mut terminal = Terminal::sqlite();
    begin(&terminal);
    terminal.run("gapless up --to 1 >/dev/null 2>&1");
    terminal.run("gapless dry-run");
    terminal.file("migrations/2_b.sql", "-- gapless: no-transaction\nVACUUM;\n");
    terminal.run("gapless dry-run");
    assert_eq!(
        terminal.seen(),
        "$ gapless up --to 1 >/dev/null 2>&1\n\
         $ gapless dry-run\nnothing to try\n\
         $ gapless dry-run\nnone tried\n  not tried: 2 b, because it runs outside of a transaction\n"
    );
}

#[test]
fn what_is_rolled_back_is_listed_below_its_count() {
    let mut terminal = Terminal::sqlite();
    begin(&terminal);
    terminal.run("gapless up >/dev/null 2>&1");
    terminal.run("gapless down --yes");
    terminal.run("gapless down --yes");
    assert_eq!(
        terminal.seen(),
        "$ gapless up >/dev/null 2>&1\n\
         $ gapless down --yes\n1 to be rolled back\n  1 a\nrolling back 1 a\n\
         1 rolled back (3 round trips, DURATION)\n  1 a in DURATION\n\
         $ gapless down --yes\nerror: no migration is applied, so none can be rolled back\n[exit code 1]\n"
    );
}

#[test]
fn what_is_not_applied_is_counted_in_words() {
    let mut terminal = Terminal::sqlite();
    begin(&terminal);
    terminal.file("app.db", "");
    terminal.run("gapless verify");
    terminal.run("gapless wait --for 300ms --every 100ms");
    assert_eq!(
        terminal.seen(),
        "$ gapless verify\nerror: 1 migration is not applied:\n  migrations/1_a.up.sql\nhelp: run `up`\n[exit code 3]\n\
         $ gapless wait --for DURATION --every DURATION\nwaiting: 1 migration is not applied\n\
         error: not current after DURATION: 1 migration is not applied:\n  migrations/1_a.up.sql\nhelp: run `up`\n\
         [exit code 3]\n"
    );
    // A rename is a change of the history.
    terminal.output("gapless up");
    terminal.remove("migrations/1_a.up.sql").remove("migrations/1_a.down.sql");
    terminal.file("migrations/1_b.up.sql", "CREATE TABLE a (id bigint);\n");
    terminal.file("migrations/renames.txt", "1_a -> 1_b\n");
    terminal.file("migrations/2_c.sql", "SELECT 1;\n").file("migrations/3_d.sql", "SELECT 1;\n");
    terminal.run("gapless verify");
    let seen = terminal.seen();
    let words = "error: 1 change of the history and 2 migrations are not applied:\n";
    assert!(seen.contains(words), "{seen}");
}

/// What a run says that is not to wait, beside one that works and sleeps.
fn beside(terminal: &Terminal, line: &str) -> String {
    let mut first = terminal.command(line);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell starts");
    terminal.await_sleeping();
    let seen = terminal.output(&format!("{line} --lock-wait 0s"));
    assert!(first.wait().expect("it ends").success());
    terminal.steady(&seen)
}

#[test]
fn the_runner_that_has_the_lock_is_named_with_what_it_does() {
    let sleep = "SELECT pg_sleep(2);\n";
    let steps = format!("-- gapless: no-transaction\n{sleep}SELECT 1;\n");
    for (up, down, applying, rolling_back) in [
        (sleep, sleep, "applying 1 slow", "rolling back 1 slow"),
        (&steps, &steps, "applying 1 slow, statement 1 of 2", "rolling back 1 slow, statement 1 of 2"),
    ] {
        let terminal = Terminal::postgres();
        terminal.file("migrations/1_slow.up.sql", up).file("migrations/1_slow.down.sql", down);
        for (line, work) in [("gapless up", applying), ("gapless down --yes", rolling_back)] {
            let expected = format!(
                "error: another runner has the lock\n  backend PID (gapless), at it for CLOCK: {work}\n\
                 help: find out what it is doing, or wait longer with `--lock-wait`\n"
            );
            let seen = beside(&terminal, line);
            assert!(seen.ends_with(&expected), "{seen}");
        }
    }
}

#[test]
fn a_runner_of_another_schema_is_named_with_what_it_does() {
    let terminal = Terminal::postgres();
    terminal.sql("CREATE TABLE shared (id bigint)");
    terminal.file("one/1_slow.sql", "LOCK TABLE shared;\nSELECT pg_sleep(4);\n");
    terminal.file("two/1_more.sql", "ALTER TABLE shared ADD COLUMN more text;\n");
    let mut first = terminal.command("gapless up --dir one --schema one");
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell starts");
    terminal.await_sleeping();
    let seen = terminal.output("gapless up --dir two --schema two");
    assert!(first.wait().expect("it ends").success());
    let line = seen.lines().find(|line| line.starts_with("waiting for a lock of backend ")).expect(&seen);
    assert!(line.ends_with(" (gapless), active: applying 1 slow"), "{seen}");
}

/// Library words such as methods and the binary mean nothing to those who type commands.
#[test]
fn errors_speak_of_files_and_options() {
    let terminal = Terminal::sqlite();
    begin(&terminal);
    terminal.file("migrations/2_b.up.sql", "CREATE TABLE b (id bigint);\n");
    terminal.output("gapless up");
    for (line, words) in [
        (
            "gapless up --to 7",
            "error: the target version 7 is not among the migrations\nhelp: `status` lists them\n",
        ),
        (
            "gapless dry-run --locks",
            "error: locks cannot be traced: this database does not tell which tables a session has locked\n\
             help: remove `--locks`; Postgres tells\n",
        ),
    ] {
        assert_eq!(terminal.output(line), words);
    }
    terminal.file("migrations/3_c.sql", "-- gapless: rust\n");
    let seen = terminal.output("gapless up");
    assert!(
        seen.contains("\nhelp: run the program that has its code, or give it there with `.code(...)` for"),
        "{seen}"
    );
    terminal.remove("migrations/3_c.sql").remove("migrations/2_b.up.sql");
    let seen = terminal.output("gapless down --yes");
    let words = "error: version 2 (`b`) cannot be rolled back: no file is there for it\n\
                 help: restore its files, or roll back with the release that applied it\n";
    assert_eq!(seen, words);
}
