//! Observes the session and the applied set.

use std::collections::BTreeMap;

use gapless_core::Version;

use super::Stop;
use super::errors::Work;
use super::protocol::Protocol;
use super::session::Answer;
use crate::dialect::{Class, Dialect, Observation, Rows, SessionFacts};
use crate::engine::{DbError, ResultSet};
use crate::history::History;
use crate::report::error::ErrorKind;
use crate::runner::Goal;
use crate::tracker::Tracker;

/// More rows than a server sends before it waits for the client's first acknowledgement (ten segments, RFC 6928), at 90
/// bytes each. With fewer, the digest would save nothing.
pub(super) const MANY: usize = 150;

/// An observation of the applied set.
#[derive(Debug)]
pub(super) enum Observed {
    /// It is the embedded set, row by row.
    Current,
    History(History),
}

impl Protocol<'_> {
    /// Observes until the database answers, or takes the observation that the last attempt left.
    pub(super) async fn observe(&mut self) -> Result<Observed, Stop> {
        if let Some(history) = self.overtaken.observed.take() {
            return Ok(Observed::History(history));
        }
        self.session.is_at("reading the applied migrations");
        // Ends with an answer, with an error, or when the time for waiting is over.
        loop {
            let message = self.dialect.observe(&self.tracker, self.digest());
            let answer = self.session.send(message).await?;
            match self.observed(answer)? {
                Ok(observed) => return Ok(observed),
                Err(error) if self.is_canceled(&error) => self.retry_canceled(error).await?,
                Err(error) => self.wait_for_database(&error).await?,
            }
        }
    }

    /// Reads an answer. The inner error passes by itself: the database is busy, or somebody canceled the statement.
    fn observed(&mut self, answer: Answer) -> Result<Result<Observed, DbError>, Stop> {
        let error = match answer {
            Ok(results) => {
                let Observation { session, in_transaction, database, server, peculiar, set } =
                    Observation::read(&results);
                self.learn_peculiar(peculiar);
                self.check_server(server)?;
                self.learn_database(database)?;
                if self.session.locked && self.session.pid.is_some() && self.session.pid != session.pid {
                    return Err(Stop::failed(self.pooler(session.pid)));
                }
                self.session.knows(session);
                if in_transaction {
                    return Err(Stop::failed(ErrorKind::InTransaction));
                }
                self.session.set_exists = true;
                if let (Goal::Status, Some(Rows::All(rows))) = (self.goal, &set) {
                    self.known.times = times(rows, self.dialect);
                }
                return self.read(set).map(Ok);
            }
            Err(error) => error,
        };
        match self.class(&error) {
            Class::Missing => {
                (self.session.set_exists, self.session.whole) = (false, false);
                Ok(Ok(Observed::History(History::default())))
            }
            Class::Busy | Class::Retry | Class::Canceled => Ok(Err(error)),
            _ => Err(Stop::failed(self.error(Work::Observing, error))),
        }
    }

    /// Fails if the server is too old.
    pub(super) fn check_server(&self, version: Option<&str>) -> Result<(), Stop> {
        let too_old = version.and_then(|version| Some((version, self.dialect.too_old(version)?)));
        too_old.map_or(Ok(()), |(version, (server, needed))| {
            let version = version.to_owned();
            Err(Stop::failed(ErrorKind::TooOld { server, version, needed }))
        })
    }

    /// Names the tracker by the connection's database, where that is the default: a script may change to another.
    pub(super) fn learn_database(&mut self, database: Option<&str>) -> Result<(), Stop> {
        let Some(database) = database.filter(|_| self.tracker.schema().is_empty()) else { return Ok(()) };
        let tracker = Tracker::new(self.dialect, Some(database), &self.options.table);
        self.tracker = tracker.map_err(|error| Stop::failed(error.into_kind()))?;
        Ok(())
    }

    pub(super) fn is_canceled(&self, error: &DbError) -> bool {
        self.class(error) == Class::Canceled
    }

    /// Retries a canceled observation as often as any work.
    pub(super) async fn retry_canceled(&mut self, error: DbError) -> Result<(), Stop> {
        self.check_cancelled(|| format!("while reading {}", self.tracker.shown()))?;
        if !self.may_retry() {
            return Err(Stop::failed(self.error(Work::Observing, error)));
        }
        self.patience.attempt += 1;
        self.pause_before_retry().await;
        Ok(())
    }

    /// Reads the applied set out of an answer.
    pub(super) fn read(&self, rows: Option<Rows<'_>>) -> Result<Observed, Stop> {
        let rows = match rows {
            Some(Rows::Current) => return Ok(Observed::Current),
            Some(Rows::All(rows)) => rows,
            None => return Ok(Observed::History(History::default())),
        };
        History::read(rows).map(Observed::History).map_err(|problem| Stop::failed(self.shape(problem)))
    }

    /// Returns the digest of a set with nothing pending. A few rows arrive as soon as a digest would, and a rollback
    /// and the status need the rows.
    fn digest(&self) -> Option<i64> {
        let rows = self.options.rollback.is_some() || self.goal == Goal::Status;
        let many = self.set.migrations().len() >= MANY && !rows;
        let digests = many && self.abilities.digest;
        self.set.digest().filter(|_| digests).map(|digest| counted(digest, self.set.migrations().len()))
    }
}

/// Reads the time of each version, in rows of version, name, checksum and time.
fn times(rows: &ResultSet, dialect: &dyn Dialect) -> BTreeMap<Version, String> {
    let time = |row: &[Option<String>]| match row {
        [Some(version), _, _, Some(time)] => Some((version.parse().ok()?, dialect.time(time))),
        _ => None,
    };
    rows.rows().filter_map(time).collect()
}

/// Combines a digest with the number of rows.
pub(super) fn counted(digest: i64, rows: usize) -> i64 {
    digest ^ i64::try_from(rows).unwrap_or(i64::MAX)
}

impl super::session::Session {
    pub(super) fn knows(&mut self, facts: SessionFacts) {
        self.pid = facts.pid;
        self.read_only = facts.read_only;
        self.standby = facts.standby;
    }
}
