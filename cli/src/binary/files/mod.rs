//! The commands that read and write files, and need no database.

mod base;
mod change;
pub(super) mod check;
mod compare;
mod create;
mod editor;
mod edits;
mod finding;
mod git;
pub(super) mod lock;
mod mentions;
pub(super) mod new;
pub(super) mod numbering;
pub(super) mod rename;
pub(super) mod renumber;
pub(super) mod retire;
mod template;
mod tree;
