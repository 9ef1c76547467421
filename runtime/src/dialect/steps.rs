//! Migrations outside of a transaction: the journal of their steps.

use gapless_core::{Concurrent, Statement, Version};

use super::{BEGUN, Entry, Language, Names};
use crate::engine::ResultSet;
use crate::history::GOING_BACK;
use crate::protocol::is_truth;
use crate::tracker::Tracker;

/// The statements for steps: their journal, and the catalog's word on them.
pub trait StepSql: Language {
    /// Selects the journal of a migration and of its version in the order of the rows, under all names that the
    /// migration had or has for a newer release (event, attempt, statement, detail, the session that wrote the row
    /// lives and is not this one, 2 if another node of a cluster would have to tell, or NULL if the database cannot tell,
    /// the migration is in the set now, the row is about this migration). [`ProgressRow`] reads the answer.
    fn progress(&self, tracker: &Tracker, names: &Names<'_>) -> String;

    /// Selects the nodes of the cluster (the text behind the last slash of a session's mark); `None` without one.
    fn members(&self) -> Option<&'static str> {
        None
    }

    /// Inserts the row of a try that begins; fails with [`Class::Unrecorded`](super::Class::Unrecorded) unless
    /// [`StepSql::progress`] would still show `known` rows.
    fn journal_start(&self, tracker: &Tracker, entry: &Entry<'_>, names: &Names<'_>, known: usize) -> String {
        start(self, tracker, entry, names, known)
    }

