//! The tracker on MySQL: creating it, its rows.

use gapless_core::{Migration, Version};

use super::{CLAIM, Mysql};
use crate::dialect::{APPLIED, BEGUN, Language, Missing, TrackerSql};
use crate::history::GOING_BACK;
use crate::tracker::Tracker;

/// Names differ by case and by accents, whatever the default of the database.
const FORM: &str = "ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";

impl TrackerSql for Mysql {
    /// The journal comes first: each of the two commits by itself, and the set says that the tracker is there.
    fn create(&self, tracker: &Tracker, missing: Missing) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        let mut sql = String::new();
        if missing.schema {
            sql += &format!("CREATE DATABASE IF NOT EXISTS {};\n", self.identifier(tracker.schema()));
        }
        if missing.journal {
            sql += &format!(
                "CREATE TABLE IF NOT EXISTS {journal} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, \
                 at DATETIME(6) NOT NULL DEFAULT (utc_timestamp(6)), version BIGINT NOT NULL, \
                 name VARCHAR(255) NOT NULL, event VARCHAR(32) NOT NULL, attempt INT NOT NULL DEFAULT 1, \
                 statement INT, statements INT, duration_ms BIGINT, db_user VARCHAR(320) DEFAULT (current_user()), \
                 application VARCHAR(255), backend_pid BIGINT UNSIGNED DEFAULT (connection_id()), detail MEDIUMTEXT, \
                 claim VARCHAR(80) GENERATED ALWAYS AS (CASE event WHEN 'started' THEN concat(version, ' ', attempt) \
                 WHEN '{BEGUN}' THEN concat(version, ' ', attempt, ' ', statement) END) VIRTUAL, \
                 UNIQUE KEY {CLAIM} (claim), KEY gapless_version (version), KEY gapless_renamed (event, detail(64))) {FORM};\n"
            );
        }
        if missing.set {
            sql += &format!(
                "CREATE TABLE IF NOT EXISTS {set} (version BIGINT NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL, \
                 applied_at DATETIME(6) NOT NULL DEFAULT (utc_timestamp(6)), checksum CHAR(64)) {FORM};\n"
            );
        }
        sql
    }

    /// The row's lock keeps everyone else out, so the row that is named is the row that goes.
    fn remove(&self, tracker: &Tracker, version: Version) -> String {
        let (set, journal) = (tracker.set(), tracker.journal());
        format!(
            "SELECT version FROM {set} WHERE version = {version} FOR UPDATE;\n\
             INSERT INTO {journal} (version, name, event) \
             VALUES ({version}, (SELECT replace(name, {mark}, '') FROM {set} WHERE version = {version}), 'rolled_back');\n\
             DELETE FROM {set} WHERE version = {version};\n",
            mark = self.literal(GOING_BACK),
        )
    }

    /// In `VALUES`, a missing name is an error in every `sql_mode`.
    fn journal_applied(&self, tracker: &Tracker, migration: &Migration, token: &str) -> String {
        let (version, set) = (migration.version(), tracker.set());
        let event = if migration.is_baseline() { "baselined" } else { "applied" };
        // Its statements ran before the row was written, unless they are one transaction with it.
        let micros = "timestampdiff(MICROSECOND, coalesce(@gapless_began, applied_at), utc_timestamp(6))";
        let of_row = |what: &str| format!("(SELECT {what} FROM {set} WHERE version = {version})");
        format!(
            "INSERT INTO {} (version, name, event, detail, duration_ms) \
             VALUES ({version}, {}, '{event}', {}, {});\n\
             SELECT '{APPLIED}', version, {micros} FROM {set} WHERE version = {version};\n",
            tracker.journal(),
            of_row("name"),
            self.literal(token),
            of_row(&format!("{micros} DIV 1000")),
        )
    }
}
