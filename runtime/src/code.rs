//! Code of migrations in Rust.

mod call;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "mysql_async")]
mod mysql_async;

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::call::Call;

/// Error of a migration in Rust.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Code of a migration whose file says `-- gapless: rust`; see [`Runner::code`](crate::Runner::code).
///
/// The run calls the code inside of the migration's own transaction, after it has inserted the version's row. Its work
/// and the record commit together or not at all. The run may call it more than once, for example after a deadlock,
/// but only one of the calls takes effect. Transactions that the code begins are savepoints.
///
/// If the file also says `-- gapless: no-transaction`, use a constructor that ends in `_no_transaction`: such code gets
/// the connection itself, outside of a transaction. The journal treats it as one statement. If the code fails, or the
/// run is cut off during the call, the effect of the code is unknown, and the next run stops until
/// [`resolve`](crate::Runner::resolve) says how to go on. With `-- gapless: rerunnable` the next run calls it again.
///
/// ```
/// # #[cfg(feature = "rusqlite")] {
/// use gapless::Code;
///
/// let lower = Code::rusqlite(|transaction| {
///     transaction.execute("UPDATE users SET email = lower(email)", [])?;
///     Ok(())
/// });
/// # let _ = lower;
/// # }
/// ```
///
/// Clones share the closure: two runs with blocking clients do not call it at the same time.
#[derive(Clone)]
pub struct Code(pub(crate) Inner);

/// Code that the clones of a runner share.
pub(crate) struct Shared<F>(Arc<Mutex<F>>);

