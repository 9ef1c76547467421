//! Finds comments that are written to us, and the statements that they stand above.

use std::ops::Range;

use crate::sql::Script;

/// Returns the lines of a comment, without the space at their ends.
pub(super) fn lines(sql: &str, comment: Range<usize>) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut start = comment.start;
    sql[comment].split('\n').map(move |line| {
        let span = start..start + line.trim_end().len();
        start += line.len() + 1;
        (span, line.trim_end())
    })
}

/// Returns the text after `-- gapless:`, if the line is written so.
pub(super) fn body_of(line: &str) -> Option<&str> {
    let plain = line.trim_start().strip_prefix("--")?.trim_start();
    plain.strip_prefix("gapless:").map(str::trim_start)
}

/// Returns true if the line is written as a directive is.
pub(crate) fn is_directive(line: &str) -> bool {
    body_of(line).is_some()
}

/// Returns the end of the header: the start of the first statement.
pub(super) fn header_end(sql: &str, script: &Script<'_>) -> usize {
    script.statements.first().map_or(sql.len(), |first| first.span().start)
}

/// Returns the statement that begins below a comment, unless the comment stands inside or behind a statement on its line.
pub(super) fn below(sql: &str, script: &Script<'_>, comment: usize) -> Option<Range<usize>> {
    let alone = sql[..comment].trim_end_matches([' ', '\t']).ends_with('\n');
    let index = script.statements.partition_point(|statement| statement.span().start < comment);
    let outside = index == 0 || script.statements[index - 1].span().end <= comment;
    script.statements.get(index).filter(|_| alone && outside).map(|statement| statement.span())
}
