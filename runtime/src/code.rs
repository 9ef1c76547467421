//! Migrations in Rust: the code of a migration, and the call that a driver makes of it.

use std::any::{Any, type_name};
use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Error of a migration in Rust.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The work of a migration whose file says `-- gapless: rust`, for what SQL cannot say; see
/// [`Runner::code`](crate::Runner::code).
///
/// It runs inside of the migration's own transaction, after the version's row was inserted: what it does
/// commits together with the record, or not at all. It may run more than once, after a deadlock for example,
/// but only one of its runs takes effect. Transactions that it begins are savepoints.
///
/// Where the file also says `-- gapless: no-transaction`, make it with a constructor that ends in `_no_transaction`:
/// it gets the connection itself, and commits by itself. It is one statement of the journal: if a run is cut off
/// while it is at work, or if it fails, nobody knows what it has done, and the next run stops until
/// [`resolve`](crate::Runner::resolve) says how to go on; with `-- gapless: rerunnable` it is run again.
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
/// A clone is the same closure: two runs with blocking clients do not call it at the same time.
#[derive(Clone)]
pub struct Code(pub(crate) Inner);

/// Code that the clones of a runner share.
pub(crate) struct Shared<F>(Arc<Mutex<F>>);

impl<F> Shared<F> {
    fn new(code: F) -> Shared<F> {
        Shared(Arc::new(Mutex::new(code)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, F> {
        // A panic in code is the end of its own run alone.
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

/// The future that code for `tokio-postgres` returns.
#[cfg(feature = "tokio-postgres")]
pub(crate) type Working<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

#[cfg(feature = "tokio-postgres")]
type TokioCode = Box<dyn for<'a, 'b> FnMut(&'a mut tokio_postgres::Transaction<'b>) -> Working<'a> + Send>;

#[cfg(feature = "tokio-postgres")]
type TokioOutside = Box<dyn for<'a> FnMut(&'a mut tokio_postgres::Client) -> Working<'a> + Send>;

type OwnCode = Box<dyn FnMut(&mut dyn Any) -> Result<(), BoxError> + Send>;

#[derive(Clone)]
pub(crate) enum Inner {
    Own(Own),
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

/// Code for a driver that an application has written.
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
                "its code takes `{}`, and the driver of `{client}` gives it something else: make the code for what \
                 the driver hands to `Call::run`",
                type_name::<C>()
            )
            .into()),
        }
        });
        Code(Inner::Own(Own { client, outside, code: Shared::new(code) }))
    }
}

impl Code {
    /// For `postgres::Client`.
    #[cfg(feature = "postgres")]
    pub fn postgres(
        code: impl for<'a, 'b> FnMut(&'a mut postgres::Transaction<'b>) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::Postgres(Shared::new(Box::new(code))))
    }

    /// For `rusqlite::Connection`.
    #[cfg(feature = "rusqlite")]
    pub fn rusqlite(
        code: impl for<'a, 'b> FnMut(&'a mut rusqlite::Transaction<'b>) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::Rusqlite(Shared::new(Box::new(code))))
    }

    /// For `tokio_postgres::Client`: `Code::tokio_postgres(|tx| Box::pin(async move { ... Ok(()) }))`.
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

    /// For `postgres::Client`, outside of a transaction.
    #[cfg(feature = "postgres")]
    pub fn postgres_no_transaction(
        code: impl FnMut(&mut postgres::Client) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::PostgresOutside(Shared::new(Box::new(code))))
    }

    /// For `rusqlite::Connection`, outside of a transaction.
    #[cfg(feature = "rusqlite")]
    pub fn rusqlite_no_transaction(
        code: impl FnMut(&mut rusqlite::Connection) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::RusqliteOutside(Shared::new(Box::new(code))))
    }

    /// For `tokio_postgres::Client`, outside of a transaction:
    /// `Code::tokio_postgres_no_transaction(|client| Box::pin(async move { ... Ok(()) }))`.
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

    /// For a driver of your own, whose [`Connection::runs`](crate::Connection::runs) returns `client`. `C` is what
    /// the driver hands to [`Call::run`]: the connection, in the transaction that the driver has begun.
    pub fn for_client<C: Any>(
        client: &'static str,
        code: impl FnMut(&mut C) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Own::made(client, false, code)
    }

    /// For a driver of your own, outside of a transaction; see [`for_client`](Code::for_client).
    pub fn for_client_no_transaction<C: Any>(
        client: &'static str,
        code: impl FnMut(&mut C) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Own::made(client, true, code)
    }

    /// Whether it runs outside of a transaction.
    pub(crate) fn is_outside(&self) -> bool {
        match &self.0 {
            Inner::Own(own) => own.outside,
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

    /// The driver that it is for.
    pub(crate) fn driver(&self) -> &'static str {
        match &self.0 {
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

/// A migration in Rust that a driver is to run, inside of a transaction that it begins and commits, unless it
/// [is to run outside](Call::is_outside); see [`Step::Call`](crate::engine::Step::Call).
#[derive(Debug)]
pub struct Call {
    pub(crate) before: String,
    pub(crate) code: Code,
    pub(crate) after: String,
}

impl Call {
    /// Returns true if the driver opens no transaction, and gives the code the connection itself.
    pub fn is_outside(&self) -> bool {
        self.code.is_outside()
    }

    /// The message before the code: the version's row.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// The message after it: settings put back, and the journal's row.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// Runs the code once, on what its constructor calls `C`. A driver of your own calls it between
    /// [`before`](Call::before) and [`after`](Call::after); see [`Connection::call`](crate::Connection::call).
    ///
    /// # Errors
    ///
    /// What the code says; or that it is for another driver, or takes another type than `C`, and has not run.
    pub fn run<C: Any>(&mut self, client: &mut C) -> Result<(), BoxError> {
        match &self.code.0 {
            Inner::Own(own) => (own.code.lock())(client),
            #[cfg(any(feature = "postgres", feature = "rusqlite", feature = "tokio-postgres"))]
            _ => Err(self.unsuited().into()),
        }
    }

    /// Why a driver cannot run this code.
    pub(crate) fn unsuited(&self) -> String {
        format!(
            "its code is for `{}`, and the run has another client: make the code with the constructor of `Code` \
             for the client that runs it",
            self.code.driver()
        )
    }
}
