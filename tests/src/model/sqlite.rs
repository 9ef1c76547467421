use gapless::Code;
use rusqlite::Connection;

use super::file::Kind;
use super::place::{Fuse, Place};
use super::world::Indexes;

/// A file, deleted for each history.
#[derive(Debug)]
pub struct Sqlite {
    directory: tempfile::TempDir,
}

impl Sqlite {
    pub fn new() -> Sqlite {
        let memory = std::path::Path::new("/dev/shm");
        let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Sqlite { directory: directory.expect("a directory is made") }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("model.db")
    }
}

impl Default for Sqlite {
    fn default() -> Sqlite {
        Sqlite::new()
    }
}

impl Place for Sqlite {
    type Client = Connection;

    const INDEXES: Indexes = Indexes::None;

    fn clear(&mut self) {
        for suffix in ["", "-journal"] {
            // The first time there is none.
            let _ = std::fs::remove_file(self.directory.path().join(format!("model.db{suffix}")));
        }
        let create = "CREATE TABLE effects (what INTEGER NOT NULL)";
        self.connect().execute_batch(create).expect("a table is created");
    }

    fn connect(&self) -> Connection {
        let connection = Connection::open(self.path()).expect("a file is opened");
        connection.execute_batch("PRAGMA synchronous = OFF").expect("a setting");
        // Two runs take turns in one thread: nobody gets on while one waits.
        connection.busy_timeout(std::time::Duration::ZERO).expect("a setting");
        connection
    }

    fn end(&self, client: Connection) {
        drop(client);
    }

    fn code(kind: Kind, effects: Vec<usize>, fuse: Fuse) -> Code {
        if kind == Kind::CodeOutside {
            return Code::rusqlite_no_transaction(move |connection| {
                for effect in &effects {
                    connection
                        .execute("INSERT INTO effects (what) VALUES (?1)", [i64::try_from(*effect)?])?;
                }
                if fuse.burns() { Err("broken off".into()) } else { Ok(()) }
            });
        }
        Code::rusqlite(move |transaction| {
            let breaks = fuse.burns();
            for (index, effect) in effects.iter().enumerate() {
                transaction.execute("INSERT INTO effects (what) VALUES (?1)", [i64::try_from(*effect)?])?;
                if breaks && index >= effects.len() / 2 {
                    return Err("broken off".into());
                }
            }
            Ok(())
        })
    }

    fn halve(&self, _: &mut Connection, _: &str) -> bool {
        false
    }

    fn left(&self, client: &mut Connection) -> Option<String> {
        (!client.is_autocommit()).then(|| "a transaction is open".to_owned())
    }

    fn pids(&self, _: &mut Connection) -> Vec<String> {
        Vec::new()
    }

    fn pid(&self, _: &mut Connection) -> Option<String> {
        None
    }

    fn indexes(&self, _: &mut Connection) -> Vec<[String; 3]> {
        Vec::new()
    }
}
