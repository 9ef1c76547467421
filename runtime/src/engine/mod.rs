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
//! Between `Locking` and the work may stand `Consulting`, where another tool's history, tables to be reconciled
//! or a newer release's renames have to be looked at, and `Amending`, where the tracker is put right.
//! A migration with `no-transaction` takes the way of `Stepping` instead of `Applying`: a message for each
//! statement, and one that journals it. One in Rust takes the way of `Calling`, and a rollback that of `Undoing`.

mod aftermath;
mod amending;
mod backoff;
mod batch;
mod bootstrap;
mod bound;
mod calling;
mod consult;
mod decide;
mod ending;
mod inspect;
mod look;
mod named;
mod probe;
mod progress;
mod record;
mod rehearse;
mod reply;
mod resume;
mod review;
mod run;
mod state;
mod stepwise;
mod undo;
mod unfinished;
mod unstep;
mod waiting;
mod way;
mod work;

pub use gapless_core::{Concurrent, Fault, Statement, split};

pub use self::reply::{DbError, Position, Reply, ResultSet};
pub use self::run::{Finished, Run, Step};
pub use crate::code::Call;
pub use crate::dialect::{
    APPLIED, CURRENT, Class, Dialect, Entry, Look, Missing, Postgres, Prepared, Sqlite, Table, Timeouts,
};
pub use crate::tracker::Tracker;
