//! Connects a run to `sqlx::MySqlConnection` and `sqlx::MySqlPool`.

use std::time::Duration;

use futures_util::StreamExt;
use sqlx::mysql::{MySqlConnection, MySqlDatabaseError, MySqlPool, MySqlRow};
use sqlx::{AssertSqlSafe, Decode, Either, MySql, Row, ValueRef};

use super::drive_lent;
use crate::Error;
use crate::driver::messages_mysql::{ends_session, text};
use crate::driver::{AsyncClient, AsyncConnection, ExchangeError};
use crate::engine::{DbError, Dialect, Finished, Mysql, ResultSet, Run};

impl AsyncConnection for MySqlConnection {
    fn dialect(&self) -> &'static dyn Dialect {
        &Mysql
    }

    async fn exchange(&mut self, message: &str) -> Result<Vec<ResultSet>, ExchangeError> {
        let mut results = Vec::new();
        if message.is_empty() {
            return Ok(results);
        }
        let mut answer = sqlx::raw_sql(AssertSqlSafe(message.to_owned())).fetch_many(&mut *self);
        let mut open = ResultSet::default();
        while let Some(part) = answer.next().await {
            match part {
                Ok(Either::Right(row)) => {
                    open.push(line(&row).map_err(|error| exchange_error(error, results.len()))?)
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
impl AsyncClient for MySqlPool {
    fn dialect(&self) -> &'static dyn Dialect {
        &Mysql
    }

    async fn drive(&mut self, run: Run<'_>) -> Result<Finished, Error> {
        drive_lent(self, run).await
    }

    async fn sleep(&mut self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// The text protocol answers in text.
fn line(row: &MySqlRow) -> Result<Vec<Option<String>>, sqlx::Error> {
    (0..row.len())
        .map(|column| {
            let value = row.try_get_raw(column)?;
            if value.is_null() {
                return Ok(None);
            }
            let bytes = <&[u8] as Decode<MySql>>::decode(value).map_err(sqlx::Error::Decode)?;
            Ok(Some(text(bytes.to_vec())))
        })
        .collect()
}

/// Returns the error of a message of which `completed` statements had ended well.
fn exchange_error(error: sqlx::Error, completed: usize) -> ExchangeError {
    let said = error.as_database_error().and_then(|said| said.try_downcast_ref::<MySqlDatabaseError>());
    let said = match said {
        Some(said) if !ends_session(said.number()) => DbError {
            code: said.number().to_string(),
            message: said.message().to_owned(),
            completed: Some(completed),
            ..DbError::default()
        },
        _ => return ExchangeError::Lost(Box::new(error)),
    };
    ExchangeError::Database(Box::new(DbError { source: Some(error.into()), ..said }))
}
