//! Connects a run to `sqlx::PgConnection` and `sqlx::PgPool`.

use std::time::Duration;

use futures_util::StreamExt;
use sqlx::postgres::{PgConnection, PgDatabaseError, PgErrorPosition, PgPool, PgRow, PgSeverity};
use sqlx::{AssertSqlSafe, Either, Row, ValueRef};

use super::drive_lent;
use crate::Error;
use crate::driver::{AsyncClient, AsyncConnection, ExchangeError};
use crate::engine::{DbError, Dialect, Finished, Position, Postgres, ResultSet, Run};

impl AsyncConnection for PgConnection {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    async fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let mut answer = sqlx::raw_sql(AssertSqlSafe(message.to_owned())).fetch_many(&mut *self);
        let mut results = Vec::new();
        let mut open = ResultSet::default();
        while let Some(part) = answer.next().await {
            match part {
                Ok(Either::Right(row)) => {
                    open.push(text(&row).map_err(|error| exchange_error(error, results.len()))?)
                }
                Ok(Either::Left(_)) => results.push(std::mem::take(&mut open)),
                Err(error) => return Err(exchange_error(error, results.len())),
            }
        }
        Ok(results)
    }

    async fn sleep(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// Runs on one connection of the pool.
impl AsyncClient for PgPool {
    fn dialect(&self) -> &'static dyn Dialect {
        &Postgres
    }

    async fn drive(&mut self, run: Run<'_>) -> Result<Finished, Error> {
        drive_lent(self, run).await
    }

    async fn sleep(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// The simple query protocol answers in text.
fn text(row: &PgRow) -> Result<Vec<Option<String>>, sqlx::Error> {
    (0..row.len())
        .map(|column| {
            let value = row.try_get_raw(column)?;
            if value.is_null() {
                return Ok(None);
            }
            value.as_str().map(|text| Some(text.to_owned())).map_err(sqlx::Error::Decode)
        })
        .collect()
}

fn exchange_error(error: sqlx::Error, completed: usize) -> ExchangeError {
    let said = error.as_database_error().and_then(|said| said.try_downcast_ref::<PgDatabaseError>());
    let said = match said {
        Some(said) if !matches!(said.severity(), PgSeverity::Fatal | PgSeverity::Panic) => db_error(said),
        _ => return ExchangeError::Lost(Box::new(error)),
    };
    let completed = Some(completed);
    ExchangeError::Database(Box::new(DbError { completed, source: Some(error.into()), ..said }))
}

fn db_error(error: &PgDatabaseError) -> DbError {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    DbError {
        code: error.code().to_owned(),
        message: error.message().to_owned(),
        detail: owned(error.detail()),
        hint: owned(error.hint()),
        context: owned(error.r#where()),
        schema: owned(error.schema()),
        table: owned(error.table()),
        constraint: owned(error.constraint()),
        position: match error.position() {
            Some(PgErrorPosition::Original(at)) => Some(Position::Character(at)),
            _ => None,
        },
        completed: None,
        source: None,
    }
}
