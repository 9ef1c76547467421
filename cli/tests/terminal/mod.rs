//! A terminal: a directory, a database, and the program in the search path. A test types lines and compares everything
//! that it sees with a snapshot.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod documented;
#[cfg(unix)]
pub(crate) mod running;
pub(crate) mod schema;
mod steady;

use std::fs;
use std::io::{Read, pipe};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use gapless_tests::{cluster, mysql_server};
use mysql::prelude::Queryable;

pub(crate) use steady::steady;

/// A directory of its own with a database of its own, and a record of what was typed and seen.
pub(crate) struct Terminal {
    directory: tempfile::TempDir,
    url: String,
    variables: Vec<(String, String)>,
    seen: String,
}

impl Terminal {
    /// A terminal whose `DATABASE_URL` is a SQLite file.
    pub(crate) fn sqlite() -> Terminal {
        Terminal::new("sqlite:app.db".to_owned())
    }

    /// A terminal whose `DATABASE_URL` is an empty database of a real Postgres server.
    pub(crate) fn postgres() -> Terminal {
        Terminal::new(cluster::cluster().database().url())
    }

    /// A terminal whose `DATABASE_URL` is an empty database of a real server of MariaDB.
    pub(crate) fn mysql() -> Terminal {
        Terminal::new(mysql_server::server().database().url())
    }

    /// A terminal with this `DATABASE_URL`; an empty one is not set.
    pub(crate) fn new(url: String) -> Terminal {
        let directory = tempfile::tempdir().expect("a directory is made");
        Terminal { directory, url, variables: Vec::new(), seen: String::new() }
    }

    /// The current directory of what is typed.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The database's URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Writes a file, and the directories above it.
    pub(crate) fn file(&self, path: &str, text: &str) -> &Terminal {
        let path = self.directory().join(path);
        fs::create_dir_all(path.parent().expect("it is in a directory")).expect("a directory is made");
        fs::write(path, text).expect("a file is written");
        self
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &str) -> &Terminal {
        fs::remove_file(self.directory().join(path)).expect("a file is removed");
        self
    }

    /// Runs SQL beside the program.
    pub(crate) fn sql(&self, sql: &str) -> &Terminal {
        if let Some(path) = self.url.strip_prefix("sqlite:") {
            let connection = rusqlite::Connection::open(self.directory().join(path)).expect("it opens");
            connection.execute_batch(sql).expect("the SQL runs");
        } else if self.url.starts_with("mysql:") {
            self.mysql_client().query_drop(sql).expect("the SQL runs");
        } else {
            self.client().batch_execute(sql).expect("the SQL runs");
        }
        self
    }

    /// A connection to the Postgres database, beside the program.
    pub(crate) fn client(&self) -> postgres::Client {
        postgres::Client::connect(&self.url, postgres::NoTls).expect("the server answers")
    }

    /// A connection to the MariaDB database, beside the program.
    pub(crate) fn mysql_client(&self) -> mysql::Conn {
        mysql::Conn::new(&*self.url).expect("the server answers")
    }

    /// Sets a variable of the environment.
    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Waits until a run on the Postgres database sleeps with `pg_sleep`.
    pub(crate) fn await_sleeping(&self) {
        let query =
            "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        let (mut client, begun) = (self.client(), Instant::now());
        while client.query_opt(query, &[]).expect("the server answers").is_none() {
            assert!(begun.elapsed() < Duration::from_secs(30), "nobody sleeps");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The command that runs a line in a shell. Its standard input is empty.
    pub(crate) fn command(&self, line: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_gapless")).parent().expect("it is in a directory");
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(PathBuf::from(program)).chain(std::env::split_paths(&path));
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.directory()).stdin(std::process::Stdio::null());
        command.env_clear().env("PATH", std::env::join_paths(paths).expect("paths can be joined"));
        command.env("HOME", self.directory()).env("LANG", "C.UTF-8").env("COLUMNS", "100");
        if !self.url.is_empty() {
            command.env("DATABASE_URL", &self.url);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Types a line without recording it, and returns what it prints.
    pub(crate) fn output(&self, line: &str) -> String {
        self.typed(line).0
    }

    /// Types a line without recording it, and returns the option that binds an answer to what it prints.
    pub(crate) fn seen_entry(&self, line: &str) -> String {
        let shown = self.output(line);
        let option = shown.split_once("with --seen ").and_then(|(_, rest)| rest.split_once(','));
        format!("--seen {}", option.expect("it shows the entry").0)
    }

    /// Types a line, and records it with what it prints and with its exit code, where that is not 0. Returns the code.
    pub(crate) fn run(&mut self, line: &str) -> i32 {
        let (text, code) = self.typed(line);
        self.record(line, &text, code);
        code
    }

    fn typed(&self, line: &str) -> (String, i32) {
        let (mut reader, writer) = pipe().expect("a pipe is made");
        let mut command = self.command(line);
        command.stdout(writer.try_clone().expect("a pipe can be shared")).stderr(writer);
        let mut child = command.spawn().expect("a shell starts");
        // It holds the writing end of the pipe, whose end is awaited below.
        drop(command);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("the output is text");
        (text, child.wait().expect("the shell ends").code().expect("no signal ended it"))
    }

    /// Records a line that was run otherwise.
    pub(crate) fn record(&mut self, line: &str, text: &str, code: i32) {
        self.seen += &format!("$ {line}\n{}", self.placeless(text));
        if !self.seen.ends_with('\n') {
            self.seen.push('\n');
        }
        if code != 0 {
            self.seen += &format!("[exit code {code}]\n");
        }
    }

    /// Adds a sentence to the record, for its readers.
    pub(crate) fn note(&mut self, text: &str) -> &mut Terminal {
        self.seen += &format!("# {text}\n");
        self
    }

    /// Returns the record so far without what differs from run to run, and begins another.
    pub(crate) fn seen(&mut self) -> String {
        steady(&self.seen_here())
    }

    /// Returns the record so far as it was, save for where it was, and begins another.
    pub(crate) fn seen_here(&mut self) -> String {
        std::mem::take(&mut self.seen)
    }

    /// Text without what differs from run to run.
    pub(crate) fn steady(&self, text: &str) -> String {
        steady(&self.placeless(text))
    }

    /// Text without the directory and the server of this terminal.
    fn placeless(&self, text: &str) -> String {
        let text = text.replace(&*self.directory().to_string_lossy(), "DIRECTORY");
        let Some((_, place)) = self.url.split_once('@').filter(|(_, place)| place.starts_with("127.0.0.1:"))
        else {
            return text;
        };
        let (server, database) = place.split_once('/').unwrap_or((place, "test"));
        text.replace(server, "127.0.0.1:5432").replace(database, "shop")
    }
}
