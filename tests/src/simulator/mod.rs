//! A database that understands what the Postgres dialect writes, and can fail or vanish at any point.
//!
//! Scripts of its migrations are made of `EFFECT name`, `SYNTAX` (refused before anything of the message
//! runs) and `FAIL` (refused when it is its turn).

#![allow(clippy::result_large_err, reason = "speed is no matter here")]

mod client;
mod moving;
mod text;

use gapless::engine::{APPLIED, DbError, Position, ResultSet};

pub use self::client::{Client, Fault};
use self::text::{between, nullable, row, rows, split, values};

/// The data of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    pub set_exists: bool,
    pub journal_exists: bool,
    /// Version, name, checksum.
    pub set: Vec<[String; 3]>,
    /// Version, event, attempt, statement, detail.
    pub journal: Vec<[String; 5]>,
    /// The renames in the journal: old stem, version and name since.
    pub renamed: Vec<[String; 3]>,
    pub effects: Vec<String>,
}

/// A server with sessions, known by their numbers.
#[derive(Debug, Default)]
pub struct Server {
    pub data: Data,
    pub lock: Option<usize>,
    sessions: Vec<Session>,
    pub read_only: bool,
    pub transcript: Vec<String>,
}

#[derive(Debug, Default)]
struct Session {
    /// The data before the open transaction.
    before: Option<Data>,
    explicit: bool,
    aborted: bool,
}

fn refused(code: &str, message: &str) -> DbError {
    DbError { code: code.to_owned(), message: message.to_owned(), ..DbError::default() }
}

impl Server {
    /// A server that holds this.
    pub fn with(data: Data) -> Server {
        Server { data, ..Server::default() }
    }

    /// Returns true if a run has left neither a lock nor a transaction.
    pub fn is_quiet(&self) -> bool {
        self.lock.is_none() && self.sessions.iter().all(|session| !session.explicit)
    }

    fn disconnect(&mut self, session: usize) {
        self.roll_back(session);
        if self.lock == Some(session) {
            self.lock = None;
        }
    }

    fn roll_back(&mut self, session: usize) {
        let session = &mut self.sessions[session];
        if let Some(before) = session.before.take() {
            self.data = before;
        }
        (session.explicit, session.aborted) = (false, false);
    }

