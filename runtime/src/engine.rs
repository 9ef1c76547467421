//! A run without IO and without a clock, for drivers of your own.
//!
//! A [`Run`] says what to do next ([`Run::step`]), and takes the outcome ([`Run::reply`]). A driver is a loop without
//! decisions, so it cannot forget a `ROLLBACK` or an unlock on the way out. Inside, the run is straight-line code that
//! observes, locks, bootstraps, repairs the history, applies, unlocks and reports; see `protocol/protocol.rs`.

pub use gapless_core::{Concurrent, Fault, Statement, split};

pub use crate::code::Call;
pub use crate::dialect::{APPLIED, Dialect, Mysql, Postgres, Sqlite};
pub use crate::protocol::{DbError, Finished, Position, Reply, ResultSet, Run, Source, Step};
pub use crate::tracker::Tracker;
