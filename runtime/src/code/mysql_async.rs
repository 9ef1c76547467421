//! Code for `mysql_async::Conn`.

use std::future::Future;
use std::pin::Pin;

use super::{BoxError, Code, Inner, Shared, Working};

pub(crate) type MysqlAsyncCode =
    Box<dyn for<'a, 'b> FnMut(&'a mut mysql_async::Transaction<'b>) -> Working<'a> + Send>;

pub(crate) type MysqlAsyncOutside = Box<dyn for<'a> FnMut(&'a mut mysql_async::Conn) -> Working<'a> + Send>;

impl Code {
    /// Returns code for `mysql_async::Conn`. A statement that defines objects commits by itself on MySQL: such a
    /// migration needs [`mysql_async_no_transaction`](Code::mysql_async_no_transaction), and fails here.
    ///
    /// ```
    /// use gapless::Code;
    /// use mysql_async::prelude::Queryable;
    ///
    /// let lower = Code::mysql_async(|transaction| {
    ///     Box::pin(async move {
    ///         transaction.query_drop("UPDATE users SET email = lower(email)").await?;
    ///         Ok(())
    ///     })
    /// });
    /// # let _ = lower;
    /// ```
    pub fn mysql_async(
        code: impl for<'a, 'b> FnMut(
            &'a mut mysql_async::Transaction<'b>,
        ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>
        + Send
        + 'static,
    ) -> Code {
        Code(Inner::MysqlAsync(Shared::new(Box::new(code))))
    }

    /// Returns code for `mysql_async::Conn` that runs outside of a transaction.
    pub fn mysql_async_no_transaction(
        code: impl for<'a> FnMut(
            &'a mut mysql_async::Conn,
        ) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>
        + Send
        + 'static,
    ) -> Code {
        Code(Inner::MysqlAsyncOutside(Shared::new(Box::new(code))))
    }
}
