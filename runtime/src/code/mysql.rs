//! Code for `mysql::Conn`.

use super::{BoxError, Code, Inner, Shared};

pub(crate) type MysqlCode =
    Box<dyn for<'a, 'b> FnMut(&'a mut mysql::Transaction<'b>) -> Result<(), BoxError> + Send>;

pub(crate) type MysqlOutside = Box<dyn FnMut(&mut mysql::Conn) -> Result<(), BoxError> + Send>;

impl Code {
    /// Returns code for `mysql::Conn`. A statement that defines objects commits by itself on MySQL: such a migration
    /// needs [`mysql_no_transaction`](Code::mysql_no_transaction), and fails here.
    pub fn mysql(
        code: impl for<'a, 'b> FnMut(&'a mut mysql::Transaction<'b>) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::Mysql(Shared::new(Box::new(code))))
    }

    /// Returns code for `mysql::Conn` that runs outside of a transaction.
    pub fn mysql_no_transaction(
        code: impl FnMut(&mut mysql::Conn) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::MysqlOutside(Shared::new(Box::new(code))))
    }
}