    /// Runs a message as the simple query protocol does: all of it is one implicit transaction, but for
    /// what it brackets itself.
    fn execute(
        &mut self,
        session: usize,
        message: &str,
        fault: Option<(usize, &'static str)>,
    ) -> Result<Vec<ResultSet>, DbError> {
        self.transcript.push(message.trim_end().to_owned());
        if let Some(at) = message.find("SYNTAX") {
            self.fail(session);
            let position = Some(Position::Character(message[..at].chars().count() + 1));
            return Err(DbError { position, ..refused("42601", "syntax error at or near \"SYNTAX\"") });
        }
        let mut results = Vec::new();
        for (index, statement) in split(message).into_iter().enumerate() {
            let outcome = match fault {
                Some((statements, code)) if index == statements => Err(refused(code, "as the test wants it")),
                _ => self.statement(session, statement),
            };
            match outcome {
                Ok(result) => results.push(result),
                Err(error) => {
                    self.fail(session);
                    return Err(error);
                }
            }
        }
        if let Some((_, code)) = fault.filter(|(statements, _)| *statements >= results.len()) {
            self.fail(session);
            return Err(refused(code, "as the test wants it"));
        }
        if !self.sessions[session].explicit {
            self.sessions[session].before = None;
        }
        Ok(results)
    }

    fn fail(&mut self, session: usize) {
        if self.sessions[session].explicit {
            self.sessions[session].aborted = true;
        } else {
            self.roll_back(session);
        }
    }

    fn statement(&mut self, session: usize, sql: &str) -> Result<ResultSet, DbError> {
        let state = &mut self.sessions[session];
        if sql == "ROLLBACK" {
            self.roll_back(session);
            return Ok(ResultSet::default());
        }
        if state.aborted {
            return Err(refused("25P02", "current transaction is aborted"));
        }
        if state.before.is_none() {
            state.before = Some(self.data.clone());
        }
        match sql {
            "BEGIN" => state.explicit = true,
            "COMMIT" => (state.explicit, state.before) = (false, None),
            _ => return self.query(session, sql),
        }
        Ok(ResultSet::default())
    }

    fn query(&mut self, session: usize, sql: &str) -> Result<ResultSet, DbError> {
        let truth = |value: bool| if value { "t" } else { "f" };
        let missing = || refused("42P01", "relation \"public.applied_migrations\" does not exist");
        let data = &mut self.data;
        Ok(match sql {
            _ if sql.starts_with("SELECT pg_catalog.pg_backend_pid()") => {
                row(&[&session.to_string(), truth(self.read_only), "f", "f"])
            }
            _ if ["to_regnamespace", "pg_try_advisory_lock"].iter().any(|part| sql.contains(part)) => {
                let takes = sql.contains("pg_try_advisory_lock");
                let ours = !takes || self.lock.is_none_or(|holder| holder == session);
                if takes && ours {
                    self.lock = Some(session);
                }
                row(&[
                    truth(ours),
                    "t",
                    truth(data.set_exists),
                    truth(data.journal_exists),
                    &session.to_string(),
                    truth(self.read_only),
                    "f",
                    "t",
                    "t",
                ])
            }
            _ if sql.starts_with("SELECT 'session_authorization'") => row(&["role", "none"]),
            _ if sql.contains("(version), name, checksum, pg_catalog.encode") => {
                if !data.set_exists {
                    return Err(missing());
                }
                rows(&data.set)
            }
            _ if sql.starts_with("SELECT event, attempt, statement, detail") => {
                let version = between(sql, "version = ", " ");
                let recorded = truth(data.set.iter().any(|row| row[0] == version)).to_owned();
                let entries = data.journal.iter().filter(|entry| entry[0] == version);
                // Nobody can tell whether a session lives.
                let rest = [None, Some(recorded), Some("t".to_owned())];
                let row = |entry: &[String; 5]| {
                    entry[1..].iter().map(|text| nullable(text)).chain(rest.clone()).collect()
                };
                ResultSet::new(entries.map(row).collect())
            }
            _ if sql.starts_with("SELECT version, name, event, detail") => {
                let told = data.journal.iter().filter(|entry| entry[1] == "applied");
                let name =
                    |version: &str| data.set.iter().find(|row| row[0] == version).map(|row| row[1].clone());
                let row = |entry: &[String; 5]| {
                    vec![
                        Some(entry[0].clone()),
                        Some(name(&entry[0]).unwrap_or_default()),
                        Some(entry[1].clone()),
                        Some(entry[4].clone()),
                    ]
                };
                ResultSet::new(told.map(row).collect())
            }
            _ if sql.starts_with("SELECT version, event, detail") => {
                let told = data.journal.iter().filter(|entry| entry[1] == "applied");
                let row = |entry: &[String; 5]| [0, 1, 4].map(|column| Some(entry[column].clone())).to_vec();
                ResultSet::new(told.map(row).collect())
            }
            _ if sql.starts_with("SELECT detail, version, name") => {
                let row = |row: &[String; 3]| row.iter().map(|text| Some(text.clone())).collect();
                ResultSet::new(data.renamed.iter().map(row).collect())
            }
            _ if ["UPDATE ", "DELETE FROM ", "LOCK TABLE "].iter().any(|verb| sql.starts_with(verb)) => {
                moving::change(&mut data.set, sql)?;
                ResultSet::default()
            }
            _ if ["pg_advisory_xact_lock", "pg_logical_emit_message"]
                .iter()
                .any(|part| sql.contains(part)) =>
            {
                ResultSet::default()
            }
            _ if sql.contains("EXISTS (SELECT 1 FROM \"public\".\"applied_migrations_journal\" j JOIN") => {
                if moving::is_contested(data, sql) {
                    return Err(fenced(between(sql, ") SELECT ", ",")));
                }
                ResultSet::default()
            }
            _ if sql.starts_with("SELECT a.pid") => row(&["4711", "another", "00:00:07", "ALTER TABLE t"]),
            _ if sql.contains("pg_advisory_unlock") => {
                let held = self.lock == Some(session);
                if held {
                    self.lock = None;
                }
                row(&[truth(held), &session.to_string()])
            }
            _ if sql.starts_with("CREATE TABLE \"public\".\"applied_migrations\"") => {
                data.set_exists = true;
                ResultSet::default()
            }
            _ if sql.starts_with("CREATE TABLE \"public\".\"applied_migrations_journal\"") => {
                data.journal_exists = true;
                ResultSet::default()
            }
            _ if sql.starts_with("INSERT INTO \"public\".\"applied_migrations\"") => return self.record(sql),
            _ if sql.starts_with("INSERT INTO \"public\".\"applied_migrations_journal\"") => {
                return self.journal(sql);
            }
            // No other tool has a table.
            _ if sql.starts_with("SELECT relname FROM pg_catalog.pg_class") => ResultSet::default(),
            // Nothing was begun outside of a transaction by another release.
            _ if sql.starts_with("SELECT CAST(pg_catalog.textcat('gapless: begun outside") => {
                ResultSet::default()
            }
            _ if sql.starts_with("EFFECT ") => {
                data.effects.push(sql["EFFECT ".len()..].to_owned());
                ResultSet::default()
            }
            "FAIL" => return Err(refused("22012", "division by zero")),
            _ if [
                "SELECT pg_catalog.set_config",
                "SELECT CASE WHEN pg_catalog.pg_backend_pid() <>",
                "DO $gapless$",
                "SET ",
                "CREATE UNIQUE INDEX ON ",
            ]
            .iter()
            .any(|p| sql.starts_with(p)) =>
            {
                ResultSet::default()
            }
            _ => panic!("the simulator does not know: {sql}"),
        })
    }

    /// The fence.
    fn record(&mut self, sql: &str) -> Result<ResultSet, DbError> {
        let [version, name, _, checksum] = values(sql)[..] else { panic!("four values in {sql}") };
        if self.data.set.iter().any(|row| row[0] == version) {
            return Err(fenced(version));
        }
        self.data.set.push([version, name, checksum].map(|text| text.trim_matches('\'').to_owned()));
        Ok(ResultSet::default())
    }

    fn journal(&mut self, sql: &str) -> Result<ResultSet, DbError> {
        let values = values(sql);
        let text = |index: usize| values.get(index).copied().unwrap_or("NULL").trim_matches('\'').to_owned();
        if sql.contains(APPLIED) {
            let version = text(0);
            let token = format!("run {}", between(sql, "'run ", "'"));
            self.data.journal.push([version.clone(), "applied".into(), "1".into(), "NULL".into(), token]);
            return Ok(row(&[APPLIED, &version, "1500"]));
        }
        let of_it = || self.data.journal.iter().filter(|entry| entry[0] == text(0));
        let counted = sql.contains("count(*)") && between(sql, ") <> ", ")") != of_it().count().to_string();
        let later = |entry: &[String; 5]| {
            let attempt = |text: &str| text.parse::<u32>().expect("a number");
            entry[1] == "started" && attempt(&entry[2]) > attempt(between(sql, "attempt > ", ")"))
        };
        if counted || (sql.contains("attempt > ") && of_it().any(later)) {
            return Err(DbError {
                schema: Some("public".to_owned()),
                table: Some("applied_migrations_journal".to_owned()),
                ..refused("23502", "null value in column \"name\"")
            });
        }
        if sql.contains("(version, name, event, detail)") {
            self.data.renamed.extend(moving::renamed(sql));
            return Ok(ResultSet::default());
        }
        self.data.journal.push([text(0), text(2), text(3), text(4), text(6)]);
        Ok(ResultSet::default())
    }
}

/// The key of the set.
fn fenced(version: &str) -> DbError {
    DbError {
        schema: Some("public".to_owned()),
        table: Some("applied_migrations".to_owned()),
        detail: Some(format!("Key (version)=({version}) already exists.")),
        ..refused("23505", "duplicate key value violates unique constraint \"applied_migrations_pkey\"")
    }
}
