//! Reads the status: the applied set, and the journal's word on it. Takes no lock and writes nothing.

use super::Stop;
use super::observe::Observed;
use super::progress::Progress;
use super::protocol::Protocol;
use crate::dialect::{Class, renames, runs};
use crate::engine::ResultSet;
use crate::history::History;
use crate::plan::survey::{Journal, Survey};
use crate::{Status, VersionState};

/// The number of other schemas that a warning names.
const SHOWN: usize = 3;

impl Protocol<'_> {
    /// Keeps the status of every version.
    pub(super) async fn survey(&mut self, observed: Observed) -> Result<(), Stop> {
        let history = match observed {
            Observed::History(history) => history,
            // Nothing asks for the digest.
            Observed::Current => History::default(),
        };
        let mut warnings = Vec::new();
        let journal = if self.session.set_exists {
            self.read_journal(&mut warnings).await?
        } else {
            warnings.extend(self.find_trackers().await?);
            Journal::default()
        };
        let survey = Survey {
            set: self.set,
            history: &history,
            options: &self.options,
            facts: &self.known.facts,
            journal: &journal,
            times: &self.known.times,
        };
        let mut status = survey.status();
        status.warnings.extend(warnings);
        self.find_sessions(&mut status).await?;
        self.status = Some(status);
        Ok(())
    }

    /// Finds the sessions that are at work on what has begun and not ended.
    async fn find_sessions(&mut self, status: &mut Status) -> Result<(), Stop> {
        let (mut begun, mut message) = (Vec::new(), String::new());
        for one in &mut status.versions {
            let migration = self.set.find(one.version).filter(|_| one.state.has_begun());
            if let Some(migration) = migration {
                message += &self.dialect.progress(&self.tracker, &self.names(migration));
                begun.push(one);
            }
        }
        if begun.is_empty() {
            return Ok(());
        }
        // Without an answer, what the journal says stays.
        for (one, rows) in
            begun.into_iter().zip(self.send_patiently(message).await?.unwrap_or_default().iter())
        {
            let progress = Progress::read(rows);
            if progress.lives() {
                one.journaled.session = progress.pid;
                if one.state == VersionState::Interrupted {
                    one.state = VersionState::Running;
                }
            }
        }
        Ok(())
    }

    /// Warns of trackers in other schemas: the name of this one may be mistyped.
    async fn find_trackers(&mut self) -> Result<Option<String>, Stop> {
        let Some(message) = self.dialect.trackers_elsewhere(&self.tracker) else { return Ok(None) };
        self.session.is_at("looking for the tracker");
        let Ok(results) = self.send_patiently(message).await? else { return Ok(None) };
        let rows = results.first().into_iter().flat_map(ResultSet::rows);
        let mut schemas: Vec<_> = rows.filter_map(|row| row.first()?.clone()).collect();
        let more = schemas.len() > SHOWN;
        schemas.truncate(SHOWN);
        let shown = schemas.iter().map(|schema| format!("`{schema}`")).collect::<Vec<_>>().join(", ");
        let (others, have) = match schemas.len() {
            0 => return Ok(None),
            1 => ("schema", "has"),
            _ if more => ("schemas", "and more have"),
            _ => ("schemas", "have"),
        };
        Ok(Some(format!(
            "nothing has been applied here: the schema has no table `{}`; the {others} {shown} {have} one, and \
             `.schema(...)` names another",
            self.tracker.table()
        )))
    }

    /// Reads the journal. Where that is impossible, it knows nothing and warns.
    async fn read_journal(&mut self, warnings: &mut Vec<String>) -> Result<Journal, Stop> {
        self.prepare().await?;
        self.session.is_at("reading the journal");
        let message = self.dialect.last_events(&self.tracker)
            + &self.dialect.renamed(&self.tracker)
            + &self.dialect.runs(&self.tracker);
        match self.send_patiently(message).await? {
            Ok(results) => {
                let none = ResultSet::default();
                let result = |at: usize| results.get(at).unwrap_or(&none);
                self.known.facts.renamed = Some(renames(result(1)));
                self.known.facts.runs = runs(result(2));
                let dialect = self.dialect;
                Ok(Journal::read(result(0), |time| dialect.time(time)))
            }
            Err(error) => {
                if self.class(&error) != Class::Missing {
                    warnings.push(format!("the journal could not be read: {}", error.message));
                }
                Ok(Journal::default())
            }
        }
    }
}
