//! Looks at a session from another one: the server's own progress, locks, and what is recorded by now.

use gapless::ServerProgress;
use mysql::Conn;
use mysql::prelude::Queryable;

use super::Endpoint;
use crate::progress::activity::Activity;
use crate::progress::watcher::{Look, Opener};

/// Returns the way to connect once more. The tracker's schema and table are those of the configuration.
pub(in crate::binary) fn beside(endpoint: &Endpoint, [schema, table]: [Option<String>; 2]) -> Opener {
    let endpoint = endpoint.clone();
    let quoted = |name: String| format!("`{}`", name.replace('`', "``"));
    let table = quoted(table.unwrap_or_else(|| "applied_migrations".to_owned()));
    let tracker = schema.map(|schema| quoted(schema) + ".").unwrap_or_default() + &table;
    Box::new(move || Some(Box::new(Beside { client: endpoint.open().ok()?, tracker })))
}

struct Beside {
    client: Conn,
    tracker: String,
}

impl Look for Beside {
    fn look(&mut self, pid: i32, pending: &[i64]) -> Option<Activity> {
        let applied = self.applied(pending);
        let blocker = None;
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
}
