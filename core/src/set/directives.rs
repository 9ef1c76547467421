//! Holds the directives of a migration.

use std::time::Duration;

/// The directives in the header comments of a migration, which say how to run it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Directives {
    pub(crate) no_transaction: bool,
    pub(crate) rerunnable: bool,
    pub(crate) rust: bool,
    pub(crate) lock_timeout: Option<Duration>,
    pub(crate) statement_timeout: Option<Duration>,
}

impl Directives {
    /// No directive: in a transaction, with the runner's timeouts.
    pub const NONE: Directives = Directives {
        no_transaction: false,
        rerunnable: false,
        rust: false,
        lock_timeout: None,
        statement_timeout: None,
    };

    /// Returns true for `-- gapless: no-transaction`: the run sends statement by statement, each in autocommit.
    pub const fn no_transaction(self) -> bool {
        self.no_transaction
    }

    /// Returns true for `-- gapless: rerunnable`: the run may repeat each statement without harm.
    pub const fn rerunnable(self) -> bool {
        self.rerunnable
    }

    /// Returns true for `-- gapless: rust`: code that the runner is given does the work, and the file says what it is.
    pub const fn rust(self) -> bool {
        self.rust
    }

    /// Returns the time of `-- gapless: lock-timeout 2s`, which limits how long a statement waits for a lock; zero lifts the
    /// limit.
    pub const fn lock_timeout(self) -> Option<Duration> {
        self.lock_timeout
    }

    /// Returns the time of `-- gapless: statement-timeout 1h`, which limits how long a statement takes; zero lifts the
    /// limit.
    pub const fn statement_timeout(self) -> Option<Duration> {
        self.statement_timeout
    }

    pub(crate) const fn outside_of_transaction(mut self) -> Directives {
        self.no_transaction = true;
        self
    }

    /// Makes it run in a transaction, which is never half done, so that no part runs again.
    pub(crate) const fn inside_of_transaction(mut self) -> Directives {
        (self.no_transaction, self.rerunnable) = (false, false);
        self
    }

    /// Makes directives in the macro's expansion; timeouts are in milliseconds.
    #[doc(hidden)]
    pub const fn __embedded(
        no_transaction: bool,
        rerunnable: bool,
        rust: bool,
        lock_timeout: Option<u64>,
        statement_timeout: Option<u64>,
    ) -> Directives {
        Directives {
            no_transaction,
            rerunnable,
            rust,
            lock_timeout: millis(lock_timeout),
            statement_timeout: millis(statement_timeout),
        }
    }
}

impl Default for Directives {
    fn default() -> Directives {
        Directives::NONE
    }
}

const fn millis(millis: Option<u64>) -> Option<Duration> {
    match millis {
        Some(millis) => Some(Duration::from_millis(millis)),
        None => None,
    }
}