    /// Inserts the row of a statement before the run sends it by itself: its checksum and, behind that, what the catalog
    /// says of its objects. It is the last of these statements of its script.
    fn journal_begun(&self, tracker: &Tracker, entry: &Entry<'_>, _script: &[Statement<'_>]) -> String {
        begun(self, tracker, entry, None)
    }

    /// Selects the detail of that row.
    fn find_begun(&self, tracker: &Tracker, entry: &Entry<'_>) -> String {
        format!(
            "SELECT detail FROM {} WHERE event = '{BEGUN}' AND version = {} AND attempt = {} AND statement = {};\n",
            tracker.journal(),
            entry.version,
            entry.attempt,
            entry.statement.unwrap_or_default(),
        )
    }

    /// Inserts the row of a done statement; fails with [`Class::Unrecorded`](super::Class::Unrecorded) if a later try
    /// has begun.
    fn journal_step(&self, tracker: &Tracker, entry: &Entry<'_>, names: &Names<'_>) -> String {
        step(self, tracker, entry, names)
    }

    /// Notes in the session that a message has come to this place; `None` where a session keeps no notes. The first place
    /// of a migration also notes the time for [`TrackerSql::journal_applied`](super::TrackerSql::journal_applied).
    fn reach(&self, _place: u64, _first: bool) -> Option<String> {
        None
    }

    /// Selects the last noted place, and forgets it. [`place`] reads the answer.
    fn reached(&self) -> &'static str {
        ""
    }

    /// Selects the indexes (qualified name, valid, named by the statement, made since the statement was first begun)
    /// that reveal the outcome of a concurrent statement, by its number in the script; `None` if nothing can.
    /// [`FoundIndex`] reads the answer.
    fn inspect(
        &self,
        _tracker: &Tracker,
        _names: &Names<'_>,
        _number: usize,
        _statement: &Concurrent<'_>,
    ) -> Option<String> {
        None
    }

    /// Selects each object of a statement (name, changed since the statement was first begun), which is the last of these
    /// of its script; `None` if the catalog does not tell its outcome. [`Effect`](super::Effect) reads the answer.
    fn effects(&self, _tracker: &Tracker, _names: &Names<'_>, _script: &[Statement<'_>]) -> Option<String> {
        None
    }

    /// Drops an index that an earlier try has left.
    fn drop_leftover(&self, index: &str) -> String {
        format!("DROP INDEX IF EXISTS {index};\n")
    }

    /// Marks a row for a rollback, so that no release takes it for applied.
    fn go_back(&self, tracker: &Tracker, version: Version) -> String {
        go_back(self, tracker, version)
    }

    /// Removes that mark, because nothing was rolled back.
    fn stay(&self, tracker: &Tracker, version: Version) -> String {
        stay(self, tracker, version)
    }

    /// Selects those of these migrations that a release has begun outside of a transaction and not finished (version);
    /// without a semicolon. [`versions`] reads the answer.
    fn unfinished(&self, tracker: &Tracker, migrations: &[Names<'_>]) -> String {
        unfinished(self, tracker, migrations)
    }

    /// Fails with [`Class::Unfinished`](super::Class::Unfinished) if a release has begun one of these outside of a
    /// transaction and not finished it.
    fn none_unfinished(&self, tracker: &Tracker, migrations: &[Names<'_>]) -> String;
}

/// A row of the answer to [`StepSql::progress`].
#[derive(Debug)]
pub(crate) struct ProgressRow<'r> {
    pub(crate) event: &'r str,
    pub(crate) attempt: u32,
    pub(crate) statement: Option<usize>,
    pub(crate) detail: Option<&'r str>,
    /// The session that wrote it lives; `None` if the database cannot tell.
    pub(crate) alive: Option<bool>,
    /// The node that the session is on, if only that can tell. Until it has left the cluster, the session is taken to live.
    pub(crate) elsewhere: Option<&'r str>,
    /// The version is in the set now.
    pub(crate) recorded: bool,
    /// It is about this migration, under any of its names.
    pub(crate) own: bool,
    /// Its number in the journal.
    pub(crate) id: Option<i64>,
    /// The session that wrote it, where sessions have numbers.
    pub(crate) pid: Option<i64>,
}

impl<'r> ProgressRow<'r> {
    pub(crate) fn read(row: &'r [Option<String>]) -> ProgressRow<'r> {
        let text = |column: usize| row.get(column).and_then(Option::as_deref);
        let number = |column: usize| text(column).and_then(|text| text.parse::<usize>().ok());
        let truth = |column: usize| text(column).map(is_truth);
        ProgressRow {
            event: text(0).unwrap_or_default(),
            attempt: number(1).and_then(|attempt| u32::try_from(attempt).ok()).unwrap_or_default(),
            statement: number(2),
            detail: text(3),
            alive: truth(4).map(|alive| alive || text(4) == Some("2")),
            elsewhere: text(3).and_then(|mark| mark.rsplit('/').next()).filter(|_| text(4) == Some("2")),
            recorded: truth(5).unwrap_or_default(),
            own: truth(6) != Some(false),
            id: text(7).and_then(|id| id.parse().ok()),
            pid: text(8).and_then(|pid| pid.parse().ok()),
        }
    }
}

/// An index in the answer to [`StepSql::inspect`].
#[derive(Debug)]
pub(crate) struct FoundIndex {
    pub(crate) name: String,
    pub(crate) valid: bool,
    /// The statement names it.
    pub(crate) named: bool,
    /// It did not exist when the statement was first begun.
    pub(crate) new: bool,
}

impl FoundIndex {
    pub(crate) fn read(rows: &ResultSet) -> impl Iterator<Item = FoundIndex> {
        rows.rows().filter_map(|row| {
            let truth = |column: usize| row.get(column).and_then(Option::as_deref).is_some_and(is_truth);
            let name = row.first().cloned()??;
            Some(FoundIndex { name, valid: truth(1), named: truth(2), new: truth(3) })
        })
    }
}

/// Reads the answer to [`StepSql::reached`].
pub(crate) fn place(results: &[ResultSet]) -> Option<u64> {
    results.first()?.value(0)?.parse().ok()
}

/// Reads the answer to [`StepSql::unfinished`].
pub(crate) fn versions(rows: Option<&ResultSet>) -> Vec<Version> {
    let version = |row: &[Option<String>]| row.first()?.as_deref()?.parse().ok();
    rows.into_iter().flat_map(ResultSet::rows).filter_map(version).collect()
}

/// The events that leave nothing of earlier tries.
pub(super) const CLOSING: &str = "'applied', 'adopted', 'baselined', 'reconciled', 'rolled_back'";

/// Inserts a row of the journal; the name is an expression.
pub(super) fn row<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    name: &str,
) -> String {
    let number = |value: Option<usize>| value.map_or("NULL".to_owned(), |value| value.to_string());
    let detail = match &entry.detail {
        Some(detail) => dialect.literal(detail),
        None if entry.event == "started" => dialect.session_mark(),
        None => "NULL".to_owned(),
    };
    format!(
        "INSERT INTO {} (version, name, event, attempt, statement, statements, detail) \
         VALUES ({}, {name}, '{}', {}, {}, {}, {detail});\n",
        tracker.journal(),
        entry.version,
        entry.event,
        entry.attempt,
        number(entry.statement),
        number(entry.statements),
    )
}

/// Inserts a row without a name, which the journal refuses, if this condition holds.
fn row_unless<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    condition: &str,
) -> String {
    let name = dialect.literal(entry.name);
    row(dialect, tracker, entry, &format!("CASE WHEN NOT ({condition}) THEN {name} END"))
}

/// See [`StepSql::journal_start`].
pub(super) fn start<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    names: &Names<'_>,
    known: usize,
) -> String {
    let rows = dialect.rows_apart("id", &tracker.journal(), &about(dialect, tracker, names));
    row_unless(dialect, tracker, entry, &format!("(SELECT count(*) FROM {rows}) <> {known}"))
}