impl<F> Shared<F> {
    fn new(code: F) -> Shared<F> {
        Shared(Arc::new(Mutex::new(code)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, F> {
        // A panic in the code ends its own run only.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Clone for Shared<F> {
    fn clone(&self) -> Shared<F> {
        Shared(Arc::clone(&self.0))
    }
}

#[cfg(feature = "postgres")]
type PostgresCode =
    Box<dyn for<'a, 'b> FnMut(&'a mut postgres::Transaction<'b>) -> Result<(), BoxError> + Send>;

#[cfg(feature = "postgres")]
type PostgresOutside = Box<dyn FnMut(&mut postgres::Client) -> Result<(), BoxError> + Send>;

#[cfg(feature = "rusqlite")]
type RusqliteOutside = Box<dyn FnMut(&mut rusqlite::Connection) -> Result<(), BoxError> + Send>;

#[cfg(feature = "rusqlite")]
type RusqliteCode =
    Box<dyn for<'a, 'b> FnMut(&'a mut rusqlite::Transaction<'b>) -> Result<(), BoxError> + Send>;

/// The future that code for an asynchronous client returns.
#[cfg(any(feature = "mysql_async", feature = "tokio-postgres"))]
pub(crate) type Working<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

#[cfg(feature = "tokio-postgres")]
type TokioCode = Box<dyn for<'a, 'b> FnMut(&'a mut tokio_postgres::Transaction<'b>) -> Working<'a> + Send>;

#[cfg(feature = "tokio-postgres")]
type TokioOutside = Box<dyn for<'a> FnMut(&'a mut tokio_postgres::Client) -> Working<'a> + Send>;

/// The names of the built-in clients, with the constructors of code for them: inside and outside of a transaction.
const RESERVED: [(&str, &str, &str); 5] = [
    ("mysql::Conn", "mysql", "mysql_no_transaction"),
    ("mysql_async::Conn", "mysql_async", "mysql_async_no_transaction"),
    ("postgres::Client", "postgres", "postgres_no_transaction"),
    ("rusqlite::Connection", "rusqlite", "rusqlite_no_transaction"),
    ("tokio_postgres::Client", "tokio_postgres", "tokio_postgres_no_transaction"),
];

type OwnCode = Box<dyn FnMut(&mut dyn Any) -> Result<(), BoxError> + Send>;

#[derive(Clone)]
pub(crate) enum Inner {
    Own(Own),
    #[cfg(feature = "mysql")]
    Mysql(Shared<mysql::MysqlCode>),
    #[cfg(feature = "mysql")]
    MysqlOutside(Shared<mysql::MysqlOutside>),
    #[cfg(feature = "mysql_async")]
    MysqlAsync(Shared<mysql_async::MysqlAsyncCode>),
    #[cfg(feature = "mysql_async")]
    MysqlAsyncOutside(Shared<mysql_async::MysqlAsyncOutside>),
    #[cfg(feature = "postgres")]
    Postgres(Shared<PostgresCode>),
    #[cfg(feature = "postgres")]
    PostgresOutside(Shared<PostgresOutside>),
    #[cfg(feature = "rusqlite")]
    Rusqlite(Shared<RusqliteCode>),
    #[cfg(feature = "rusqlite")]
    RusqliteOutside(Shared<RusqliteOutside>),
    #[cfg(feature = "tokio-postgres")]
    TokioPostgres(Shared<TokioCode>),
    #[cfg(feature = "tokio-postgres")]
    TokioPostgresOutside(Shared<TokioOutside>),
}

/// Code for an application's own driver.
#[derive(Clone)]
pub(crate) struct Own {
    client: &'static str,
    outside: bool,
    code: Shared<OwnCode>,
}

impl Own {
    fn made<C: Any>(
        client: &'static str,
        outside: bool,
        mut code: impl FnMut(&mut C) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        let code: OwnCode = Box::new(move |given| {
            match given.downcast_mut::<C>() {
            Some(given) => code(given),
            None => Err(format!(
                "its code takes `{}`, and the driver of `{client}` passes another type: make the code for the type \
                 that the driver passes to `Call::run`",
                type_name::<C>()
            )
            .into()),
        }
        });
        Code(Inner::Own(Own { client, outside, code: Shared::new(code) }))
    }
}

impl Code {
    /// Returns code for `postgres::Client`.
    #[cfg(feature = "postgres")]
    pub fn postgres(
        code: impl for<'a, 'b> FnMut(&'a mut postgres::Transaction<'b>) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::Postgres(Shared::new(Box::new(code))))
    }

    /// Returns code for `rusqlite::Connection`.
    #[cfg(feature = "rusqlite")]
    pub fn rusqlite(
        code: impl for<'a, 'b> FnMut(&'a mut rusqlite::Transaction<'b>) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::Rusqlite(Shared::new(Box::new(code))))
    }

    /// Returns code for `tokio_postgres::Client`.
    ///
    /// ```
    /// use gapless::Code;
    ///
    /// let lower = Code::tokio_postgres(|transaction| {
    ///     Box::pin(async move {
    ///         transaction.execute("UPDATE users SET email = lower(email)", &[]).await?;
    ///         Ok(())
    ///     })
    /// });
    /// # let _ = lower;
    /// ```
    #[cfg(feature = "tokio-postgres")]
    pub fn tokio_postgres(
        code: impl for<'a, 'b> FnMut(
            &'a mut tokio_postgres::Transaction<'b>,
        )
            -> std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>
        + Send
        + 'static,
    ) -> Code {
        Code(Inner::TokioPostgres(Shared::new(Box::new(code))))
    }

    /// Returns code for `postgres::Client` that runs outside of a transaction.
    #[cfg(feature = "postgres")]
    pub fn postgres_no_transaction(
        code: impl FnMut(&mut postgres::Client) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::PostgresOutside(Shared::new(Box::new(code))))
    }

