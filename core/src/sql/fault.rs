//! A fault of a script: its message, its place and its help.

use std::ops::Range;

/// Something in a script that keeps it from being taken apart, or from being run safely.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The message.
    pub message: String,
    /// The place, in bytes of the script.
    pub span: Range<usize>,
    /// The way to fix it.
    pub help: String,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, span: Range<usize>, help: impl Into<String>) -> Fault {
        Fault { message: message.into(), span, help: help.into() }
    }

    pub(crate) fn unterminated(what: &str, end: String, span: Range<usize>) -> Fault {
        Fault::new(format!("unterminated {what}"), span, format!("close it with `{end}`"))
    }
}
