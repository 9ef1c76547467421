//! Describes goose: `-- +goose Up` and `-- +goose Down` in `NNN_description.sql`.

use std::ops::Range;

use super::instruction::{Instruction, command};
use super::lines::{Doubt, Halves, Line, Place, lines, sections as finished};
use super::native::partner;
use super::section::{Named, Sections};
use super::stem::numbered;
use super::tool::{Autocommit, Entries, Names, Tool, When};
use crate::read::name::NameError;
use crate::set::{ParseVersionError, Version};
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
    marker: Some("`-- +goose NO TRANSACTION`"),
    down_help: "write the statements that roll it back below a line `-- +goose Down`",
};

fn instruction(body: &str) -> Option<Instruction> {
    command(body, "+goose", &["up", "down", "statementbegin", "statementend", "no", "envsub"])
}

fn parse(file: &str) -> Result<Option<Named>, NameError> {
    if let Some(stem) = file.strip_suffix(".go") {
        return go(stem).map(|()| None);
    }
    let named = numbered(file);
    let zero = match &named {
        Ok(named) => named.as_ref().is_some_and(|named| named.version == Version::MIN),
        Err(error) => error.suggestion().and_then(version).is_some_and(|version| version == Ok(Version::MIN)),
    };
    if zero {
        let help = "choose an unused version, 1 or higher";
        return Err(NameError::explained("goose reserves version 0", help));
    }
    named
}

fn version(file: &str) -> Option<Result<Version, ParseVersionError>> {
    file.split_once('_').map(|(version, _)| version.parse())
}

/// Refuses a Go file that is a migration by the rule for SQL; helpers beside it have no version.
fn go(stem: &str) -> Result<(), NameError> {
    let counts = match version(stem) {
        Some(Ok(version)) => version != Version::MIN,
        Some(Err(ParseVersionError::TooLarge)) => true,
        Some(Err(ParseVersionError::NotDigits)) | None => false,
    };
    if !counts || stem.ends_with("_test") {
        return Ok(());
    }
    let help = "rewrite it in SQL, or as a Rust migration: a file with the line `-- gapless: rust`";
    Err(NameError::explained("a migration written in Go cannot be run", help))
}

#[derive(Clone, Copy)]
enum Annotation {
    Up,
    Down,
    StatementBegin,
    StatementEnd,
    NoTransaction,
    EnvsubOn,
    EnvsubOff,
}

impl Annotation {
    const NAMES: [&str; 7] =
        ["Up", "Down", "StatementBegin", "StatementEnd", "NO TRANSACTION", "ENVSUB ON", "ENVSUB OFF"];

    fn named(name: &str) -> Option<Annotation> {
        let known = Annotation::NAMES.iter().find(|known| known.eq_ignore_ascii_case(name))?;
        Some(match *known {
            "Up" => Annotation::Up,
            "Down" => Annotation::Down,
            "StatementBegin" => Annotation::StatementBegin,
            "StatementEnd" => Annotation::StatementEnd,
            "NO TRANSACTION" => Annotation::NoTransaction,
            "ENVSUB ON" => Annotation::EnvsubOn,
            _ => Annotation::EnvsubOff,
        })
    }

    /// Reads a line; returns `None` for a line without annotation.
    fn read(line: Line<'_>) -> Option<Result<Annotation, Fault>> {
        if !line.text.trim().starts_with("--") || !line.text.contains("+goose") {
            return line.spells("goose", &Annotation::NAMES).map(|name| {
                let help = format!("write it as `-- +goose {name}`, or reword the comment");
                Err(line.fault("goose ignores this line, which looks like an annotation", help))
            });
        }
        if line.text.starts_with([' ', '\t']) {
            let help = "move it to the beginning of the line";
            return Some(Err(line.fault("white space before an annotation of goose", help)));
        }
        let words = line.text.replace("--", "").replacen("+goose", "", 1);
        let words = words.trim();
        Some(Annotation::named(words).ok_or_else(|| {
            let help = "expected `Up`, `Down`, `StatementBegin`, `StatementEnd` or `NO TRANSACTION`, \
                        one per line with nothing after it";
            line.fault(format!("unknown annotation of goose: `{words}`"), help)
        }))
    }
}

#[derive(Default)]
struct Reader {
    halves: Halves,
    /// The place of the `StatementBegin` that is still open.
    block: Option<Range<usize>>,
    no_transaction: bool,
    doubt: Doubt,
}

