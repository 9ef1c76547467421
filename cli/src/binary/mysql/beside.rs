//! Looks at a session from another one: the server's own progress, locks, and what is recorded by now.

use gapless::ServerProgress;
use mysql::Conn;
use mysql::prelude::Queryable;

use super::Endpoint;
use crate::progress::activity::{Activity, Blocker};
use crate::progress::watcher::{Look, Opener};

/// Ask for the session that one waits for. Which of them a server and a user's privileges take is found out by asking:
/// InnoDB's locks and those of tables, first as MariaDB tells of them, of tables with its plugin `metadata_lock_info`, and
/// then as MySQL does.
const WAITS: [&str; 4] = [
    "SELECT b.trx_mysql_thread_id FROM information_schema.INNODB_LOCK_WAITS w \
     JOIN information_schema.INNODB_TRX r ON r.trx_id = w.requesting_trx_id \
     JOIN information_schema.INNODB_TRX b ON b.trx_id = w.blocking_trx_id WHERE r.trx_mysql_thread_id = ? LIMIT 1",
    "SELECT m.THREAD_ID FROM information_schema.PROCESSLIST p JOIN information_schema.METADATA_LOCK_INFO m \
     ON m.THREAD_ID <> p.ID AND m.LOCK_TYPE = 'Table metadata lock' AND locate(m.TABLE_NAME, p.INFO) > 0 \
     WHERE p.ID = ? AND p.STATE = 'Waiting for table metadata lock' LIMIT 1",
    "SELECT b.PROCESSLIST_ID FROM performance_schema.data_lock_waits w \
     JOIN performance_schema.threads r ON r.THREAD_ID = w.REQUESTING_THREAD_ID \
     JOIN performance_schema.threads b ON b.THREAD_ID = w.BLOCKING_THREAD_ID WHERE r.PROCESSLIST_ID = ? LIMIT 1",
    "SELECT b.PROCESSLIST_ID FROM performance_schema.metadata_locks w \
     JOIN performance_schema.threads r ON r.THREAD_ID = w.OWNER_THREAD_ID \
     JOIN performance_schema.metadata_locks g ON g.OBJECT_TYPE = w.OBJECT_TYPE AND g.LOCK_STATUS = 'GRANTED' \
     AND g.OBJECT_SCHEMA <=> w.OBJECT_SCHEMA AND g.OBJECT_NAME <=> w.OBJECT_NAME \
     AND g.OWNER_THREAD_ID <> w.OWNER_THREAD_ID \
     JOIN performance_schema.threads b ON b.THREAD_ID = g.OWNER_THREAD_ID \
     WHERE w.LOCK_STATUS = 'PENDING' AND r.PROCESSLIST_ID = ? LIMIT 1",
];

/// Returns the way to connect to this server once more.
pub(super) fn beside(endpoint: Endpoint, server: String) -> Opener {
    Box::new(move || {
        let client = endpoint.open_at(&server)?;
        Some(Box::new(Beside { client, tracker: endpoint.tracker.clone(), waits: WAITS.to_vec() }))
    })
}

/// The table of the applied set, by its schema and name.
pub(super) fn tracker([schema, table]: [Option<&str>; 2]) -> String {
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    let table = quoted(table.unwrap_or("applied_migrations"));
    schema.map(|schema| quoted(schema) + ".").unwrap_or_default() + &table
}

struct Beside {
    client: Conn,
    tracker: String,
    /// The questions that the server has not refused.
    waits: Vec<&'static str>,
}

impl Look for Beside {
    fn look(&mut self, pid: i32, pending: &[i64]) -> Option<Activity> {
        let applied = self.applied(pending);
        let blocker = self.blocker(pid);
        let server = ServerProgress::read(pid, &mut self.client).ok()?;
        Some(Activity { applied, server, blocker })
    }
}

impl Beside {
    /// How many of these versions are recorded. The table may not be there yet.
    fn applied(&mut self, pending: &[i64]) -> usize {
        if pending.is_empty() {
            return 0;
        }
        let versions: Vec<_> = pending.iter().map(i64::to_string).collect();
        let query =
            format!("SELECT count(*) FROM {} WHERE version IN ({})", self.tracker, versions.join(","));
        self.client.query_first(query).ok().flatten().unwrap_or(0)
    }

    /// The session that this one waits for, as far as the server tells.
    fn blocker(&mut self, pid: i32) -> Option<Blocker> {
        let client = &mut self.client;
        let mut found = None;
        self.waits.retain(|question| {
            let answer = client.query_first::<i32, _>(question.replace('?', &pid.to_string()));
            found = found.or(answer.as_ref().ok().copied().flatten());
            answer.is_ok()
        });
        let query = format!(
            "SELECT ID, USER, lower(COMMAND), left(regexp_replace(coalesce(INFO, ''), '[[:space:]]+', ' '), 60) \
             FROM information_schema.PROCESSLIST WHERE ID = {}",
            found?
        );
        let (pid, application, state, query) = self.client.query_first(query).ok()??;
        Some(Blocker { pid, application, state, query })
    }
}
