//! The statements behind the status and the log: events of the journal, and times for people.

use gapless_core::Version;

use super::{Language, Mysql, Postgres, Sqlite};
use crate::tracker::Tracker;

/// The statements behind the status and the log.
pub trait StatusSql: Language {
    /// Writes a column of times as text that sorts as they do; an expression.
    fn sortable(&self, column: &str) -> String {
        column.to_owned()
    }

    /// Converts such a text for people.
    fn time(&self, sortable: &str) -> String {
        sortable.to_owned()
    }

    /// Selects the journal's rows (id, time, version, name, event, attempt, statement, statements, duration in
    /// milliseconds, user, application, backend pid, detail), the newest first; with `version` the rows of that
    /// version, with `limit` the newest.
    fn log(&self, tracker: &Tracker, version: Option<Version>, limit: Option<usize>) -> String {
        let (journal, at) = (tracker.journal(), self.sortable("at"));
        let about = version.map_or(String::new(), |version| format!(" WHERE version = {version}"));
        let limit = limit.and_then(|limit| i64::try_from(limit).ok());
        // A limit of its own takes the place of one that the session may have.
        let limit = format!(" LIMIT {}", limit.unwrap_or(i64::MAX));
        format!(
            "SELECT id, {at}, version, name, event, attempt, statement, statements, duration_ms, db_user, application, \
             backend_pid, detail FROM {journal}{about} ORDER BY id DESC{limit};\n"
        )
    }

    /// Selects other schemas with a table of the tracker's name, the first few; `None` where nobody can have mistyped one.
    fn trackers_elsewhere(&self, _tracker: &Tracker) -> Option<String> {
        None
    }

    /// Selects the last row of each event that the journal has of each version and name (version, name, event, time,
    /// statement, duration in milliseconds, user, application, detail, number), in the order of its rows, without renames and
    /// accepted checksums.
    fn last_events(&self, tracker: &Tracker) -> String {
        let (journal, at) = (tracker.journal(), self.sortable("at"));
        format!(
            "SELECT version, name, event, {at}, statement, duration_ms, db_user, application, detail, id FROM {journal} \
             WHERE id IN (SELECT max(id) FROM {journal} WHERE event NOT IN ('renamed', 'checksum_accepted') \
             GROUP BY version, name, event) ORDER BY id;\n"
        )
    }
}

impl StatusSql for Postgres {
    fn trackers_elsewhere(&self, tracker: &Tracker) -> Option<String> {
        let (set, table) = (self.literal(&tracker.set()), self.literal(tracker.table()));
        Some(format!(
            "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname = {table} AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't' \
             AND c.oid IS DISTINCT FROM pg_catalog.to_regclass({set}) ORDER BY 1 LIMIT 4;\n"
        ))
    }

    fn sortable(&self, column: &str) -> String {
        format!("pg_catalog.encode(pg_catalog.timestamptz_send({column}), 'hex')")
    }

    fn time(&self, sortable: &str) -> String {
        let bits = u64::from_str_radix(sortable, 16).map(u64::to_ne_bytes);
        bits.map_or_else(|_| sortable.to_owned(), |bits| utc(i64::from_ne_bytes(bits)))
    }
}

impl StatusSql for Sqlite {}

impl StatusSql for Mysql {
    fn trackers_elsewhere(&self, tracker: &Tracker) -> Option<String> {
        // The connection names a database that is there; others are those of other services.
        if tracker.schema().is_empty() {
            return None;
        }
        let table = self.literal(tracker.table());
        Some(format!(
            "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_NAME = {table} \
             AND TABLE_TYPE = 'BASE TABLE' ORDER BY 1 LIMIT 4;\n"
        ))
    }

    /// The tracker's times are UTC.
    fn time(&self, sortable: &str) -> String {
        format!("{}Z", sortable.replacen(' ', "T", 1))
    }
}

/// Writes microseconds since the year 2000 as UTC, in the proleptic Gregorian calendar.
///
/// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
fn utc(micros: i64) -> String {
    match micros {
        i64::MAX => return "infinity".to_owned(),
        i64::MIN => return "-infinity".to_owned(),
        _ => {}
    }
    let day = 86_400_000_000;
    let (days, of_day) = (micros.div_euclid(day), micros.rem_euclid(day));
    // Counted from the first of March of the year 0, so that a leap day is the last day of its year.
    let days = days + 730_425;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (seconds, micros) = (of_day / 1_000_000, of_day % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts are PostgreSQL's own: `SELECT timestamptz_send('2024-02-29 23:59:59.000001Z')`, and so on.
    #[test]
    fn a_time_of_postgres_is_read_as_utc() {
        let hex = |micros: i64| format!("{:016x}", u64::from_ne_bytes(micros.to_ne_bytes()));
        let day = 86_400_000_000;
        for (micros, expected) in [
            (0, "2000-01-01T00:00:00.000000Z"),
            (-1, "1999-12-31T23:59:59.999999Z"),
            (59 * day, "2000-02-29T00:00:00.000000Z"),
            (60 * day, "2000-03-01T00:00:00.000000Z"),
            (365 * day, "2000-12-31T00:00:00.000000Z"),
            (8826 * day - 1_000_000 + 1, "2024-02-29T23:59:59.000001Z"),
            (36_583 * day, "2100-02-28T00:00:00.000000Z"),
            (36_584 * day, "2100-03-01T00:00:00.000000Z"),
            (i64::MAX, "infinity"),
            (i64::MIN, "-infinity"),
        ] {
            assert_eq!(Postgres.time(&hex(micros)), expected);
        }
        assert_eq!(Postgres.time("no time"), "no time");
    }
}
