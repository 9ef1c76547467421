//! Holds a warning: a fact that is no mistake, and that the author should know.

use proc_macro2::Span;

/// A warning at a literal of the macro's arguments.
pub(crate) struct Warning {
    /// The deprecated item, which the compiler names.
    pub(crate) name: &'static str,
    pub(crate) span: Span,
    pub(crate) note: String,
}
