//! A MariaDB server that lives as long as the test process: one database for each test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};

use crate::cluster::{free_port, is_root};

/// The shell keeps the server until its standard input closes, which is when the test process ends, however it ends.
const KEEPER: &str = r#"
dir=$(mktemp -d "${TMPDIR:-/tmp}/gapless-mariadb.XXXXXX") || exit 1
"$1" --no-defaults --datadir="$dir/data" --auth-root-authentication-method=normal --skip-test-db $4 \
    >"$dir/log" 2>&1 || { cat "$dir/log" >&2; exit 1; }
"$2" --no-defaults --datadir="$dir/data" --socket="$dir/socket" --pid-file="$dir/pid" --bind-address=127.0.0.1 \
    --port="$3" --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=32M --innodb-log-file-size=16M \
    --performance-schema=OFF --skip-log-bin --max-connections=300 $4 >"$dir/log" 2>&1 &
server=$!
read -r _
kill -KILL "$server"
wait "$server"
rm -rf "$dir"
"#;

/// A running server.
#[derive(Debug)]
pub struct Server {
    port: u16,
    keeper: Child,
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
    SERVER.get_or_init(Server::start)
}

impl Server {
    fn start() -> Server {
        let port = free_port();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .args([program("mariadb-install-db"), program("mariadbd")])
            .arg(port.to_string())
            .arg(if is_root() { "--user=root" } else { "" })
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("a shell starts");
        let mut server = Server { port, keeper };
        server.await_answer();
        server
    }

    fn await_answer(&mut self) {
        let begun = Instant::now();
        while connect(self.port, None, "root").is_err() {
            let ended = self.keeper.try_wait().expect("the keeper can be asked");
            assert!(ended.is_none(), "MariaDB did not start: {ended:?}");
            assert!(begun.elapsed() < Duration::from_secs(60), "MariaDB did not start within a minute");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// A new, empty database.
    pub fn database(&self) -> Database {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut client = connect(self.port, None, "root").expect("the server answers");
        client.query_drop(format!("CREATE DATABASE {name}")).expect("a database is created");
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

/// Where a program of the server is: in `GAPLESS_MARIADB_BIN`, Debian's usual places, or the search path.
fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<_> = std::env::var_os("GAPLESS_MARIADB_BIN").into_iter().map(PathBuf::from).collect();
    places.extend(["/usr/sbin", "/usr/bin"].map(|place| Path::new(place).to_path_buf()));
    places.extend(std::env::split_paths(&path));
    places.into_iter().map(|place| place.join(name)).find(|program| program.exists()).expect(
        "the tests need the programs of a MariaDB server: run ./test, or name their directory in GAPLESS_MARIADB_BIN",
    )
}
