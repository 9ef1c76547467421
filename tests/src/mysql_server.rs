//! A server of MariaDB or MySQL that lives as long as the test process, with a database for each test, and servers that
//! can be killed and started again.

pub mod galera;
mod programs;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};

pub use self::programs::{Flavour, Programs, programs};
use crate::cluster::free_port;

/// Keeps a directory until its standard input closes, which is when the test process ends, however it ends. The server's
/// process is the one that the file names.
const KEEPER: &str = r#"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gapless-mysql.XXXXXX") || exit 1
echo "$dir"
read -r _
if [ -f "$dir/process" ]; then
    server=$(cat "$dir/process")
    kill -KILL "$server"
    while kill -0 "$server"; do sleep 0.05; done
fi 2>/dev/null
rm -rf "$dir"
"#;

/// Names its own process, which becomes the server.
const START: &str = r#"echo $$ >"$0"; exec "$@""#;

/// A server's data, and the port that it listens on when it runs.
#[derive(Debug)]
pub struct Server {
    pub port: u16,
    directory: PathBuf,
    programs: Programs,
    options: Vec<String>,
    /// Where it finds scripts of its own, before the usual places.
    scripts: Option<PathBuf>,
    process: Mutex<Option<Child>>,
    _keeper: Child,
}

/// A database of its own.
#[derive(Clone, Debug)]
pub struct Database {
    pub port: u16,
    pub name: String,
}

/// The server of this process, started at the first call.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start_new(&programs(), &[]))
}

impl Server {
    /// A new server with these options, running.
    pub fn start_new(programs: &Programs, options: &[&str]) -> Server {
        let server = Server::new(programs, options);
        server.start();
        server
    }

    /// The same, not yet running.
    pub fn new(programs: &Programs, options: &[&str]) -> Server {
        Server::with_data(programs, &programs.template(), options)
    }

    /// The same, with a copy of these data.
    pub fn with_data(programs: &Programs, template: &Path, options: &[&str]) -> Server {
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER]).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut keeper = keeper.spawn().expect("a shell starts");
        let mut directory = String::new();
        let output = keeper.stdout.as_mut().expect("it is a pipe");
        BufReader::new(output).read_line(&mut directory).expect("the keeper names its directory");
        let directory = PathBuf::from(directory.trim_end());
        let copy = Command::new("cp").arg("-a").arg(template).arg(directory.join("data")).status();
        assert!(copy.is_ok_and(|status| status.success()), "the data are copied");
        Server {
            port: free_port(),
            directory,
            programs: programs.clone(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            scripts: None,
            process: Mutex::new(None),
            _keeper: keeper,
        }
    }

    /// Starts it, however it ended, and waits until it answers.
    pub fn start(&self) {
        self.spawn();
        self.await_answer();
    }

    /// Starts it.
    pub fn spawn(&self) {
        let at = |name: &str| self.directory.join(name).display().to_string();
        let mut command = Command::new("sh");
        command.args(["-c", START]).arg(self.directory.join("process")).arg(&self.programs.server);
        command.args(self.programs.options()).args([
            format!("--datadir={}", at("data")),
            format!("--socket={}", at("socket")),
            // A server that starts removes temporary tables that it finds.
            format!("--tmpdir={}", self.directory.display()),
            format!("--pid-file={}", at("pid")),
            format!("--port={}", self.port),
            format!("--log-error={}", at("log.err")),
        ]);
        command.args(&self.options).current_dir("/").stdin(Stdio::null());
        if let Some(scripts) = &self.scripts {
            let path = std::env::var("PATH").unwrap_or_default();
            command.env("PATH", format!("{}:{path}", scripts.display()));
        }
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a shell starts");
        *self.process.lock().expect("nobody panicked") = Some(process);
    }

    pub fn await_answer(&self) {
        let begun = Instant::now();
        while connect(self.port, None, "root").is_err() {
            let over = begun.elapsed() > Duration::from_secs(60);
            assert!(self.is_running() && !over, "the server does not start:\n{}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// What it wrote to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.join("log.err")).unwrap_or_default()
    }

    pub fn is_running(&self) -> bool {
        let mut process = self.process.lock().expect("nobody panicked");
        process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    /// Kills it.
    pub fn kill(&self) {
        if let Some(mut process) = self.process.lock().expect("nobody panicked").take() {
            process.kill().expect("it is killed");
            process.wait().expect("it ends");
            // The number may be another process's from now on.
            std::fs::remove_file(self.directory.join("process")).expect("a file is removed");
        }
    }

    /// Ends it as its administrator does, and waits for that.
    pub fn shut_down(&self) {
        let _ = self.connect().query_drop("SHUTDOWN");
        if let Some(mut process) = self.process.lock().expect("nobody panicked").take() {
            process.wait().expect("it ends");
            std::fs::remove_file(self.directory.join("process")).expect("a file is removed");
        }
    }

    pub fn is_mariadb(&self) -> bool {
        self.programs.flavour == Flavour::MariaDb
    }

    /// Where its data are, in `data`.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A connection as the superuser, to no database.
    pub fn connect(&self) -> Conn {
        connect(self.port, None, "root").expect("the server answers")
    }

    /// A new, empty database.
    pub fn database(&self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.connect().query_drop(format!("CREATE DATABASE {name}")).expect("a database is created");
        Database { port: self.port, name }
    }
}

impl Database {
    /// A connection as the superuser.
    pub fn connect(&self) -> Conn {
        self.connect_as("root")
    }

    /// A connection as this user, who has no password.
    pub fn connect_as(&self, user: &str) -> Conn {
        connect(self.port, Some(&self.name), user).expect("the server answers")
    }

    pub fn url(&self) -> String {
        format!("mysql://root@127.0.0.1:{}/{}", self.port, self.name)
    }
}

fn connect(port: u16, database: Option<&str>, user: &str) -> mysql::Result<Conn> {
    let options = OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(port).prefer_socket(false);
    Conn::new(options.user(Some(user)).db_name(database))
}
