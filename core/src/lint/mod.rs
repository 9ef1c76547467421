//! Finds in a script what would run otherwise than its author means.

mod annotation;
mod diagnostic;
mod directives;
mod script;
mod setting;
mod statement;

pub(crate) use annotation::{is_instruction, strangers};
pub use diagnostic::{Problem, Problems};
pub(crate) use directives::directives;
pub(crate) use script::{Known, Linted, shown};
pub(crate) use statement::offers_no_transaction;
