//! Finds comments that are instructions to another tool. Where nothing follows them, both halves of a file would run
//! forward.

use std::ops::Range;

use crate::set::{Layout, Part};
use crate::sql::{Fault, Script, visit};

/// A comment that tells a tool where a direction begins, or how to read what follows.
struct Annotation {
    tool: Layout,
    down: bool,
    span: Range<usize>,
}

/// Returns for each tool other than `own` the instruction that does the most harm: one that begins a down script, or
/// else the first.
pub(crate) fn foreign_instructions(
    sql: &str,
    script: &Script<'_>,
    layout: Layout,
    own: Option<Layout>,
    part: Part,
) -> Vec<Fault> {
    let mut found: Vec<Annotation> = Vec::new();
    for annotation in script.comments.iter().filter_map(|comment| Annotation::read(sql, comment.clone())) {
        if own == Some(annotation.tool) {
            continue;
        }
        match found.iter_mut().find(|known| known.tool == annotation.tool) {
            None => found.push(annotation),
            Some(known) if annotation.down && !known.down => *known = annotation,
            Some(_) => {}
        }
    }
    found.into_iter().map(|annotation| annotation.fault(sql, layout, part)).collect()
}

impl Annotation {
    /// Reads a comment that has its line to itself.
    fn read(sql: &str, comment: Range<usize>) -> Option<Annotation> {
        let text = sql[comment.clone()].trim_end();
        let (tool, down) = instruction(text.strip_prefix("--")?.trim())?;
        // No further back than the line may be long: comments can stand close to each other on one.
        let mut before = sql[..comment.start].chars().rev().inspect(|char| visit(char.len_utf8()));
        let first = before.find(|char| *char == '\n' || !char.is_whitespace());
        first.is_none_or(|char| char == '\n').then_some(())?;
        Some(Annotation { tool, down, span: comment.start..comment.start + text.len() })
    }

    fn fault(self, sql: &str, layout: Layout, part: Part) -> Fault {
        let (line, tool) = (&sql[self.span.clone()], self.tool.as_str());
        let message = if self.down && part != Part::Down {
            format!("`{line}` is an instruction to {tool}: what follows it would run forward too")
        } else {
            format!("`{line}` is an instruction to {tool}, and would be passed over")
        };
        let help = if self.tool == layout {
            "remove the line: this file is not cut into up and down".to_owned()
        } else {
            format!("say `layout = \"{tool}\"` if the directory is {tool}'s, or remove the line")
        };
        Fault::new(message, self.span, help)
    }
}

/// True if a comment is an instruction to this tool.
pub(crate) fn is_instruction(comment: &str, tool: Layout) -> bool {
    let body = comment.trim_start_matches("--").trim();
    instruction(body).is_some_and(|(known, _)| known == tool)
        || (tool == Layout::Tern && body.starts_with("tern:"))
}

/// Returns the tool that a comment speaks to, and true if it opens the down script.
fn instruction(body: &str) -> Option<(Layout, bool)> {
    let letters: String = body.chars().filter(char::is_ascii_alphabetic).collect();
    if letters.eq_ignore_ascii_case("createabovedropbelow") {
        return Some((Layout::Tern, true));
    }
    let said = body.to_ascii_lowercase();
    let mut words = said.split_whitespace();
    let (first, second) = (words.next()?, words.next());
    match (first, second) {
        ("+goose", Some("up" | "down" | "statementbegin" | "statementend" | "no" | "envsub")) => {
            Some((Layout::Goose, second == Some("down")))
        }
        ("+migrate", Some("up" | "down" | "statementbegin" | "statementend")) => {
            Some((Layout::SqlMigrate, second == Some("down")))
        }
        ("migrate:up" | "migrate:down", _) => Some((Layout::Dbmate, first == "migrate:down")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Syntax, parse};

    fn told(sql: &str, own: Option<Layout>) -> Vec<String> {
        let script = parse(sql, Syntax::Postgres);
        let faults = foreign_instructions(sql, &script, own.unwrap_or_default(), own, Part::Up);
        faults.into_iter().map(|fault| fault.message).collect()
    }

    #[test]
    fn instructions_are_told_from_prose() {
        for line in [
            "-- +goose Down",
            "--+goose statementbegin",
            "-- +migrate Up notransaction",
            "  -- migrate:up transaction:false",
            "---- create above / drop below ----",
        ] {
            assert_eq!(told(&format!("SELECT 1;\n{line}\nSELECT 2;"), None).len(), 1, "{line}");
        }
        for sql in [
            "-- +goose is what we had before",
            "-- goose down",
            "SELECT 1; -- +goose Down",
            "SELECT '\n-- +goose Down\n'",
            "-- migrate:upward",
            "/*\n-- +goose Down\n*/",
        ] {
            assert_eq!(told(sql, None), Vec::<String>::new(), "{sql}");
        }
    }

    #[test]
    fn one_of_each_tool_is_told_and_none_of_ones_own() {
        let sql = "-- +goose Up\n-- migrate:up\n-- +goose Down\n-- +goose StatementBegin\n";
        let dbmate = "`-- migrate:up` is an instruction to dbmate, and would be passed over";
        let goose = "`-- +goose Down` is an instruction to goose: what follows it would run forward too";
        assert_eq!(told(sql, None), [goose, dbmate]);
        assert_eq!(told(sql, Some(Layout::Goose)), [dbmate]);
    }
}