fn sections(text: &str) -> Result<Sections, Vec<Fault>> {
    let mut reader = Reader::default();
    for line in lines(text) {
        match Annotation::read(line) {
            read if line.is_commented_out("goose") => {
                reader.commented_out(read.and_then(Result::ok), line);
            }
            None => reader.plain(line),
            Some(Err(fault)) => reader.halves.faults.push(fault),
            Some(Ok(annotation)) => reader.annotation(annotation, line),
        }
    }
    if let Some(begin) = reader.block {
        let help = "add `-- +goose StatementEnd` after the statement";
        reader.halves.faults.push(Fault::new("`StatementBegin` without its `StatementEnd`", begin, help));
    }
    let cuts = reader.halves.finish(text, "-- +goose Up")?;
    Ok(finished(cuts, [reader.no_transaction; 2]))
}

impl Reader {
    fn plain(&mut self, line: Line<'_>) {
        self.halves.faults.extend(self.doubt.meets(line, "goose"));
        self.halves.current().push(line);
    }

    /// Takes an annotation that is commented out for a comment. goose removes all dashes of a line before it reads it.
    fn commented_out(&mut self, annotation: Option<Annotation>, line: Line<'_>) {
        match annotation {
            Some(Annotation::EnvsubOn) => self.annotation(Annotation::EnvsubOn, line),
            Some(Annotation::Up | Annotation::Down) => {
                self.doubt.raise(line);
                self.halves.current().push(line);
            }
            _ => self.halves.current().push(line),
        }
    }

    fn annotation(&mut self, annotation: Annotation, line: Line<'_>) {
        match annotation {
            // goose refuses a file that has it twice, so nothing was run by the one that is commented out.
            Annotation::Up | Annotation::Down => {
                self.doubt.settle();
                if matches!(annotation, Annotation::Up) { self.up(line) } else { self.down(line) }
            }
            Annotation::StatementBegin => self.begin(line),
            Annotation::StatementEnd if self.block.take().is_some() => self.halves.current().close(line),
            Annotation::StatementEnd => {
                let help = "remove it, or add `-- +goose StatementBegin` before the statement";
                self.fault(line, "`StatementEnd` without its `StatementBegin`", help);
            }
            // It counts for both directions in any place.
            Annotation::NoTransaction => {
                self.no_transaction = true;
                self.halves.current().push(line);
            }
            Annotation::EnvsubOn => {
                let help = "write out the values: the embedded text runs unchanged";
                self.fault(line, "environment variables are not expanded", help);
            }
            Annotation::EnvsubOff => self.halves.current().push(line),
        }
    }

    fn up(&mut self, line: Line<'_>) {
        if self.halves.place == Place::Before {
            return self.halves.enter(Place::Up, line);
        }
        self.fault(
            line,
            "`-- +goose Up` appears twice",
            "keep the first, or split the file into two migrations",
        );
    }

    fn down(&mut self, line: Line<'_>) {
        match self.halves.place {
            Place::Before => {
                let help = "put `-- +goose Up` and its statements first";
                self.fault(line, "`-- +goose Down` before `-- +goose Up`", help);
            }
            // An open block is reported at its beginning.
            Place::Up => self.halves.enter(Place::Down, line),
            Place::Down => {
                let help = "keep the first, or split the file into two migrations";
                self.fault(line, "`-- +goose Down` appears twice", help);
            }
        }
    }

    fn begin(&mut self, line: Line<'_>) {
        if self.halves.place == Place::Before {
            let help = "put `-- +goose Up` before it";
            self.fault(line, "`StatementBegin` before `-- +goose Up`", help);
        } else if self.block.is_some() {
            let help = "end the statement before it with `-- +goose StatementEnd`";
            self.fault(line, "`StatementBegin` inside of another", help);
        } else {
            self.halves.current().push(line);
        }
        self.block = Some(line.span());
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
        for (file, version, name) in [
            ("00001_x.sql", 1, "x"),
            ("20240131120000_add-index_2.sql", 20_240_131_120_000, "add-index_2"),
            ("3_scale_down.sql", 3, "scale_down"),
        ] {
            assert_eq!(
                named(Layout::Goose, file),
                Some((version, name.to_owned(), Part::Sections)),
                "{file}"
            );
        }
        for file in ["migrations.go", "embed.go", "00001_x_test.go", "x_1.go", "0_x.go"] {
            assert_eq!(named(Layout::Goose, file), None, "{file}");
        }
        for (file, answer) in [
            ("00001-x.sql", "00001_x.sql"),
            ("x.sql", "NNN_x.sql"),
            ("00001_.sql", "00001_description.sql"),
            ("00001_x.SQL", "00001_x.sql"),
            ("U1__x.sql", "1_x.sql"),
            ("00000_x.sql", "choose an unused version, 1 or higher"),
            (
                "00002_x.go",
                "rewrite it in SQL, or as a Rust migration: a file with the line `-- gapless: rust`",
            ),
        ] {
            assert_eq!(help(Layout::Goose, file), answer, "{file}");
        }
    }

