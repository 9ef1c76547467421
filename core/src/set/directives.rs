//! The directives of a migration.

use std::time::Duration;

/// The way in which a migration is to be run, as its header comments say.
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

    /// `-- gapless: no-transaction`: statement by statement, each in autocommit.
    pub const fn no_transaction(self) -> bool {
        self.no_transaction
    }

    /// `-- gapless: rerunnable`: each statement may be repeated without harm.
    pub const fn rerunnable(self) -> bool {
        self.rerunnable
    }

    /// `-- gapless: rust`: the work is done by code that the runner is given; the file says what it is.
    pub const fn rust(self) -> bool {
        self.rust
    }

    /// `-- gapless: lock-timeout 2s`: how long a statement may wait for a lock; zero is for ever.
    pub const fn lock_timeout(self) -> Option<Duration> {
        self.lock_timeout
    }

    /// `-- gapless: statement-timeout 1h`: how long a statement may take; zero is for ever.
    pub const fn statement_timeout(self) -> Option<Duration> {
        self.statement_timeout
    }

    pub(crate) const fn outside_of_transaction(mut self) -> Directives {
        self.no_transaction = true;
        self
    }

    /// A transaction is never half done, so nothing of it is run again.
    pub(crate) const fn inside_of_transaction(mut self) -> Directives {
        (self.no_transaction, self.rerunnable) = (false, false);
        self
    }

    /// The macro's way to write directives down as a constant; timeouts in milliseconds.
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
