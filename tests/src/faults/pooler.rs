//! pgbouncer in transaction mode.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use super::processes::{boot, boot_all};
use super::{Row, sets};
use crate::cluster::{Database, free_port};
use crate::server::{Server, unprivileged};

/// How many backends it has for each database.
pub const POOL: usize = 4;

#[derive(Debug)]
pub struct Pooler {
    process: Child,
    pub port: u16,
}

impl Pooler {
    pub fn before(server: &Server) -> Pooler {
        let port = free_port();
        let directory = server.directory();
        let file = std::env::temp_dir().join(format!("gapless-pgbouncer-{port}.ini"));
        let text = format!(
            "[databases]\n* = user=postgres host=127.0.0.1 port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = {POOL}\nunix_socket_dir =\nlogfile = {}/pgbouncer.log\n\
             pidfile = {}/pgbouncer.pid\n",
            server.port,
            directory.display(),
            directory.display()
        );
        fs::write(&file, text).expect("a file is written");
        let mut command = unprivileged(&program());
        let process =
            command.arg("-q").arg(&file).stderr(Stdio::null()).spawn().expect("pgbouncer starts: run ./test");
        let pooler = Pooler { process, port };
        let probe = Database { port, name: "postgres".to_owned() };
        for _ in 0..100 {
            if postgres::Client::connect(&probe.url(), postgres::NoTls).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let _ = fs::remove_file(file);
        pooler
    }
}

/// Debian keeps it where only root looks.
fn program() -> PathBuf {
    let debian = PathBuf::from("/usr/sbin/pgbouncer");
    if debian.exists() { debian } else { "pgbouncer".into() }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn transaction_pooler(program: &Path, rounds: usize) -> Row {
    let server = Server::start_new();
    let pooler = Pooler::before(&server);
    let mut named = 0;
    for round in 0..rounds {
        let through = |database: &Database| Database { port: pooler.port, name: database.name.clone() };
        let correct = server.database(&format!("transaction_{round}"), true);
        assert_eq!(boot_all(program, 8, &through(&correct), "counting", "transaction"), 20);
        let counted: i64 = correct.connect().query_one("SELECT n FROM counter", &[]).unwrap().get(0);
        assert_eq!(counted, sets::COUNTED);

        // With the wrong way of locking, nothing is applied twice, and who was handed on is told so.
        let wrong = server.database(&format!("session_{round}"), true);
        sets::named("empty").runner().run(&mut wrong.connect()).unwrap();
        let children: Vec<_> =
            (0..8).map(|_| boot(program, &through(&wrong).url(), "counting", "session")).collect();
        for child in children {
            let output = child.wait_with_output().expect("the child ends");
            let said = String::from_utf8_lossy(&output.stderr);
            match output.status.code() {
                Some(4) => {
                    assert!(said.contains("Locking::Transaction"), "{said}");
                    named += 1;
                }
                code => assert!(code == Some(0) || said.contains("held the lock"), "{said}"),
            }
        }
        let before = applied_before(&wrong);
        assert_eq!(boot_all(program, 1, &wrong, "counting", "none"), 20 - before);
        let counted: i64 = wrong.connect().query_one("SELECT n FROM counter", &[]).unwrap().get(0);
        assert_eq!(counted, sets::COUNTED);
    }
    Row {
        what: "8 processes behind pgbouncer in transaction mode",
        times: format!("{rounds} rounds"),
        held: format!(
            "with `Locking::Transaction` all succeed, and each migration is applied once; with session locking {named} \
             of {} report the pooler, and nothing is applied twice",
            8 * rounds
        ),
    }
}

fn applied_before(database: &Database) -> usize {
    let mut client = database.connect();
    let count = client.query_one("SELECT count(*) FROM applied_migrations", &[]);
    count.map_or(0, |row| usize::try_from(row.get::<_, i64>(0)).unwrap_or_default())
}