    #[test]
    fn both_directions() {
        let text = "-- Why.\n\n--+goose up\nCREATE TABLE a ();\n-- +goose ENVSUB OFF\n\n-- +goose  Down\nDROP TABLE a;\n\n";
        let Sections { up, down } = sections(text).unwrap();
        assert_eq!(up.text, "-- Why.\n\n--+goose up\nCREATE TABLE a ();\n-- +goose ENVSUB OFF\n");
        assert_eq!(down.unwrap().text, "\n\n\n\n\n\n-- +goose  Down\nDROP TABLE a;\n");
        assert!(!up.no_transaction);
        assert_eq!(sections("-- +goose Up").unwrap().down, None);
    }

    #[test]
    fn no_transaction_counts_for_the_file() {
        let Sections { up, down } =
            sections("-- +goose Up\n-- +goose Down\n-- +goose no transaction").unwrap();
        assert!(up.no_transaction && down.unwrap().no_transaction);
    }

    #[test]
    fn a_block_ends_its_statement() {
        let block = |sql: &str| {
            let text =
                format!("-- +goose Up\n-- +goose StatementBegin\n{sql}\n-- +goose StatementEnd\nSELECT 1;");
            let up = sections(&text).unwrap().up.text;
            up.lines().nth(3).unwrap().to_owned()
        };
        assert_eq!(block("SELECT 2"), "; -- +goose StatementEnd");
        assert_eq!(block("SELECT 2;"), "-- +goose StatementEnd");
        assert_eq!(block("SELECT 2; -- two"), "-- +goose StatementEnd");
        assert_eq!(block("-- nothing"), "-- +goose StatementEnd");
    }

    #[test]
    fn annotations_that_goose_refuses() {
        for (text, message) in [
            ("", "the file has no `-- +goose Up`"),
            ("SELECT 1;", "the file has no `-- +goose Up`"),
            ("-- +goose Down", "`-- +goose Down` before `-- +goose Up`"),
            ("SELECT 1;\n-- +goose Up", "a statement before `-- +goose Up`"),
            ("/*\n-- +goose Up", "unterminated block comment"),
            ("-- +goose Up\n-- +goose Up", "`-- +goose Up` appears twice"),
            ("-- +goose Up\n-- +goose Down\n-- +goose Down", "`-- +goose Down` appears twice"),
            ("-- +goose Up\n-- +goose Foo", "unknown annotation of goose: `Foo`"),
            ("-- +goose Up; why", "unknown annotation of goose: `Up; why`"),
            ("-- +goose Up\n-- see +goose", "unknown annotation of goose: `see`"),
            ("-- +goose +goose Up", "unknown annotation of goose: `+goose Up`"),
            (" -- +goose Up", "white space before an annotation of goose"),
            ("-- +goose Up\n-- +Goose Down", "goose ignores this line, which looks like an annotation"),
            ("-- +goose Up\n/* goose Down */", "goose ignores this line, which looks like an annotation"),
            ("-- +goose Up\n-- +goose ENVSUB ON", "environment variables are not expanded"),
            ("-- +goose StatementBegin\n-- +goose StatementEnd", "`StatementBegin` before `-- +goose Up`"),
            ("-- +goose Up\n-- +goose StatementEnd", "`StatementEnd` without its `StatementBegin`"),
            ("-- +goose Up\n-- +goose StatementBegin", "`StatementBegin` without its `StatementEnd`"),
            (
                "-- +goose Up\n-- +goose StatementBegin\n-- +goose Down",
                "`StatementBegin` without its `StatementEnd`",
            ),
            (
                "-- +goose Up\n-- +goose StatementBegin\n-- +goose StatementBegin\n-- +goose StatementEnd",
                "`StatementBegin` inside of another",
            ),
        ] {
            assert_eq!(messages(Layout::Goose, text), [message], "{text}");
        }
    }
}
