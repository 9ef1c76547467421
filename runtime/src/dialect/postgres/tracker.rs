//! The tracker on Postgres: creating it, its rows.

use std::fmt::Write as _;

use gapless_core::{Migration, Version};

use super::prepared::OURS;
use super::{Postgres, Prepared, prepared};
use crate::dialect::tracker::started;
use crate::dialect::{LEFT, Language, Missing, TrackerSql};
use crate::history::GOING_BACK;
use crate::tracker::Tracker;

impl TrackerSql for Postgres {
    /// Without `IF NOT EXISTS`, which wants the privilege to create even where nothing is to be created.
    fn create(&self, tracker: &Tracker, missing: Missing) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        let mut sql = String::new();
        if missing.schema {
            let _ = writeln!(sql, "CREATE SCHEMA {};", self.identifier(tracker.schema()));
        }
        if missing.set {
            let _ = writeln!(
                sql,
                "CREATE TABLE {set} (version bigint PRIMARY KEY, name text NOT NULL, \
                 applied_at timestamptz NOT NULL DEFAULT now(), checksum text);"
            );
        }
        if missing.journal {
            let _ = writeln!(
                sql,
                "CREATE TABLE {journal} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
                 at timestamptz NOT NULL DEFAULT clock_timestamp(), version bigint NOT NULL, name text NOT NULL, \
                 event text NOT NULL, attempt integer NOT NULL DEFAULT 1, statement integer, statements integer, \
                 duration_ms bigint, db_user text DEFAULT current_user, \
                 application text DEFAULT current_setting('application_name'), \
                 backend_pid integer DEFAULT pg_backend_pid(), detail text);\n\
                 CREATE UNIQUE INDEX ON {journal} (version, attempt) WHERE event = 'started';"
            );
        }
        sql
    }

    fn remove(&self, tracker: &Tracker, version: Version) -> String {
        format!(
            "WITH gone AS (DELETE FROM {} WHERE version = {version} RETURNING name) \
             INSERT INTO {} (version, name, event) \
             SELECT {version}, (SELECT pg_catalog.replace(name, {}, '') FROM gone), 'rolled_back';\n",
            tracker.set(),
            tracker.journal(),
            self.literal(GOING_BACK)
        )
    }

    /// The journal's row bears the transaction's number.
    fn check_removed(&self, tracker: &Tracker, version: Version) -> String {
        format!(
            "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM {} WHERE version = {version} AND event = 'rolled_back' AND \
             {OURS}) THEN CAST(pg_catalog.textcat('{LEFT}, in backend ', \
             CAST(pg_catalog.pg_backend_pid() AS text)) AS integer) END;\n",
            tracker.journal()
        )
    }

    fn journal_applied(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String {
        let event = if migration.is_baseline() { "baselined" } else { "applied" };
        let version = migration.version().to_string();
        prepared::journal_applied(
            self,
            tracker,
            &version,
            event,
            token,
            &prepared::recorded(tracker, &version),
        )
    }

    fn journal_applied_in_steps(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String {
        let event = if migration.is_baseline() { "baselined" } else { "applied" };
        let version = migration.version().to_string();
        prepared::journal_applied(self, tracker, &version, event, token, &started(tracker, &version))
    }

    fn prepared(&self, tracker: &Tracker, token: &str) -> Option<Prepared> {
        Some(Prepared::new(self, tracker, token))
    }
}
