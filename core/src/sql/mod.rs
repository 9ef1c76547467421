//! Splits a script into tokens and statements, and tells what single statements do.

mod autocommit;
mod compound;
mod compound_header;
mod concurrent;
mod ddl_only;
mod definition;
mod dml;
mod executed;
mod fault;
mod identifier;
mod list;
mod repeat;
mod script;
mod snippet;
mod statement;
mod statement_builder;
mod syntax;
mod token;
mod token_mysql;
mod visit;

pub(crate) use autocommit::{DISCARD_LESS, is_autocommit, may_need_autocommit, needs_autocommit};
pub use concurrent::Concurrent;
pub(crate) use ddl_only::is_ddl_only;
pub use definition::{Definition, ObjectKind};
pub use fault::Fault;
pub use script::split;
pub(crate) use script::{Script, parse};
pub use snippet::{Location, snippet};
pub use statement::Statement;
pub(crate) use statement::copies_with_client;
pub use syntax::Syntax;
pub(crate) use token::{Token, TokenKind};
pub(crate) use visit::visit;
#[cfg(test)]
pub(crate) use visit::visited;
