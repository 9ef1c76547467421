//! The other tool, which may be at work while its history is read.

use super::Stop;
use super::errors::Work;
use super::protocol::Protocol;
use super::reply::ResultSet;
use crate::dialect::{Class, TOOL_LOCK, Timeouts};
use crate::legacy::Legacy;
use crate::report::error::ErrorKind;

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

/// Returns `true` for the answer that a lock of the tool is not ours.
pub(super) fn is_lock_of_others(result: &ResultSet) -> bool {
    result.value(0) == Some(TOOL_LOCK) && !result.is_true(1)
}
