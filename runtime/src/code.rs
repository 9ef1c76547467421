use std::error::Error;
use std::fmt;

/// What a migration in Rust may fail with.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The work of a migration whose file says `-- gapless: rust`, for what SQL cannot say; see
/// [`Runner::code`](crate::Runner::code).
///
/// It runs inside of the migration's own transaction, after the version's row was inserted: what it does
/// commits together with the record, or not at all. It may run more than once, after a deadlock for example,
/// but only one of its runs takes effect. Transactions that it begins are savepoints.
pub struct Code(pub(crate) Inner);

#[cfg(feature = "postgres")]
type PostgresCode =
    Box<dyn for<'a, 'b> FnMut(&'a mut postgres::Transaction<'b>) -> Result<(), BoxError> + Send>;

#[cfg(feature = "rusqlite")]
type RusqliteCode =
    Box<dyn for<'a, 'b> FnMut(&'a mut rusqlite::Transaction<'b>) -> Result<(), BoxError> + Send>;

/// The future that code for `tokio-postgres` returns.
#[cfg(feature = "tokio-postgres")]
pub(crate) type Working<'a> = std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + 'a>>;

#[cfg(feature = "tokio-postgres")]
type TokioCode = Box<dyn for<'a, 'b> FnMut(&'a mut tokio_postgres::Transaction<'b>) -> Working<'a> + Send>;

pub(crate) enum Inner {
    #[cfg(feature = "postgres")]
    Postgres(PostgresCode),
    #[cfg(feature = "rusqlite")]
    Rusqlite(RusqliteCode),
    #[cfg(feature = "tokio-postgres")]
    TokioPostgres(TokioCode),
    /// Without a driver there is no code; it keeps the type from being empty.
    #[allow(dead_code, reason = "no driver makes one")]
    None,
}

impl Code {
    /// For `postgres::Client`.
    #[cfg(feature = "postgres")]
    pub fn postgres(
        code: impl for<'a, 'b> FnMut(&'a mut postgres::Transaction<'b>) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::Postgres(Box::new(code)))
    }

    /// For `rusqlite::Connection`.
    #[cfg(feature = "rusqlite")]
    pub fn rusqlite(
        code: impl for<'a, 'b> FnMut(&'a mut rusqlite::Transaction<'b>) -> Result<(), BoxError> + Send + 'static,
    ) -> Code {
        Code(Inner::Rusqlite(Box::new(code)))
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
        Code(Inner::TokioPostgres(Box::new(code)))
    }

    /// The driver that it is for.
    pub(crate) fn driver(&self) -> &'static str {
        match &self.0 {
            #[cfg(feature = "postgres")]
            Inner::Postgres(_) => "postgres::Client",
            #[cfg(feature = "rusqlite")]
            Inner::Rusqlite(_) => "rusqlite::Connection",
            #[cfg(feature = "tokio-postgres")]
            Inner::TokioPostgres(_) => "tokio_postgres::Client",
            Inner::None => "no client",
        }
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.driver())
    }
}

/// A migration in Rust that a driver is to run, inside of a transaction that it begins and commits; see
/// [`Step::Call`](crate::engine::Step::Call).
#[derive(Debug)]
pub struct Call {
    pub(crate) before: String,
    pub(crate) code: Code,
    pub(crate) after: String,
}

impl Call {
    /// The message before the code: the version's row.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// The message after it: settings put back, and the journal's row.
    pub fn after(&self) -> &str {
        &self.after
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
