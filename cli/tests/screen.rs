//! The program on a terminal, which tmux draws.

#![cfg(all(unix, feature = "binary", feature = "postgres", feature = "sqlite"))]

mod terminal;

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use terminal::Terminal;

/// A terminal of 80 columns and 24 lines with a shell in it.
struct Screen {
    socket: String,
}

impl Screen {
    fn open(terminal: &Terminal) -> Screen {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let screen = Screen { socket: format!("gapless-{}-{number}", std::process::id()) };
        // The shell gets the environment of the command that starts the server.
        let start = format!(
            "exec tmux -L {} -f /dev/null new-session -d -x 80 -y 24 'PS1=\\$\\  exec sh'",
            screen.socket
        );
        let started = terminal.command(&start).env("TERM", "xterm-256color").status();
        assert!(started.expect("tmux starts").success(), "tmux is there: run ./test, which installs it");
        screen.await_text("$ ");
        screen
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let output = Command::new("tmux").args(["-L", &self.socket]).args(arguments).output();
        let output = output.expect("tmux starts");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("it is text")
    }

    fn type_line(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.tmux(&["send-keys", "Enter"]);
    }

    /// What is on the screen, without the spaces at the ends of lines.
    fn text(&self) -> String {
        let text = self.tmux(&["capture-pane", "-p"]);
        let lines: Vec<_> = text.lines().map(str::trim_end).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// Waits until a text is on the screen, and returns all of it.
    #[track_caller]
    fn await_text(&self, wanted: &str) -> String {
        let begun = Instant::now();
        loop {
            let text = self.text();
            // The shell's prompt has lost the space behind it.
            if (text.clone() + " ").contains(wanted) {
                return text;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "no {wanted:?} on the screen:\n{text}");
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Clears the screen for what comes next.
    fn clear(&self) {
        self.type_line("clear");
        let begun = Instant::now();
        while self.text() != "$" {
            assert!(begun.elapsed() < Duration::from_secs(20), "it is not cleared:\n{}", self.text());
            thread::sleep(Duration::from_millis(30));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.socket, "kill-server"]).output();
    }
}

fn slow() -> Terminal {
    let terminal = Terminal::postgres();
    terminal.file("migrations/1_customers.up.sql", "CREATE TABLE customers (id integer);\n");
    terminal.file("migrations/1_customers.down.sql", "DROP TABLE customers;\n");
    terminal.file(
        "migrations/2_a_name_that_goes_beyond_what_the_width_of_a_terminal_has_room_for.up.sql",
        "-- gapless: no-transaction\nSELECT pg_sleep(3);\n",
    );
    terminal.file("migrations/3_orders.up.sql", "CREATE TABLE orders (id integer);\n");
    terminal.file("migrations/3_orders.down.sql", "DROP TABLE orders;\n");
    terminal
}

#[test]
fn a_bar_goes_over_the_migrations_and_is_gone_at_the_end() {
    let terminal = slow();
    let screen = Screen::open(&terminal);
    screen.type_line("gapless up");
    let text = screen.await_text(" 1/3 ");
    let bar = text.lines().find(|line| line.contains("1/3")).expect("it is there");
    assert!(bar.starts_with("█") && bar.contains("2 a_name_that_goes"), "{text}");
    assert!(bar.chars().count() <= 80, "the message is cut: {text}");
    let text = screen.await_text("3 applied, 0 were already");
    assert!(!text.contains('█') && !text.contains("1/3"), "{text}");
    assert!(text.contains("\n  1 customers in "), "{text}");
}

#[test]
fn another_runner_is_waited_for_on_the_screen() {
    let terminal = slow();
    let mut first = terminal.command("gapless up >/dev/null 2>&1").spawn().expect("a shell starts");
    terminal.await_sleeping();
    let screen = Screen::open(&terminal);
    screen.type_line("gapless up");
    screen.await_text("waiting for another runner");
    let text = screen.await_text("nothing to do: all 3 migrations are applied");
    assert!(!text.contains("waiting for another runner,"), "{text}");
    assert!(first.wait().expect("it ends").success());
}

#[test]
fn ctrl_c_cancels_and_says_what_was_kept() {
    let terminal = slow();
    let screen = Screen::open(&terminal);
    screen.type_line("gapless up");
    screen.await_text(" 1/3 ");
    screen.tmux(&["send-keys", "C-c"]);
    let text = screen.await_text("version 1 was applied before and stays applied");
    assert!(text.contains("cancelling; once more ends at once"), "{text}");
    assert!(text.contains("error: cancelled while applying migration 2"), "{text}");
    assert!(!text.contains('█'), "the bar is gone: {text}");
    screen.clear();
    screen.type_line("gapless status --pending");
    screen.await_text("1 applied, 1 failed, 1 pending");
}

#[test]
fn a_job_in_the_background_is_not_stopped() {
    let terminal = slow();
    let screen = Screen::open(&terminal);
    screen.type_line("set -m; gapless up & wait; stty -a | tr ' ' '\\n' | grep echoctl");
    let text = screen.await_text("3 applied");
    assert!(!text.contains("Stopped"), "{text}");
    screen.await_text("\nechoctl");
}

#[test]
fn a_rollback_asks_first() {
    let terminal = Terminal::sqlite();
    terminal.file("migrations/1_customers.up.sql", "CREATE TABLE customers (id integer);\n");
    terminal.file("migrations/1_customers.down.sql", "DROP TABLE customers;\n");
    let screen = Screen::open(&terminal);
    screen.type_line("gapless up");
    screen.await_text("1 applied");
    screen.type_line("gapless down");
    let text = screen.await_text("roll back? [y/N]");
    assert!(text.contains("1 to be rolled back\n  1 customers"), "the plan comes first: {text}");
    screen.type_line("n");
    screen.await_text("nothing was rolled back");
    screen.clear();
    screen.type_line("gapless down");
    screen.await_text("roll back? [y/N]");
    screen.type_line("y");
    screen.await_text("1 rolled back");
}

#[test]
fn the_status_fits_the_screen_and_has_colours_unless_they_are_not_wanted() {
    let terminal = slow();
    let screen = Screen::open(&terminal);
    screen.type_line("gapless status");
    let text = screen.await_text("3 pending\n$");
    assert!(text.contains("a_name_that_goes_beyond") && text.contains("…  pending"), "{text}");
    // A line that is too long would go on in the next.
    assert_eq!(text.lines().count(), 7, "{text}");
    let with_escapes = || screen.tmux(&["capture-pane", "-p", "-e"]);
    assert!(with_escapes().contains("\u{1b}[33mpending"), "{}", with_escapes());
    screen.clear();
    screen.type_line("NO_COLOR=1 gapless status");
    screen.await_text("3 pending\n$");
    assert!(!with_escapes().contains("\u{1b}[33m"), "{}", with_escapes());
}
