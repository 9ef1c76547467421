//! The call by which a driver runs the code of a migration.

use std::any::Any;

use super::{BoxError, Code, Inner};

/// Call of a migration in Rust, for a driver to make inside of a transaction that it begins and commits, unless the
/// code [runs outside](Call::is_outside) of one; see [`Step::Call`](crate::engine::Step::Call).
#[derive(Debug)]
pub struct Call {
    pub(crate) before: String,
    pub(crate) code: Code,
    pub(crate) after: String,
}

impl Call {
    /// Returns true if the driver must not open a transaction, and passes the connection itself to the code.
    pub fn is_outside(&self) -> bool {
        self.code.is_outside()
    }

    /// Returns the message to send before the code, which inserts the version's row.
    pub fn before(&self) -> &str {
        &self.before
    }

    /// Returns the message to send after the code, which restores settings and writes the journal's row.
    pub fn after(&self) -> &str {
        &self.after
    }

    /// Calls the code once, with the type that its constructor calls `C`. Your own driver does so between sending
    /// [`before`](Call::before) and [`after`](Call::after); see [`Connection::call`](crate::Connection::call).
    ///
    /// # Errors
    ///
    /// The error of the code. Code for another driver, or for another type than `C`, is an error and does not run.
    pub fn run<C: Any>(&mut self, client: &mut C) -> Result<(), BoxError> {
        match &self.code.0 {
            Inner::Own(own) => (own.code.lock())(client),
            #[cfg(any(
                feature = "mysql",
                feature = "mysql_async",
                feature = "postgres",
                feature = "rusqlite",
                feature = "tokio-postgres"
            ))]
            _ => Err(self.unsuited().into()),
        }
    }

    /// Returns the reason why a driver cannot run this code.
    pub(crate) fn unsuited(&self) -> String {
        format!(
            "its code is for `{}`, and the run has another client: make the code with the constructor of `Code` \
             for the client that runs it",
            self.code.driver()
        )
    }
}
