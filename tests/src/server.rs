//! A Postgres server that can be killed and started again, and copied to a standby.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, NoTls};

use crate::cluster::{Database, free_port, is_root, programs};

/// Keeps a directory until its standard input closes, and then ends what runs in it.
const KEEPER: &str = r#"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gapless-server.XXXXXX") || exit 1
echo "$dir"
read -r _
for pid in "$dir"/*/postmaster.pid "$dir"/pgbouncer.pid; do
    [ -f "$pid" ] && kill -QUIT "$(head -n 1 "$pid")" 2>/dev/null
done
sleep 1
rm -rf "$dir"
"#;

/// A server's data and the port that it listens on when it runs.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    directory: PathBuf,
    data: &'static str,
    /// Where the locale of its messages is, if they are not in English.
    locales: Option<PathBuf>,
    _keeper: Option<Child>,
}

/// A command that runs as the user that Postgres's programs want.
pub fn unprivileged(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
    command
}

fn done(command: &mut Command) {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Server {
    /// A new server, running.
    pub fn start_new() -> Server {
        let mut keeper = unprivileged(Path::new("sh"));
        keeper.args(["-c", KEEPER]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = keeper.spawn().expect("a shell starts");
        let mut directory = String::new();
        let output = keeper.stdout.as_mut().expect("it is a pipe");
        BufReader::new(output).read_line(&mut directory).expect("the keeper names its directory");
        let directory = PathBuf::from(directory.trim_end());
        let mut initdb = unprivileged(&programs().join("initdb"));
        done(
            initdb
                .args(["-U", "postgres", "-A", "trust", "-N", "--no-locale", "-E", "UTF8", "-D"])
                .arg(directory.join("data")),
        );
        let server =
            Server { port: free_port(), directory, data: "data", locales: None, _keeper: Some(keeper) };
        server.start();
        server
    }

    /// A new server whose messages are in Japanese, running; `None` where its texts or the locale's sources are not
    /// installed.
    pub fn start_in_japanese() -> Option<Server> {
        let mut server = Server::start_new();
        server.stop_immediately();
        let locale = server.directory.join("ja_JP.UTF-8");
        let mut localedef = unprivileged(Path::new("localedef"));
        localedef.args(["-i", "ja_JP", "-f", "UTF-8"]).arg(&locale);
        if !localedef.output().is_ok_and(|output| output.status.success()) {
            return None;
        }
        server.locales = Some(server.directory.clone());
        server.start();
        let mut client = server.database("postgres", false).connect();
        let error = client.batch_execute("SELECT 1 / 0").expect_err("nobody divides by zero");
        let message = error.as_db_error().expect("the server says so").message().to_owned();
        (!message.is_ascii()).then_some(server)
    }

    /// A streaming standby of this server, running.
    pub fn standby(&self) -> Server {
        let standby = Server {
            port: free_port(),
            directory: self.directory.clone(),
            data: "standby",
            locales: None,
            _keeper: None,
        };
        let mut copy = unprivileged(&programs().join("pg_basebackup"));
        copy.args(["-h", "127.0.0.1", "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "-p"]);
        done(copy.arg(self.port.to_string()).arg("-D").arg(standby.data()));
        standby.start();
        standby
    }

    fn data(&self) -> PathBuf {
        self.directory.join(self.data)
    }

    /// The directory of the server, which its user may write to.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Starts it, however it ended.
    pub fn start(&self) {
        let mut options =
            format!("-k {} -h 127.0.0.1 -p {} -c fsync=off", self.directory.display(), self.port);
        if self.locales.is_some() {
            options += " -c lc_messages=ja_JP.UTF-8";
        }
        let begun = Instant::now();
        loop {
            let mut start = self.control("start");
            if let Some(locales) = &self.locales {
                start.env("LOCPATH", locales);
            }
            start.args(["-w", "-o", &options, "-l"]).arg(self.directory.join(format!("{}.log", self.data)));
            if start.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("pg_ctl starts").success() {
                return;
            }
            // After a kill, its children hold the shared memory until they notice.
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the server does not start: {}",
                self.directory.display()
            );
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn control(&self, what: &str) -> Command {
        let mut control = unprivileged(&programs().join("pg_ctl"));
        control.arg(what).arg("-D").arg(self.data());
        control
    }

    /// Kills the postmaster; its children end when they notice.
    pub fn kill(&self) {
        let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        let pid = pid.lines().next().expect("a line").to_owned();
        done(Command::new("kill").args(["-9", &pid]));
    }

    /// Ends it at once, without a checkpoint.
    pub fn stop_immediately(&self) {
        done(self.control("stop").args(["-m", "immediate"]));
    }

    /// Makes a standby a primary.
    pub fn promote(&self) {
        done(self.control("promote").arg("-w"));
    }

    /// A database of this name, created if `new`.
    pub fn database(&self, name: &str, new: bool) -> Database {
        if new {
            let url = format!("postgres://postgres@127.0.0.1:{}/postgres", self.port);
            let mut client = Client::connect(&url, NoTls).expect("the server answers");
            client.batch_execute(&format!("CREATE DATABASE {name}")).expect("a database is created");
        }
        Database { port: self.port, name: name.to_owned() }
    }
}
