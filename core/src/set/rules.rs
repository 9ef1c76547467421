//! The rules by which directories are read.

use super::layout::Layout;
use crate::sql::Syntax;

/// The rules by which directories of migrations are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Rules {
    /// The rules of quoting.
    pub syntax: Syntax,
    /// The way in which files are named and cut.
    pub layout: Layout,
}

impl From<Syntax> for Rules {
    fn from(syntax: Syntax) -> Rules {
        Rules { syntax, layout: Layout::Native }
    }
}
