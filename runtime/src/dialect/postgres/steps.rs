//! Steps on Postgres: the journal of a migration outside of a transaction.

use gapless_core::{Concurrent, Statement};

use super::{Postgres, indexes};
use crate::dialect::{Entry, Names, StepSql, steps};
use crate::tracker::Tracker;

/// [`StepSql::none_unfinished`] tries to read this as a number, with a version behind it.
pub(super) const UNFINISHED: &str = "gapless: begun outside of a transaction: ";

impl StepSql for Postgres {
    /// A role that may not see another's session does not see its `backend_start`, and the pid has to do.
    fn progress(&self, tracker: &Tracker, names: &Names<'_>) -> String {
        let about = steps::about(self, tracker, names);
        format!(
            "SELECT event, attempt, statement, detail, EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a \
             WHERE a.pid = j.backend_pid AND a.pid <> pg_catalog.pg_backend_pid() AND \
             coalesce(extract(epoch FROM a.backend_start)::text, j.detail) = j.detail), \
             EXISTS (SELECT 1 FROM {} WHERE {about}), {}, id, backend_pid \
             FROM {} j WHERE {about} ORDER BY id;\n",
            tracker.set(),
            steps::is_own(self, tracker, names),
            tracker.journal()
        )
    }

    fn journal_begun(&self, tracker: &Tracker, entry: &Entry<'_>, script: &[Statement<'_>]) -> String {
        let concurrent = script.last().and_then(Statement::concurrent);
        steps::begun(self, tracker, entry, concurrent.map(|concurrent| indexes::there(self, &concurrent)))
    }

    fn inspect(
        &self,
        tracker: &Tracker,
        names: &Names<'_>,
        number: usize,
        statement: &Concurrent<'_>,
    ) -> Option<String> {
        indexes::indexes(self, tracker, names, number, statement)
    }

    fn drop_leftover(&self, index: &str) -> String {
        format!("DROP INDEX CONCURRENTLY IF EXISTS {index};\n")
    }

    fn none_unfinished(&self, tracker: &Tracker, migrations: &[Names<'_>]) -> String {
        format!(
            "SELECT CAST(pg_catalog.textcat('{UNFINISHED}', CAST(min(u.version) AS text)) AS integer) \
             FROM ({}) u HAVING count(*) > 0;\n",
            self.unfinished(tracker, migrations)
        )
    }
}
