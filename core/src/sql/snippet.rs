//! Shows a line of a text, and underlines a part.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A place in a text. Both numbers count from 1, the column in characters.
///
/// ```
/// use gapless_core::Location;
///
/// assert_eq!(Location::of("SELECT 1;\nSELECT x;", 17).to_string(), "2:8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Location {
    /// Returns the location of a byte offset; an offset beyond the text lies at its end.
    pub fn of(text: &str, offset: usize) -> Location {
        let start = line_start(text, offset);
        let end = floor_char(text, offset);
        Location {
            line: text[..start].matches('\n').count() + 1,
            column: text[start..end].chars().count() + 1,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Shows the line of `text` where `span` begins, with its number, and underlines the span.
pub fn snippet(path: &str, text: &str, span: Range<usize>) -> String {
    let start = line_start(text, span.start);
    let line = text[start..].lines().next().unwrap_or_default();
    let from = floor_char(text, span.start) - start;
    let to = (floor_char(text, span.end) - start).clamp(from, line.len().max(from));
    let shown = Snippet::source(line)
        .path(path)
        .line_start(Location::of(text, span.start).line)
        .annotation(AnnotationKind::Primary.span(from..to));
    let rendered = Renderer::plain().render(&[Group::with_level(Level::ERROR).element(shown)]);
    let lines: Vec<_> = rendered.lines().map(str::trim_end).collect();
    lines.join("\n")
}

fn line_start(text: &str, offset: usize) -> usize {
    text[..floor_char(text, offset)].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Moves an offset back to the beginning of its character.
fn floor_char(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn shows_the_line_and_underlines_the_span() {
        let text = "SELECT 1;\nSELECT 'ü', COMMIT;\n";
        let at = text.find("COMMIT").unwrap();
        let shown = snippet("migrations/1_x.sql", text, at..at + 6);
        assert_eq!(
            shown,
            " --> migrations/1_x.sql:2:13\n  |\n2 | SELECT 'ü', COMMIT;\n  |             ^^^^^^"
        );
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_is_shown(text in "(?s).{0,40}", from in 0usize..60, length in 0usize..60) {
            prop_assert!(snippet("x", &text, from..from + length).contains("x:"));
        }
    }
}
