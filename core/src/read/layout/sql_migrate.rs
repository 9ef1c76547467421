//! Describes sql-migrate: `-- +migrate Up` and `-- +migrate Down` in `NNN-description.sql`.

use std::ops::Range;

use super::instruction::{Instruction, command};
use super::lines::{Halves, Line, Place, lines, sections as finished};
use super::native::partner;
use super::section::{Named, Sections};
use super::stem::{in_pieces, numbered, stem};
use super::tool::{Autocommit, Entries, Names, Tool, When};
use crate::read::name::NameError;
use crate::set::{Part, Version};
use crate::sql::Fault;

pub(super) static TOOL: Tool = Tool {
    names: Names::Own(parse),
    entries: Entries::Files,
    sections,
    partner,
    sidecar: None,
    template: None,
    instruction,
    lenient: true,
    may_wrap: true,
    autocommit: Autocommit { up: When::Never, down: When::Any },
    marker: Some("`notransaction` after `-- +migrate Up` or `Down`"),
    down_help: "write the statements that roll it back below a line `-- +migrate Down`",
};

fn instruction(body: &str) -> Option<Instruction> {
    command(body, "+migrate", &["up", "down", "statementbegin", "statementend"])
}

/// Takes a file name apart. The tool orders by leading digits and leaves the rest of a name to its users; its own command
/// puts a dash after them.
fn parse(file: &str) -> Result<Option<Named>, NameError> {
    let Some(stem) = stem(file).filter(|_| file.ends_with(".sql")) else { return numbered(file) };
    if let Ok(version) = stem.parse::<Version>() {
        return Ok(Some(Named { version, name: "migration".to_owned(), part: Part::Sections }));
    }
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    match stem[digits..].strip_prefix('-') {
        Some(description) if digits > 0 && !in_pieces(stem) => {
            numbered(&format!("{}_{description}.sql", &stem[..digits]))
        }
        _ => numbered(file),
    }
}

const PREFIX: &str = "-- +migrate ";

const COMMANDS: [&str; 4] = ["Up", "Down", "StatementBegin", "StatementEnd"];

/// The contents of lines that were probably meant as a command.
const SLIPS: [&str; 6] =
    ["Up", "Down", "StatementBegin", "StatementEnd", "Up notransaction", "Down notransaction"];

#[derive(Default)]
struct Reader {
    halves: Halves,
    /// The place of the `StatementBegin` that is still open.
    block: Option<Range<usize>>,
    /// Of the up section and of the down section.
    no_transaction: [bool; 2],
}

/// Cuts a file. A direction may stand several times: all its statements run, in the order of the file.
fn sections(text: &str) -> Result<Sections, Vec<Fault>> {
    let mut reader = Reader::default();
    for line in lines(text) {
        match line.text.strip_prefix(PREFIX) {
            Some(command) => reader.command(command, line),
            None => reader.plain(line),
        }
    }
    reader.unclosed();
    let cuts = reader.halves.finish(text, "-- +migrate Up")?;
    Ok(finished(cuts, reader.no_transaction))
}

impl Reader {
    fn plain(&mut self, line: Line<'_>) {
        let slip = line.text.contains('+') && line.spells("migrate", &SLIPS).is_some();
        if slip || line.text.trim_end() == PREFIX.trim_end() {
            let help = "write it as `-- +migrate Up` at the beginning of the line, with exactly these spaces";
            return self.fault(line, "sql-migrate ignores this line, which looks like a command", help);
        }
        self.halves.current().push(line);
    }

    fn command(&mut self, command: &str, line: Line<'_>) {
        let mut words = command.split_whitespace();
        match words.next().unwrap_or_default() {
            "Up" => self.enter(Place::Up, words, line),
            "Down" => self.enter(Place::Down, words, line),
            // The tool ignores it before the first direction.
            "StatementBegin" if self.halves.place != Place::Before => {
                self.block.get_or_insert(line.span());
                self.halves.current().push(line);
            }
            "StatementEnd" if self.block.take().is_some() => self.halves.current().close(line),
            "" => self.fault(line, "an empty command of sql-migrate", "complete it, or remove it"),
            word => {
                let known = COMMANDS.iter().find(|known| known.eq_ignore_ascii_case(word));
                match known.filter(|known| **known != word) {
                    Some(known) => {
                        let help = format!("write `{known}`: case matters");
                        self.fault(line, &format!("sql-migrate ignores the command `{word}`"), &help);
                    }
                    None => self.halves.current().push(line),
                }
            }
        }
    }

