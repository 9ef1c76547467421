//! How far the server has come with a long statement.

use super::Mysql;
use crate::dialect::Language;

/// Selects what the server says of the session with this number, if it has been at its statement for a second (command,
/// no relation, phase, done, total, no unit). Each user sees the sessions of its own.
///
/// MariaDB counts in its list of sessions. MySQL counts in the performance schema, which not every user may read, and
/// whose tables a user that may not does not see in the catalog either.
///
/// Sources: MariaDB "Progress Reporting", MySQL 8.4 "Monitoring ALTER TABLE Progress for InnoDB Tables".
pub(super) fn server_progress(dialect: &Mysql, pid: i32) -> String {
    // The text of a statement may hold values of rows, but not in its first words.
    let command = "substring_index(regexp_replace(trim(p.INFO), '[[:space:]]+', ' '), ' ', 3)";
    let sessions = "information_schema.PROCESSLIST p";
    let long = format!(
        "p.ID = {pid} AND p.COMMAND = 'Query' AND p.TIME >= 1 AND p.INFO IS NOT NULL AND p.STATE <> ''"
    );
    let in_stages = "concat(p.STATE, CASE WHEN p.MAX_STAGE > 1 THEN concat(', stage ', p.STAGE, ' of ', p.MAX_STAGE) \
                     ELSE '' END)";
    let mariadb = format!(
        "SELECT {command}, NULL, {in_stages}, CASE WHEN p.PROGRESS > 0 THEN round(p.PROGRESS * 1000) END, 100000, NULL \
         FROM {sessions} WHERE {long}"
    );
    let stages = "LEFT JOIN performance_schema.threads t ON t.PROCESSLIST_ID = p.ID \
                  LEFT JOIN performance_schema.events_stages_current s ON s.THREAD_ID = t.THREAD_ID";
    let counted = format!(
        "SELECT {command}, NULL, coalesce(substring_index(s.EVENT_NAME, '/', -1), p.STATE), s.WORK_COMPLETED, \
         s.WORK_ESTIMATED, NULL FROM {sessions} {stages} WHERE {long}"
    );
    let plain = format!("SELECT {command}, NULL, p.STATE, NULL, NULL, NULL FROM {sessions} WHERE {long}");
    let [mariadb, counted, plain] = [mariadb, counted, plain].map(|query| dialect.literal(&query));
    format!(
        "SET @gapless_progress = CASE WHEN version() LIKE '%MariaDB%' THEN {mariadb} WHEN (SELECT count(*) FROM \
         information_schema.TABLES WHERE TABLE_SCHEMA = 'performance_schema' AND TABLE_NAME IN \
         ('threads', 'events_stages_current')) = 2 THEN {counted} ELSE {plain} END;\n\
         PREPARE gapless_progress FROM @gapless_progress;\n\
         EXECUTE gapless_progress;\n\
         DEALLOCATE PREPARE gapless_progress;\n"
    )
}
