//! Describes dbmate: `-- migrate:up` and `-- migrate:down` in `NNN_description.sql`.

use super::instruction::Instruction;
use super::lines::{Halves, Line, Place, lines, sections as finished};
use super::native::partner;
use super::section::Sections;
use super::stem::numbered;
use super::tool::{Autocommit, Entries, Names, Tool, When};
use crate::sql::Fault;

pub(super) static TOOL: Tool = Tool {
    // The tool records the digits alone, so a file may be renamed after them.
    names: Names::Own(numbered),
    entries: Entries::Files,
    sections,
    partner,
    sidecar: None,
    template: None,
    instruction,
    lenient: true,
    may_wrap: true,
    autocommit: Autocommit { up: When::Never, down: When::Any },
    marker: Some("`transaction:false` after `-- migrate:up` or `-- migrate:down`"),
    down_help: "write the statements that roll it back below the line `-- migrate:down`",
};

fn instruction(body: &str) -> Option<Instruction> {
    body.get(..8).filter(|tool| tool.eq_ignore_ascii_case("migrate:"))?;
    let word = body.split_whitespace().next()?;
    let is = |instruction: &str| word.eq_ignore_ascii_case(instruction);
    if is("migrate:down") { Some(Instruction::Down) } else { is("migrate:up").then_some(Instruction::Other) }
}

#[derive(Default)]
struct Reader {
    halves: Halves,
    /// Of the up section and of the down section.
    no_transaction: [bool; 2],
}

fn sections(text: &str) -> Result<Sections, Vec<Fault>> {
    let mut reader = Reader::default();
    for line in lines(text) {
        match directive(line.text) {
            Some((Place::Up, options)) => reader.up(options, line),
            Some((_, options)) => reader.down(options, line),
            None => reader.plain(line),
        }
    }
    if reader.halves.place == Place::Up && reader.halves.faults.is_empty() {
        let end = text.find('\n').unwrap_or(text.len());
        let help = "add it as the last line if there is nothing to roll back";
        reader.halves.faults.push(Fault::new("the file has no `-- migrate:down`", 0..end, help));
    }
    let cuts = reader.halves.finish(text, "-- migrate:up")?;
    Ok(finished(cuts, reader.no_transaction))
}

/// The contents of lines that were probably meant as a directive.
const SLIPS: [&str; 6] = [
    "up",
    "down",
    "up transaction:false",
    "down transaction:false",
    "up transaction:true",
    "down transaction:true",
];

/// Returns the direction that a line opens, and the options after it.
fn directive(line: &str) -> Option<(Place, &str)> {
    let body = line.strip_prefix("--")?.trim_start().strip_prefix("migrate:")?;
    let up = body.strip_prefix("up").map(|options| (Place::Up, options));
    let found = up.or_else(|| body.strip_prefix("down").map(|options| (Place::Down, options)));
    found.filter(|(_, options)| options.is_empty() || options.starts_with(char::is_whitespace))
}

impl Reader {
    fn plain(&mut self, line: Line<'_>) {
        let slip = line.text.contains(':') && line.spells("migrate", &SLIPS).is_some();
        if slip {
            let help = "write it in lower case and at the beginning of the line: `-- migrate:down`";
            return self.fault(line, "dbmate ignores this line, which looks like a directive", help);
        }
        self.halves.current().push(line);
    }

    fn up(&mut self, options: &str, line: Line<'_>) {
        if self.halves.place == Place::Before {
            self.halves.enter(Place::Up, line);
            return self.options(0, options, line);
        }
        // dbmate runs and records each pair in a transaction of its own, under the same version.
        let help = "split the file into one migration for each pair of `-- migrate:up` and `-- migrate:down`";
        self.fault(line, "`-- migrate:up` appears twice", help);
    }

    fn down(&mut self, options: &str, line: Line<'_>) {
        match self.halves.place {
            Place::Before => {
                let help = "put `-- migrate:up` and its statements first";
                self.fault(line, "`-- migrate:down` before `-- migrate:up`", help);
            }
            Place::Up => {
                self.halves.enter(Place::Down, line);
                self.options(1, options, line);
            }
            Place::Down => {
                let help = "move the statements that roll the migration back below the first";
                self.fault(line, "`-- migrate:down` appears twice", help);
            }
        }
    }

    fn options(&mut self, half: usize, options: &str, line: Line<'_>) {
        for option in options.split_whitespace() {
            match option {
                "transaction:false" => self.no_transaction[half] = true,
                "transaction:true" => self.no_transaction[half] = false,
                _ if option.to_ascii_lowercase().contains("transaction") => {
                    let message = format!("dbmate ignores the option `{option}`");
                    self.fault(
                        line,
                        &message,
                        "write `transaction:false` or `transaction:true`, in one word",
                    );
                }
                _ => {}
            }
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
    use crate::set::{Layout, Part};

    #[test]
    fn names() {
        let parsed = named(Layout::Dbmate, "20151129054053_test_migration.sql");
        assert_eq!(parsed, Some((20_151_129_054_053, "test_migration".to_owned(), Part::Sections)));
        for (file, suggestion) in [
            ("123.sql", "123_description.sql"),
            ("123foo.sql", "123_foo.sql"),
            ("123-foo.sql", "123_foo.sql"),
            ("schema.sql", "NNN_schema.sql"),
        ] {
            assert_eq!(help(Layout::Dbmate, file), suggestion, "{file}");
        }
    }

    #[test]
    fn both_directions() {
        let text = "\n-- Why.\n--migrate:up transaction:false x:y\na;\n--  migrate:down\t\nb;";
        let Sections { up, down } = sections(text).unwrap();
        let down = down.unwrap();
        assert_eq!(up.text, "\n-- Why.\n--migrate:up transaction:false x:y\na;\n");
        assert_eq!(down.text, "\n\n\n\n--  migrate:down\t\nb;\n");
        assert!(up.no_transaction && !down.no_transaction);
    }

    #[test]
    fn directives_that_dbmate_refuses_or_passes_over() {
        let passed = "dbmate ignores this line, which looks like a directive";
        for (text, message) in [
            ("SELECT 1;", "the file has no `-- migrate:up`"),
            ("-- migrate:up", "the file has no `-- migrate:down`"),
            ("-- migrate:upward\n-- migrate up", "the file has no `-- migrate:up`"),
            ("-- migrate:down", "`-- migrate:down` before `-- migrate:up`"),
            ("SELECT 1;\n-- migrate:up\n-- migrate:down", "a statement before `-- migrate:up`"),
            ("-- migrate:up\n-- migrate:down\n-- migrate:down", "`-- migrate:down` appears twice"),
            ("-- migrate:up\n-- migrate:down\n-- migrate:up", "`-- migrate:up` appears twice"),
            ("-- migrate:up\n -- migrate:down\n", passed),
            ("-- migrate:up\n-- Migrate: Down transaction:false\n", passed),
            (
                "-- migrate:up transaction=false\n-- migrate:down",
                "dbmate ignores the option `transaction=false`",
            ),
            (
                "-- migrate:up transaction:False\n-- migrate:down",
                "dbmate ignores the option `transaction:False`",
            ),
        ] {
            assert_eq!(messages(Layout::Dbmate, text), [message], "{text}");
        }
    }
}
