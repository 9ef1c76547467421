//! Reads the status: the applied set, and the journal's word on it. Takes no lock and writes nothing.

use super::Stop;
use super::observe::Observed;
use super::protocol::Protocol;
use crate::dialect::{Class, renames, runs};
use crate::engine::ResultSet;
use crate::history::History;
use crate::plan::survey::{Journal, Survey};

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
        self.status = Some(status);
        Ok(())
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
