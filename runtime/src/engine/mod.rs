//! A run without IO and without a clock.
//!
//! A [`Run`] says what to do next ([`Run::step`]), and is told what came of it ([`Run::reply`]). A driver
//! is a loop without decisions, so it cannot forget a `ROLLBACK` or an unlock on the way out.
//!
//! ```text
//!              nothing to do, or a conflict
//!   Observing ------------------------------> Finished
//!       | something pending
//!       v          another runner has it
//!    Locking <-------------------------------> Waiting
//!       | ours        looks again
//!       v
//!  (Bootstrapping)
//!       v                    committed
//!   Applying  <------------------------------+
//!       |  \__ refused: RollingBack, Reviewing, and from there on, again, or Journaling the failure
//!       v
//!   Unlocking ------------------------------> Finished
//! ```
//!
//! A migration with `no-transaction` takes the way of `Stepping` instead of `Applying`: a message for each
//! statement, and one that journals it.

mod backoff;
mod batch;
mod ending;
mod inspect;
mod look;
mod rehearse;
mod reply;
mod resume;
mod review;
mod run;
mod stepwise;
mod work;

pub use gapless_core::{Concurrent, Fault, Statement, split};

pub use self::reply::{DbError, Position, Reply, ResultSet};
pub use self::run::{Finished, Run, Step};
pub use crate::dialect::{APPLIED, Class, Dialect, Entry, Look, Missing, Postgres, Sqlite, Timeouts};
pub use crate::tracker::Tracker;
