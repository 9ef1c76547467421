//! Steps on SQLite: the journal of a migration outside of a transaction.

use super::Sqlite;
use crate::dialect::{Names, StepSql, steps};
use crate::tracker::Tracker;

/// [`StepSql::none_unfinished`] fails with this.
pub(super) const UNFINISHED: &str = "ESCAPE expression must be a single character";

impl StepSql for Sqlite {
    fn progress(&self, tracker: &Tracker, names: &Names<'_>) -> String {
        let about = steps::about(self, tracker, names);
        format!(
            "SELECT event, attempt, statement, detail, NULL, EXISTS (SELECT 1 FROM {} WHERE {about}), {}, id, NULL \
             FROM {} WHERE {about} ORDER BY id;\n",
            tracker.set(),
            steps::is_own(self, tracker, names),
            tracker.journal()
        )
    }

    /// Fails with an error that no script causes.
    fn none_unfinished(&self, tracker: &Tracker, migrations: &[Names<'_>]) -> String {
        format!(
            "SELECT '' LIKE '' ESCAPE 'gapless ' || min(u.version) FROM ({}) u HAVING count(*) > 0;\n",
            self.unfinished(tracker, migrations)
        )
    }
}
