//! `mysql::Conn`.

use gapless::{Code, DryRun, Error, Log, Plan, Report, Rollback, Runner, Status};
use mysql::prelude::Queryable;

use super::{Driver, exchange};
use crate::mysql_server::{Database, server};

#[derive(Debug)]
pub struct Mysql(pub Database);

impl Driver for Mysql {
    type Client = mysql::Conn;
    type Refusal = mysql::Error;

    fn fresh() -> Mysql {
        Mysql(server().database())
    }

    fn connect(&self) -> mysql::Conn {
        self.0.connect()
    }

    fn code(sql: &'static str, failing: Option<&'static str>) -> Option<Code> {
        Some(Code::mysql(move |transaction| {
            transaction.query_iter(sql)?;
            failing.map_or(Ok(()), |why| Err(why.into()))
        }))
    }

    blocking!();
    mysql_server!();
}
