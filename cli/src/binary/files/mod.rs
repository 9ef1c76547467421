//! The commands that read and write files, and need no database.

mod base;
pub(super) mod check;
mod compare;
mod create;
mod editor;
mod finding;
mod git;
pub(super) mod new;
pub(super) mod numbering;
mod template;
mod tree;
