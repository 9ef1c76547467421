//! Keeps messages as short as the server wants them: a longer one would lose the connection.

use gapless_core::{Location, split};

use super::batch::MOST_BYTES;
use super::item::{Execution, Item};
use super::protocol::Protocol;
use crate::report::error::ErrorKind;

/// Room for the statements around a script.
const AROUND: usize = 16 << 10;

/// Room for those around each of many scripts.
pub(super) const AROUND_EACH: usize = 4 << 10;

impl<'a> Protocol<'a> {
    /// Returns the length of a script that the server takes in a message of our own; `None` where it takes any.
    fn most(&self) -> Option<usize> {
        Some(self.session.longest?.saturating_sub(AROUND))
    }

    /// Returns the length of a message of many migrations, about.
    pub(super) fn most_together(&self) -> usize {
        self.most().map_or(MOST_BYTES, |most| most.min(MOST_BYTES))
    }

    /// Returns `true` if the server takes a message with so many bytes of migrations.
    pub(super) fn takes(&self, bytes: usize) -> bool {
        self.most().is_none_or(|most| bytes <= most)
    }

    /// Finds a script in the queue that is too long for a message, or a statement of one that runs statement by statement.
    pub(super) fn too_long(&self) -> Option<ErrorKind> {
        let longest = self.session.longest?;
        self.queue.iter().find_map(|item| {
            let (line, length) = self.too_long_in(item)?;
            Some(ErrorKind::TooLong { path: item.file(), line, length, longest })
        })
    }

    fn too_long_in(&self, item: &Item<'a>) -> Option<(Option<usize>, usize)> {
        let sql = item.sql();
        if self.takes(sql.len()) {
            return None;
        }
        match item.execution {
            Execution::Code => None,
            Execution::Batched => Some((None, sql.len())),
            Execution::Stepwise => {
                let statements = split(sql, self.dialect.syntax()).ok()?;
                let long = statements.iter().find(|statement| !self.takes(statement.text().len()))?;
                Some((Some(Location::of(sql, long.span().start).line), long.text().len()))
            }
        }
    }
}
