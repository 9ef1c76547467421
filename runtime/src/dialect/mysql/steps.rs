//! Steps on MySQL: the journal of a migration that commits statement by statement.

use std::borrow::Cow;

use gapless_core::{ObjectKind, Statement};

use super::{Mysql, cluster, session, sums};
use crate::dialect::{BEGUN, Entry, Language, Names, StepSql, steps};
use crate::tracker::Tracker;

impl StepSql for Mysql {
    fn progress(&self, tracker: &Tracker, names: &Names<'_>) -> String {
        let about = steps::about(self, tracker, names);
        format!(
            "SELECT event, attempt, statement, detail, CASE WHEN event = 'started' THEN {} END, \
             EXISTS (SELECT 1 FROM {} WHERE {about}), {}, id, backend_pid FROM {} WHERE {about} ORDER BY id;\n",
            session::lives("detail"),
            tracker.set(),
            steps::is_own(self, tracker, names),
            tracker.journal()
        )
    }

    fn members(&self) -> Option<&'static str> {
        Some(cluster::MEMBERS)
    }

    fn journal_begun(&self, tracker: &Tracker, entry: &Entry<'_>, script: &[Statement<'_>]) -> String {
        let definition = script.split_last().and_then(|(statement, before)| statement.definition(before));
        let there = definition.map(|definition| {
            let sums = format!("concat_ws(' ', {})", sums::sums(self, &definition).join(", "));
            match definition.variable {
                Some(variable) => format!("CASE WHEN {} THEN {sums} END", sums::defines(variable)),
                None => sums,
            }
        });
        steps::begun(self, tracker, entry, there)
    }

    /// The sums stand in the row of the beginning, in the order of the objects. If another migration was at work since, a
    /// table that looks otherwise proves nothing.
    fn effects(&self, tracker: &Tracker, names: &Names<'_>, script: &[Statement<'_>]) -> Option<String> {
        let (statement, before) = script.split_last()?;
        let definition = statement.definition(before)?;
        let (journal, own) = (tracker.journal(), steps::is_own(self, tracker, names));
        let row = format!(
            "SELECT id, detail FROM {journal} WHERE id = (SELECT max(id) FROM {journal} WHERE event = '{BEGUN}' \
             AND statement = {} AND ({own}))",
            script.len()
        );
        let others = format!(
            "EXISTS (SELECT 1 FROM {journal} WHERE {journal}.id > b.id \
             AND event IN ('started', 'statement', '{BEGUN}') AND NOT ({own}))"
        );
        let sums = sums::sums(self, &definition);
        let words = "char_length(b.detail) - char_length(replace(b.detail, ' ', ''))";
        let count = sums.len();
        let object = |(index, (sum, (_, name))): (usize, (&String, &(ObjectKind, Cow<'_, str>)))| {
            let known = format!("substring_index(substring_index(b.detail, ' ', {}), ' ', -1)", index + 2);
            let changed = if definition.whole {
                format!("{known} <> {sum}")
            } else {
                format!("CASE WHEN {known} = {sum} THEN 0 WHEN NOT {others} THEN 1 END")
            };
            format!(
                "SELECT {}, CASE WHEN {words} = {count} THEN {changed} END FROM ({row}) b",
                self.literal(name)
            )
        };
        let objects: Vec<_> = sums.iter().zip(&definition.objects).enumerate().map(object).collect();
        Some(objects.join(" UNION ALL ") + ";\n")
    }

    fn reach(&self, place: u64, first: bool) -> Option<String> {
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