/// See [`StepSql::journal_step`].
pub(super) fn step<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    names: &Names<'_>,
) -> String {
    let about = about(dialect, tracker, names);
    // During a rollback, the row bears a name of its own.
    let own = is_own(dialect, tracker, names);
    let later = format!("({about}) AND event = 'started' AND attempt > {}", entry.attempt);
    let later = dialect.rows_apart("id", &tracker.journal(), &later);
    let recorded = dialect.rows_apart("version", &tracker.set(), &own);
    let overtaken = format!("EXISTS (SELECT 1 FROM {later}) OR EXISTS (SELECT 1 FROM {recorded})");
    row_unless(dialect, tracker, entry, &overtaken)
}

/// See [`StepSql::journal_begun`]; `there` is an expression for the existing indexes.
pub(super) fn begun<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    entry: &Entry<'_>,
    there: Option<String>,
) -> String {
    let checksum = dialect.literal(entry.detail.as_deref().unwrap_or_default());
    let detail = there.map_or(checksum.clone(), |there| {
        let there = format!("coalesce({}, '')", dialect.concat(&["' '", &there]));
        dialect.concat(&[&checksum, &there])
    });
    format!(
        "INSERT INTO {} (version, name, event, attempt, statement, statements, detail) \
         VALUES ({}, {}, '{BEGUN}', {}, {}, {}, {detail});\n",
        tracker.journal(),
        entry.version,
        dialect.literal(entry.name),
        entry.attempt,
        entry.statement.unwrap_or_default(),
        entry.statements.unwrap_or_default(),
    )
}

/// Tests for a row of the journal that is about the migration, under this name, an earlier one, or one that a newer
/// release has given it; a condition.
pub(super) fn is_own<D: Language + ?Sized>(dialect: &D, tracker: &Tracker, names: &Names<'_>) -> String {
    let (mut own, mut stems) = (Vec::new(), Vec::new());
    for (version, name) in names.all() {
        own.push(format!("version = {version} AND name = {}", dialect.literal(name)));
        stems.push(dialect.literal(&format!("{version}_{name}")));
    }
    format!(
        "{} OR (version,name) IN (SELECT version,name FROM {} WHERE event = 'renamed' AND detail IN ({}))",
        own.join(" OR "),
        tracker.journal(),
        stems.join(",")
    )
}

/// Tests for a row of the journal that is about the migration or its version, under any name; a condition.
pub(super) fn about<D: Language + ?Sized>(dialect: &D, tracker: &Tracker, names: &Names<'_>) -> String {
    format!("version = {} OR {}", names.version, is_own(dialect, tracker, names))
}

/// See [`StepSql::unfinished`].
pub(super) fn unfinished<D: Language + ?Sized>(
    dialect: &D,
    tracker: &Tracker,
    migrations: &[Names<'_>],
) -> String {
    let rows_of = |names: &Names<'_>| {
        let own = names.version;
        let row = |(version, name)| format!("SELECT {own}, {version}, {}", dialect.literal(name));
        names.all().map(row).collect::<Vec<_>>()
    };
    let rows: Vec<_> = migrations.iter().flat_map(rows_of).collect();
    let journal = tracker.journal();
    let stem = dialect.concat(&["k.version", "'_'", "k.name"]);
    format!(
        "WITH k (own, version, name) AS ({}), a AS (SELECT own, version, name FROM k UNION \
         SELECT k.own, j.version, j.name FROM k JOIN {journal} j ON j.event = 'renamed' \
         AND j.detail = {stem}) \
         SELECT DISTINCT a.own AS version FROM a JOIN {journal} s ON s.version = a.version AND s.name = a.name \
         WHERE s.event IN ('statement', '{BEGUN}', 'interrupted') AND NOT EXISTS (SELECT 1 FROM {journal} c \
         JOIN a b ON c.version = b.version AND c.name = b.name WHERE b.own = a.own AND c.id > s.id \
         AND (c.event IN ({CLOSING}) OR c.event = 'resolved' AND c.statement = 0))",
        rows.join(" UNION ALL ")
    )
}

/// See [`StepSql::go_back`].
pub(super) fn go_back<D: Language + ?Sized>(dialect: &D, tracker: &Tracker, version: Version) -> String {
    let mark = dialect.literal(GOING_BACK);
    format!(
        "UPDATE {} SET name = {} WHERE version = {version} AND name NOT LIKE {};\n",
        tracker.set(),
        dialect.concat(&["name", &mark]),
        dialect.concat(&["'%'", &mark])
    )
}

/// See [`StepSql::stay`].
pub(super) fn stay<D: Language + ?Sized>(dialect: &D, tracker: &Tracker, version: Version) -> String {
    format!(
        "UPDATE {} SET name = replace(name, {}, '') WHERE version = {version};\n",
        tracker.set(),
        dialect.literal(GOING_BACK)
    )
}
