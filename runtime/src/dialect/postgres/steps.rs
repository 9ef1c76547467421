//! Steps on Postgres: the journal of a migration outside of a transaction.

use gapless_core::{Concurrent, Version};

use super::{Postgres, indexes};
use crate::dialect::{Entry, StepSql, steps};
use crate::tracker::Tracker;

/// [`StepSql::none_unfinished`] tries to read this as a number, with a version behind it.
pub(super) const UNFINISHED: &str = "gapless: begun outside of a transaction: ";

impl StepSql for Postgres {
    /// A role that may not see another's session sees no `backend_start` of it: the pid has to do then.
    fn progress(
        &self,
        tracker: &Tracker,
        version: Version,
        name: &str,
        before: &[(Version, &str)],
    ) -> String {
        let about = steps::about(self, tracker, version, name, before);
        format!(
            "SELECT event, attempt, statement, detail, EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a \
             WHERE a.pid = j.backend_pid AND a.pid <> pg_catalog.pg_backend_pid() AND \
             coalesce(extract(epoch FROM a.backend_start)::text, j.detail) = j.detail), \
             EXISTS (SELECT 1 FROM {} WHERE {about}), {} \
             FROM {} j WHERE {about} ORDER BY id;\n",
            tracker.set(),
            steps::is_own(self, tracker, version, name, before),
            tracker.journal()
        )
    }

    fn journal_begun(
        &self,
        tracker: &Tracker,
        entry: &Entry<'_>,
        statement: Option<&Concurrent<'_>>,
    ) -> String {
        steps::begun(self, tracker, entry, statement.map(|statement| indexes::there(self, statement)))
    }

    fn inspect(
        &self,
        tracker: &Tracker,
        version: Version,
        name: &str,
        before: &[(Version, &str)],
        number: usize,
        statement: &Concurrent<'_>,
    ) -> Option<String> {
        indexes::indexes(self, tracker, version, name, before, number, statement)
    }

    fn drop_leftover(&self, index: &str) -> String {
        format!("DROP INDEX CONCURRENTLY IF EXISTS {index};\n")
    }

    fn none_unfinished(&self, tracker: &Tracker, known: &[(Version, (Version, &str))]) -> String {
        format!(
            "SELECT CAST(pg_catalog.textcat('{UNFINISHED}', CAST(min(u.version) AS text)) AS integer) \
             FROM ({}) u HAVING count(*) > 0;\n",
            self.unfinished(tracker, known)
        )
    }
}
