//! The relations of a database and the locks on them, for the trace of a dry run.

use super::session;
use crate::engine::ResultSet;
use crate::{Holder, LockMode};

/// A row of the answer to [`CatalogSql::relations`](super::CatalogSql::relations).
#[derive(Clone, Debug)]
pub(crate) struct Relation {
    pub(crate) name: String,
    pub(crate) kind: String,
    /// The file that holds it; another one after a rewrite.
    pub(crate) file: String,
    pub(crate) rows: Option<u64>,
    pub(crate) bytes: Option<u64>,
}

impl Relation {
    /// Reads number, name, kind, file, rows and bytes.
    pub(crate) fn read(row: &[Option<String>]) -> Option<(String, Relation)> {
        let text = |column: usize| row.get(column).cloned().flatten();
        let number = |column: usize| text(column)?.parse().ok();
        let (name, kind, file) = (text(1)?, text(2)?, text(3)?);
        Some((text(0)?, Relation { name, kind, file, rows: number(4), bytes: number(5) }))
    }
}

/// A row of the answer to [`CatalogSql::own_locks`](super::CatalogSql::own_locks).
#[derive(Clone, Debug)]
pub(crate) struct OwnLock {
    pub(crate) relation: String,
    pub(crate) mode: LockMode,
    /// Missing once the session has dropped the relation.
    pub(crate) file: Option<String>,
    pub(crate) bytes: Option<u64>,
}

impl OwnLock {
    /// Reads number, mode, file and bytes.
    pub(crate) fn read(row: &[Option<String>]) -> Option<OwnLock> {
        let text = |column: usize| row.get(column).cloned().flatten();
        let mode = LockMode::read(&text(1)?)?;
        Some(OwnLock {
            relation: text(0)?,
            mode,
            file: text(2),
            bytes: text(3).and_then(|bytes| bytes.parse().ok()),
        })
    }
}

/// Reads the answer to [`CatalogSql::lock_holders`](super::CatalogSql::lock_holders): each session, its lock's mode and
/// the relation.
pub(crate) fn lock_holders(rows: &ResultSet) -> Vec<(Holder, LockMode, String)> {
    let holder = |row: &[Option<String>]| {
        let one = ResultSet::new(vec![row.to_vec()]);
        Some((session::holder(&one)?, LockMode::read(one.value(5)?)?, one.value(6)?.to_owned()))
    };
    rows.rows().filter_map(holder).collect()
}