    /// Returns code for `rusqlite::Connection` that runs outside of a transaction.
    #[cfg(feature = "rusqlite")]
    pub fn rusqlite_no_transaction(
        code: impl FnMut(&mut rusqlite::Connection) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::RusqliteOutside(Shared::new(Box::new(code))))
    }

    /// Returns code for `tokio_postgres::Client` that runs outside of a transaction.
    ///
    /// ```
    /// use gapless::Code;
    ///
    /// let vacuum = Code::tokio_postgres_no_transaction(|client| {
    ///     Box::pin(async move {
    ///         client.batch_execute("VACUUM users").await?;
    ///         Ok(())
    ///     })
    /// });
    /// # let _ = vacuum;
    /// ```
    #[cfg(feature = "tokio-postgres")]
    pub fn tokio_postgres_no_transaction(
        code: impl for<'a> FnMut(
            &'a mut tokio_postgres::Client,
        )
            -> std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>
        + Send
        + 'static,
    ) -> Code {
        Code(Inner::TokioPostgresOutside(Shared::new(Box::new(code))))
    }

    /// Returns code for your own driver, whose [`Connection::runs`](crate::Connection::runs) returns `client`. `C` is
    /// the type that the driver passes to [`Call::run`]: the connection, in the transaction that the driver has begun.
    ///
    /// A run refuses code under the name of a client that has a constructor of its own, such as `postgres::Client`.
    pub fn for_client<C: Any>(
        client: &'static str,
        code: impl FnMut(&mut C) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Own::made(client, false, code)
    }

    /// Returns code for your own driver that runs outside of a transaction; see [`for_client`](Code::for_client).
    pub fn for_client_no_transaction<C: Any>(
        client: &'static str,
        code: impl FnMut(&mut C) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Own::made(client, true, code)
    }

    /// Returns true if it runs outside of a transaction.
    pub(crate) fn is_outside(&self) -> bool {
        match &self.0 {
            Inner::Own(own) => own.outside,
            #[cfg(feature = "mysql")]
            Inner::MysqlOutside(_) => true,
            #[cfg(feature = "mysql")]
            Inner::Mysql(_) => false,
            #[cfg(feature = "mysql_async")]
            Inner::MysqlAsyncOutside(_) => true,
            #[cfg(feature = "mysql_async")]
            Inner::MysqlAsync(_) => false,
            #[cfg(feature = "postgres")]
            Inner::PostgresOutside(_) => true,
            #[cfg(feature = "rusqlite")]
            Inner::RusqliteOutside(_) => true,
            #[cfg(feature = "tokio-postgres")]
            Inner::TokioPostgresOutside(_) => true,
            #[cfg(feature = "postgres")]
            Inner::Postgres(_) => false,
            #[cfg(feature = "rusqlite")]
            Inner::Rusqlite(_) => false,
            #[cfg(feature = "tokio-postgres")]
            Inner::TokioPostgres(_) => false,
        }
    }

    /// Returns the constructor to use instead, if the code is for an application's own driver and bears the name of a
    /// built-in client.
    pub(crate) fn reserved(&self) -> Option<&'static str> {
        #[allow(irrefutable_let_patterns, reason = "without a driver there is no other")]
        let Inner::Own(own) = &self.0 else { return None };
        RESERVED
            .iter()
            .find(|(client, ..)| *client == own.client)
            .map(|(_, inside, outside)| if own.outside { *outside } else { *inside })
    }

    /// Returns the name of the client that it is for.
    pub(crate) fn driver(&self) -> &'static str {
        match &self.0 {
            #[cfg(feature = "mysql")]
            Inner::Mysql(_) | Inner::MysqlOutside(_) => "mysql::Conn",
            #[cfg(feature = "mysql_async")]
            Inner::MysqlAsync(_) | Inner::MysqlAsyncOutside(_) => "mysql_async::Conn",
            #[cfg(feature = "postgres")]
            Inner::Postgres(_) | Inner::PostgresOutside(_) => "postgres::Client",
            #[cfg(feature = "rusqlite")]
            Inner::Rusqlite(_) | Inner::RusqliteOutside(_) => "rusqlite::Connection",
            #[cfg(feature = "tokio-postgres")]
            Inner::TokioPostgres(_) | Inner::TokioPostgresOutside(_) => "tokio_postgres::Client",
            Inner::Own(own) => own.client,
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.driver())
    }
}
