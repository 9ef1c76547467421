//! Finds comments that are instructions to a tool. Where nothing follows them, both halves of a file would run
//! forward.

use std::ops::Range;

use crate::set::{Layout, Part};
use crate::sql::{Fault, Script, visit};

/// An instruction in a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instruction {
    /// Begins the down script.
    Down,
    /// Begins the up script, or says how to read what follows.
    Other,
    /// Says how to run the file. Other tools may pass over it: it leads nothing astray.
    Harmless,
}

/// Recognises no instruction: the tool has none.
pub(super) fn none(_: &str) -> Option<Instruction> {
    None
}

/// Recognises a comment that begins with the tool's word and one of its commands.
pub(super) fn command(body: &str, tool: &str, commands: &[&str]) -> Option<Instruction> {
    // Most comments are prose, and there may be many thousands of them.
    let rest = body.get(tool.len()..).filter(|_| body[..tool.len()].eq_ignore_ascii_case(tool))?;
    let given = rest.strip_prefix(char::is_whitespace)?.split_whitespace().next()?;
    let command = commands.iter().find(|command| command.eq_ignore_ascii_case(given))?;
    Some(if *command == "down" { Instruction::Down } else { Instruction::Other })
}

/// A comment that is an instruction to a tool.
struct Found {
    layout: Layout,
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
    let mut found: Vec<Found> = Vec::new();
    for instruction in script.comments.iter().filter_map(|comment| Found::read(sql, comment.clone())) {
        if own == Some(instruction.layout) {
            continue;
        }
        match found.iter_mut().find(|known| known.layout == instruction.layout) {
            None => found.push(instruction),
            Some(known) if instruction.down && !known.down => *known = instruction,
            Some(_) => {}
        }
    }
    found.into_iter().map(|instruction| instruction.fault(sql, layout, part)).collect()
}

impl Found {
    /// Reads a comment that has its line to itself.
    fn read(sql: &str, comment: Range<usize>) -> Option<Found> {
        let text = sql[comment.clone()].trim_end();
        let inner = text.strip_prefix("--")?;
        let body = inner.trim();
        // One that is commented out is none. Tern's own begin with four dashes.
        if inner.starts_with(char::is_whitespace) && body.starts_with("--") {
            return None;
        }
        let (layout, instruction) =
            Layout::ALL.into_iter().find_map(|layout| Some((layout, (layout.tool().instruction)(body)?)))?;
        if instruction == Instruction::Harmless {
            return None;
        }
        // Stops at the first character before it: many comments can stand on one line.
        let mut before = sql[..comment.start].chars().rev().inspect(|char| visit(char.len_utf8()));
        let first = before.find(|char| *char == '\n' || !char.is_whitespace());
        first.is_none_or(|char| char == '\n').then_some(())?;
        let down = instruction == Instruction::Down;
        Some(Found { layout, down, span: comment.start..comment.start + text.len() })
    }

    fn fault(self, sql: &str, layout: Layout, part: Part) -> Fault {
        let (line, tool) = (&sql[self.span.clone()], self.layout.as_str());
        let message = if self.down && part != Part::Down {
            format!("`{line}` is an instruction to {tool}: the statements after it would run forward too")
        } else {
            format!("`{line}` is an instruction to {tool}, and would be ignored")
        };
        let help = if self.layout == layout {
            "remove the line: this file is not cut into up and down".to_owned()
        } else {
            format!("add `layout = \"{tool}\"` if the directory belongs to {tool}, or remove the line")
        };
        Fault::new(message, self.span, help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{Syntax, parse};

    fn messages(sql: &str, own: Option<Layout>) -> Vec<String> {
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
            assert_eq!(messages(&format!("SELECT 1;\n{line}\nSELECT 2;"), None).len(), 1, "{line}");
        }
        for sql in [
            "-- +goose is what we had before",
            "-- goose down",
            "SELECT 1; -- +goose Down",
            "SELECT '\n-- +goose Down\n'",
            "-- migrate:upward",
            "-- tern: disable-tx",
            "/*\n-- +goose Down\n*/",
            "-- -- +goose Down",
            "-- -- +migrate Up",
            "-- # migrate:down",
            "-- ---- create above / drop below ----",
        ] {
            assert_eq!(messages(sql, None), Vec::<String>::new(), "{sql}");
        }
    }

    #[test]
    fn one_instruction_of_each_other_tool_is_reported() {
        let sql = "-- +goose Up\n-- migrate:up\n-- +goose Down\n-- +goose StatementBegin\n";
        let dbmate = "`-- migrate:up` is an instruction to dbmate, and would be ignored";
        let goose =
            "`-- +goose Down` is an instruction to goose: the statements after it would run forward too";
        assert_eq!(messages(sql, None), [goose, dbmate]);
        assert_eq!(messages(sql, Some(Layout::Goose)), [dbmate]);
    }
}
