//! Looks at a session from another one: the server's own progress, locks, and what is recorded by now.

use std::sync::Arc;

use gapless::ServerProgress;
use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::Endpoint;
use crate::progress::activity::{Activity, Blocker};
use crate::progress::watcher::{Look, Opener};

const SETTINGS: &str = "SET application_name = 'gapless progress'; SET statement_timeout = '5s'; \
                        SET default_transaction_read_only = on";

/// Returns the way to connect once more. The tracker's schema and table are those of the configuration.
pub(in crate::binary) fn beside(endpoint: &Arc<Endpoint>, [schema, table]: [Option<String>; 2]) -> Opener {
    let endpoint = Arc::clone(endpoint);
    let quoted = |name: String| format!("\"{}\"", name.replace('"', "\"\""));
    let schema = quoted(schema.unwrap_or_else(|| "public".to_owned()));
    let table = quoted(table.unwrap_or_else(|| "applied_migrations".to_owned()));
    Box::new(move || {
        let mut client = endpoint.connect().ok()?.client;
        client.batch_execute(SETTINGS).ok()?;
        Some(Box::new(Beside { client, tracker: format!("{schema}.{table}") }))
    })
}

struct Beside {
    client: Client,
    tracker: String,
}

impl Look for Beside {
    fn look(&mut self, pid: i32, pending: &[i64]) -> Option<Activity> {
        let applied = self.applied(pending);
        let blocker = self.blocker(pid)?;
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
        let row = self.row(&query).ok().flatten();
        row.and_then(|row| row.get(0)?.parse().ok()).unwrap_or(0)
    }

    /// The session that the backend waits for; `None` if it cannot be asked.
    fn blocker(&mut self, pid: i32) -> Option<Option<Blocker>> {
        let query = format!(
            "SELECT pid, application_name, state, CASE WHEN query LIKE '-- gapless: %' \
             THEN split_part(substr(query, 13), E'\\n', 1) ELSE left(regexp_replace(query, '\\s+', ' ', 'g'), 60) END \
             FROM pg_stat_activity WHERE pid = ANY (pg_blocking_pids({pid})) ORDER BY backend_start LIMIT 1"
        );
        let row = self.row(&query).ok()?;
        Some(row.and_then(|row| {
            let text = |column: usize| row.get(column).unwrap_or_default().to_owned();
            let pid = row.get(0)?.parse().ok()?;
            Some(Blocker { pid, application: text(1), state: text(2), query: text(3) })
        }))
    }

    fn row(&mut self, query: &str) -> Result<Option<SimpleQueryRow>, postgres::Error> {
        let answer = self.client.simple_query(query)?;
        Ok(answer.into_iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        }))
    }
}
