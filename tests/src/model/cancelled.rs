//! A run that its program has cancelled: what it must say, and what may be left.

use gapless::{Applied, Error};

use super::file::{File, Kind, Work};
use super::place::{Picture, Place};
use super::play::Play;

/// Returns true if a cancelled run was in a statement, or in code, that may have committed a part of its work.
pub(super) fn may_be_half_done(error: &Error, file: Option<&File>) -> bool {
    let (Some(failure), Some(file)) = (error.failure(), file) else { return false };
    let sent = !failure.database_error().code.is_empty();
    let at = failure.statement().and_then(|number| file.statements.get(number.checked_sub(1)?));
    let block = at.is_some_and(|statement| statement.work == Work::Block);
    sent && file.is_stepwise() && (file.kind == Kind::CodeOutside || block)
}

impl<P: Place> Play<'_, P> {
    /// Checks that a cancelled run says what it has kept, and leaves neither a lock nor a transaction.
    pub(super) fn after_cancelling(
        &mut self,
        error: &Error,
        before: &Picture,
        after: &Picture,
    ) -> Result<(), String> {
        self.tag("cancelled");
        if error.failure().is_some() {
            self.tag("interrupted by its program");
        }
        let said =
            |version: i64| error.applied().iter().map(Applied::version).any(|one| one.number() == version);
        let unsaid = after
            .rows
            .iter()
            .find(|row| row.checksum.is_some() && before.row(row.identity).is_none() && !said(row.version));
        if let Some(row) = unsaid {
            return Err(format!("it does not say that it has applied {}", row.name));
        }
        let recorded = |version: i64| after.rows.iter().any(|row| row.version == version);
        if let Some(one) = error.applied().iter().find(|one| !recorded(one.version().number())) {
            return Err(format!("it says that it has applied {}, which is not recorded", one.name()));
        }
        self.left_nothing()
    }
}
