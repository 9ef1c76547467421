//! Holds the rules by which directories are read.

use super::layout::Layout;
use crate::sql::Syntax;

/// The rules by which directories of migrations are read.
///
/// ```
/// use gapless_core::{Layout, Rules, Syntax};
///
/// let rules = Rules::new(Syntax::Postgres, Layout::Goose);
/// assert_eq!((rules.syntax, rules.layout), (Syntax::Postgres, Layout::Goose));
/// assert_eq!(Rules::default(), Rules::new(Syntax::Shared, Layout::Native));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Rules {
    /// The rules of quoting and commenting.
    pub syntax: Syntax,
    /// The tool whose way of naming and cutting files the directories follow.
    pub layout: Layout,
}

impl Rules {
    /// Combines a syntax and a layout.
    pub const fn new(syntax: Syntax, layout: Layout) -> Rules {
        Rules { syntax, layout }
    }
}

/// Combines the syntax with the native layout.
impl From<Syntax> for Rules {
    fn from(syntax: Syntax) -> Rules {
        Rules::new(syntax, Layout::Native)
    }
}
