//! Holds a fault of a script: its message, its place and its help.

use std::ops::Range;

/// A part of a script that cannot be lexed, or cannot run safely.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The message.
    pub message: String,
    /// The place, in bytes of the script.
    pub span: Range<usize>,
    /// The help, which says how to fix it.
    pub help: String,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, span: Range<usize>, help: impl Into<String>) -> Fault {
        Fault { message: message.into(), span, help: help.into() }
    }

    pub(crate) fn unterminated(noun: &str, end: String, span: Range<usize>) -> Fault {
        Fault::new(format!("unterminated {noun}"), span, format!("close it with `{end}`"))
    }
}