    fn enter<'a>(&mut self, place: Place, options: impl Iterator<Item = &'a str>, line: Line<'_>) {
        self.unclosed();
        self.halves.enter(place, line);
        for option in options {
            if option == "notransaction" {
                self.no_transaction[usize::from(place == Place::Down)] = true;
            } else if option.to_ascii_lowercase().contains("transaction") {
                let message = format!("sql-migrate ignores the option `{option}`");
                self.fault(line, &message, "write `notransaction`, or remove it");
            }
        }
    }

    fn unclosed(&mut self) {
        if let Some(begin) = self.block.take() {
            let help = "add `-- +migrate StatementEnd` after the statement";
            let fault = Fault::new("`StatementBegin` without its `StatementEnd`", begin, help);
            self.halves.faults.push(fault);
        }
    }

    fn fault(&mut self, line: Line<'_>, message: &str, help: &str) {
        self.halves.faults.push(line.fault(message, help));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::layout::tests::{help, messages, named};
    use crate::set::Layout;

    #[test]
    fn names() {
        for (file, version, name) in [
            ("20240131120000-create-users.sql", 20_240_131_120_000, "create-users"),
            ("1_initial.sql", 1, "initial"),
            ("7.sql", 7, "migration"),
            ("20240131120000-2fa.sql", 20_240_131_120_000, "2fa"),
        ] {
            let named = named(Layout::SqlMigrate, file);
            assert_eq!(named, Some((version, name.to_owned(), Part::Sections)), "{file}");
        }
        for (file, suggestion) in [
            ("initial.sql", "NNN_initial.sql"),
            ("1initial.sql", "1_initial.sql"),
            ("1-.sql", "1_description.sql"),
            ("2024-01-31_x.sql", "20240131_x.sql"),
            ("7.SQL", "7_description.sql"),
            ("1-x.SQL", "1_x.sql"),
        ] {
            assert_eq!(help(Layout::SqlMigrate, file), suggestion, "{file}");
        }
    }

    #[test]
    fn directions_come_and_go() {
        let text = "-- Why.\n-- +migrate Down notransaction\na;\n-- +migrate Up\nb\n-- +migrate Down\nc;\n-- +migrate Up x\nd;";
        let Sections { up, down } = sections(text).unwrap();
        let down = down.unwrap();
        assert_eq!(up.text, "-- Why.\n\n\n-- +migrate Up\nb\n\n\n; -- +migrate Up x\nd;\n");
        assert_eq!(down.text, "\n-- +migrate Down notransaction\na;\n\n\n-- +migrate Down\nc;\n");
        assert!(!up.no_transaction && down.no_transaction);
    }

    #[test]
    fn a_block_ends_its_statement() {
        let text = "-- +migrate StatementBegin\n-- +migrate Up\n-- +migrate StatementBegin\na\n\
                    -- +migrate StatementEnd\n-- +migrate StatementEnd\n-- +migrate Foo\n";
        let up = sections(text).unwrap().up.text;
        assert_eq!(up, text.replacen("a\n--", "a\n; --", 1));
    }

    #[test]
    fn commands_that_sql_migrate_refuses_or_passes_over() {
        let passed = "sql-migrate ignores this line, which looks like a command";
        for (text, message) in [
            ("", "the file has no `-- +migrate Up`"),
            ("-- +migrate Down\nSELECT 1;", "the file has no `-- +migrate Up`"),
            ("SELECT 1;\n-- +migrate Up", "a statement before `-- +migrate Up`"),
            ("-- +migrate Up\n-- +migrate", passed),
            ("-- +migrate Up\n-- +migrate  \n", "an empty command of sql-migrate"),
            ("-- +migrate Up\n-- +migrate down", "sql-migrate ignores the command `down`"),
            ("-- +migrate Up\n--+migrate Down", passed),
            ("-- +migrate Up\n -- +migrate Down notransaction", passed),
            ("-- +migrate Up NoTransaction", "sql-migrate ignores the option `NoTransaction`"),
            ("-- +migrate Up\n-- +migrate StatementBegin", "`StatementBegin` without its `StatementEnd`"),
            (
                "-- +migrate Up\n-- +migrate StatementBegin\n-- +migrate Down\n-- +migrate StatementEnd",
                "`StatementBegin` without its `StatementEnd`",
            ),
        ] {
            assert_eq!(messages(Layout::SqlMigrate, text), [message], "{text:?}");
        }
    }
}
