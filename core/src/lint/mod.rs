//! Finds the parts of a script that would not run as its author means.

mod allowance;
mod comment;
mod diagnostic;
mod directives;
mod mysql;
mod script;
mod setting;
mod statement;

pub use allowance::{Allowance, allowances};
pub(crate) use comment::is_directive;
pub use diagnostic::{Problem, Problems};
pub(crate) use directives::directives;
pub(crate) use script::{Known, Linted, to_problems};
pub(crate) use statement::offers_no_transaction;
