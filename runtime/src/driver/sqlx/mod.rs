//! Connects a run to connections and pools of sqlx.

#[cfg(feature = "sqlx-mysql")]
mod mysql;
#[cfg(feature = "sqlx")]
mod postgres;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool};

use super::{AsyncConnection, drive_async, not_lent};
use crate::Error;
use crate::engine::{Finished, Run};
use crate::report::error::ErrorKind;

/// Drives a run on one connection of the pool.
async fn drive_lent<D: Database>(pool: &Pool<D>, run: Run<'_>) -> Result<Finished, Error>
where
    D::Connection: AsyncConnection,
{
    let mut lent = Lent(Some(pool.acquire().await.map_err(not_lent)?));
    let Some(connection) = &mut lent.0 else {
        return Err(Error::new(ErrorKind::Misuse("nothing was lent")));
    };
    let finished = drive_async(&mut **connection, run).await;
    drop(lent.0.take());
    finished
}

/// A connection that goes back to its pool once its run is over. If the run is dropped before that, the connection is
/// closed, because it may hold a lock or a transaction.
struct Lent<D: Database>(Option<PoolConnection<D>>);

impl<D: Database> Drop for Lent<D> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
