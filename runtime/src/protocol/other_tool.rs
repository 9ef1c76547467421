//! The other tool, which may be at work while its history is read.

use super::Stop;
use super::errors::Work;
use super::protocol::Protocol;
use super::reply::ResultSet;
use crate::dialect::{Class, TOOL_LOCK, Timeouts};
use crate::legacy::{Legacy, stranger};
use crate::report::error::ErrorKind;
use crate::runner::Goal;
use crate::runner::options::OtherTools;

impl Protocol<'_> {
    /// Takes the tool's locks, and reads its rows. Whatever ends the transaction has to give them back.
    pub(super) fn lock_tool(&mut self) -> String {
        let (Some(legacy), Some(table)) = (&self.options.adopt, &self.known.legacy) else {
            return String::new();
        };
        self.cleanup.unlock_tool = self.dialect.unlock_legacy(&table.locks);
        self.dialect.lock_legacy(&table.locks) + &legacy.select(self.dialect, self.dialect.keep_rows())
    }

    /// Rolls back and waits for the tool, before another attempt.
    pub(super) async fn stand_back_from_tool(&mut self) -> Stop {
        let tool = self.options.adopt.as_ref().map_or("another tool", Legacy::tool);
        let busy = format!("{tool} is at work: a session has its lock");
        let stood_back = async {
            self.roll_back().await?;
            self.wait_for(None, Some(&busy)).await
        };
        stood_back.await.err().unwrap_or(Stop::Again)
    }

    /// Reads rows again that speak against an adoption, once the tool is not at work: it writes down what it has begun.
    pub(super) async fn read_undisturbed(&mut self, problems: Vec<String>) -> Result<(), Stop> {
        let locks = self.known.legacy.as_ref().is_some_and(|table| !table.locks.is_empty());
        if !locks || !self.writes() {
            return Err(Stop::failed(ErrorKind::Legacy(problems)));
        }
        let message = self.same_backend() + &self.begin(Timeouts::default()) + &self.lock_tool();
        let mut results = match self.session.transact(message).await? {
            Ok(results) => results,
            Err(error) => {
                return Err(match self.class(&error) {
                    Class::HandedOn { pid } => self.handed_on(pid),
                    Class::Busy | Class::Retry => self.stand_back_from(&error).await,
                    _ => {
                        let table = self.options.adopt.as_ref().map(Legacy::shown).unwrap_or_default();
                        Stop::failed(self.error(Work::Reading(table), error))
                    }
                });
            }
        };
        if results.iter().any(is_lock_of_others) {
            return Err(self.stand_back_from_tool().await);
        }
        self.roll_back().await?;
        let rows = results.pop().unwrap_or_default();
        self.learn_rows(rows).map_err(|problems| Stop::failed(ErrorKind::Legacy(problems)))
    }
}

impl Protocol<'_> {
    /// Returns `true` if another tool may have a history here that the run would not take into account.
    pub(super) fn heeds_other_tools(&self) -> bool {
        self.options.other_tools == OtherTools::Refuse && !self.session.set_exists
    }

    /// Fails if one of these tables of other tools has rows: the run would apply again what the tool has applied.
    pub(super) async fn refuse_other_histories(&mut self, tables: &[&'static str]) -> Result<(), Stop> {
        match self.other_history(tables).await? {
            Some(table) => Err(Stop::failed(ErrorKind::Legacy(vec![stranger::told(table)]))),
            None => Ok(()),
        }
    }

    /// Warns of what a run would refuse.
    pub(super) async fn warn_of_other_histories(&mut self) -> Result<(), Stop> {
        if self.goal != Goal::Plan || !self.heeds_other_tools() || self.plan.pending().is_empty() {
            return Ok(());
        }
        self.prepare().await?;
        let Ok(results) = self.session.send(self.dialect.visible_tables(&stranger::tables())).await? else {
            return Ok(());
        };
        if let Some(table) = self.other_history(&strangers(results.last())).await? {
            self.plan.warnings.push(stranger::told(table).replace("\nhelp: ", "; "));
        }
        Ok(())
    }

    /// Returns the first of these tables that has rows, if the run would apply something beside such a history.
    async fn other_history(&mut self, tables: &[&'static str]) -> Result<Option<&'static str>, Stop> {
        let adopts = matches!(self.known.facts.legacy, Some(Some(_)));
        if adopts || !self.plan.changes().is_empty() {
            return Ok(None);
        }
        for table in tables {
            let name = self.dialect.identifier(table);
            let question = format!("SELECT EXISTS (SELECT 1 FROM {name});\n");
            // A table that this role may not read is somebody's.
            match self.session.send(question).await? {
                Ok(results) if !results.last().is_some_and(|found| found.is_true(0)) => {}
                _ => return Ok(Some(table)),
            }
        }
        Ok(None)
    }
}

/// Returns those of the other tools' tables that are there.
pub(super) fn strangers(there: Option<&ResultSet>) -> Vec<&'static str> {
    let there =
        |table: &&str| there.is_some_and(|found| found.rows().any(|row| row[0].as_deref() == Some(table)));
    stranger::tables().into_iter().filter(there).collect()
}

/// Returns `true` for the answer that a lock of the tool is not ours.
pub(super) fn is_lock_of_others(result: &ResultSet) -> bool {
    result.value(0) == Some(TOOL_LOCK) && !result.is_true(1)
}
