//! A model of everything at once: random projects with releases, random actions on a real database with cuts at any
//! message, and a small reference that says what must be there afterwards, and how often each statement may have run.
//!
//! ```text
//! seed --World, Action--> Play --runs--> database --Picture--+
//!                          |                                 v
//!                          +--------> Reference --judge, absorb--> nothing, or what is wrong
//! ```

mod absorb;
mod action;
mod beside;
mod cancelled;
mod change;
mod cutter;
mod expected;
mod file;
mod finale;
mod forward;
mod outcome;
mod place;
mod play;
mod postgres;
mod random;
mod reference;
mod release;
mod shrink;
mod sqlite;
mod takeover;
mod world;

pub use self::place::Place;
pub use self::play::Coverage;
pub use self::postgres::Postgres;
pub use self::shrink::{Found, check};
pub use self::sqlite::Sqlite;
