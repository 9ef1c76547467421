//! Steps on MySQL: the journal of a migration that commits statement by statement.

use super::{Mysql, session};
use crate::dialect::{Names, StepSql, steps};
use crate::tracker::Tracker;

impl StepSql for Mysql {
    fn progress(&self, tracker: &Tracker, names: &Names<'_>) -> String {
        let about = steps::about(self, tracker, names);
        format!(
            "SELECT event, attempt, statement, detail, CASE WHEN event = 'started' THEN {} END, \
             EXISTS (SELECT 1 FROM {} WHERE {about}), {} FROM {} WHERE {about} ORDER BY id;\n",
            session::lives("detail"),
            tracker.set(),
            steps::is_own(self, tracker, names),
            tracker.journal()
        )
    }

    fn reach(&self, place: usize, first: bool) -> Option<String> {
        let began = if first { ", @gapless_began = utc_timestamp(6)" } else { "" };
        Some(format!("SET @gapless_place = {place}{began};\n"))
    }

    fn reached(&self) -> &'static str {
        "SELECT @gapless_place;\nSET @gapless_place = NULL, @gapless_began = NULL;\n"
    }

    /// A subquery in place of a value may have one row.
    fn none_unfinished(&self, tracker: &Tracker, migrations: &[Names<'_>]) -> String {
        format!(
            "SELECT (SELECT t.n FROM (SELECT 1 AS n UNION ALL SELECT 2) t WHERE EXISTS ({}));\n",
            self.unfinished(tracker, migrations)
        )
    }
}
