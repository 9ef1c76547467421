//! Holds the problems of a scan, and shows them.

use std::fmt;
use std::ops::Range;

use crate::sql::{Location, snippet};

/// A mistake in a directory of migrations.
///
/// Its `Display` names the files at fault, shows the line where there is one, and says how to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    message: String,
    files: Vec<String>,
    snippet: Option<String>,
    place: Option<Box<Range<Location>>>,
    help: Option<String>,
    pattern: usize,
}

impl Problem {
    pub(crate) fn new(pattern: usize, message: impl Into<String>) -> Problem {
        let (files, snippet, place, help) = (Vec::new(), None, None, None);
        Problem { message: message.into(), files, snippet, place, help, pattern }
    }

    pub(crate) fn file(mut self, path: impl Into<String>) -> Problem {
        self.files.push(path.into());
        self
    }

    /// Shows the line of a text, and underlines a part.
    pub(crate) fn snippet(mut self, path: &str, text: &str, span: Range<usize>) -> Problem {
        self.place = Some(Box::new(Location::of(text, span.start)..Location::of(text, span.end)));
        self.snippet = Some(snippet(path, text, span));
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = Some(help.into());
        self
    }

    /// Returns the index of its pattern among those given to [`scan`](crate::scan()).
    pub fn pattern(&self) -> usize {
        self.pattern
    }

    /// Returns the paths at fault, relative to the root of the scan.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Returns what is wrong, without files and help.
    #[doc(hidden)]
    pub fn __message(&self) -> &str {
        &self.message
    }

    /// Returns the way out.
    #[doc(hidden)]
    pub fn __help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Returns the place in the first file, if there is one.
    #[doc(hidden)]
    pub fn __place(&self) -> Option<Range<Location>> {
        self.place.as_deref().cloned()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(snippet) = &self.snippet {
            write!(f, "\n{snippet}")?;
        } else {
            self.files.iter().try_for_each(|file| write!(f, "\n  {file}"))?;
        }
        self.help.iter().try_for_each(|help| write!(f, "\nhelp: {help}"))
    }
}

/// All problems of a scan, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Returns `Ok` if there is nothing to report.
    pub(crate) fn check(problems: Vec<Problem>) -> Result<(), Problems> {
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems)) }
    }

    /// Returns the problems, in the order of patterns and then of file names.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(index, problem)| {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{problem}")
        })
    }
}

impl std::error::Error for Problems {}
