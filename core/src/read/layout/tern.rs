//! Describes tern: `NNN_description.sql`, with one line between up and down.

use super::instruction::Instruction;
use super::lines::{Cut, Doubt, Line, lines};
use super::native::partner;
use super::section::{Section, Sections};
use super::stem::numbered;
use super::template::Template;
use super::tool::{Autocommit, Entries, Names, Tool, When};
use crate::sql::Fault;

pub(super) static TOOL: Tool = Tool {
    names: Names::Own(numbered),
    entries: Entries::Files,
    sections,
    partner,
    sidecar: None,
    // The tool runs every file through Go's templates.
    template: Some(Template {
        noun: "template",
        open: "{{",
        close: "}}",
        help: "write out its value: the embedded text runs unchanged",
    }),
    instruction,
    lenient: true,
    may_wrap: true,
    autocommit: Autocommit { up: When::Never, down: When::Any },
    marker: Some("`---- tern: disable-tx ----`"),
    down_help: "write the statements that roll it back below a line `---- create above / drop below ----`",
};

fn instruction(body: &str) -> Option<Instruction> {
    let letters = body.bytes().filter(u8::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
    if letters.eq(*b"createabovedropbelow") {
        return Some(Instruction::Down);
    }
    body.starts_with("tern:").then_some(Instruction::Harmless)
}

const SEPARATOR: &str = "---- create above / drop below ----";

const DISABLE_TX: &str = "---- tern: disable-tx ----";

#[derive(Default)]
struct Half {
    cut: Cut,
    blank: bool,
    no_transaction: bool,
}

/// Cuts a file at its first separator. A file without one, or with nothing below it, cannot be rolled back.
fn sections(text: &str) -> Result<Sections, Vec<Fault>> {
    let (mut up, mut down) = (Half { blank: true, ..Half::default() }, None::<Half>);
    let (mut faults, mut doubt) = (Vec::new(), Doubt::default());
    for line in lines(text) {
        if down.is_none() && line.text.contains(SEPARATOR) && line.is_commented_out("") {
            // The tool cuts at its text, wherever that stands.
            doubt.raise(line);
            up.cut.push(line);
        } else if down.is_none() && line.text.contains(SEPARATOR) {
            doubt.settle();
            faults.extend(beside_separator(line));
            down = Some(Half { blank: true, ..Half::default() });
        } else if down.is_none() && line.spells("", &[SEPARATOR]).is_some() {
            let message = "tern ignores this line, which looks like the separator";
            faults.push(line.fault(message, format!("write it as `{SEPARATOR}`")));
        } else {
            faults.extend(doubt.meets(line, "tern"));
            faults.extend(down.as_mut().unwrap_or(&mut up).push(line));
        }
    }
    let down = down.filter(|down| !down.blank).map(Half::finish);
    if faults.is_empty() { Ok(Sections { up: up.finish(), down }) } else { Err(faults) }
}

/// Returns the fault of text beside the separator: the tool cuts in the middle of the line, and runs both ends.
fn beside_separator(line: Line<'_>) -> Option<Fault> {
    let (before, after) = line.text.split_once(SEPARATOR)?;
    let harmless = |text: &str| text.trim().is_empty() || text.trim_start().starts_with("--");
    let alone = harmless(before) && harmless(after);
    (!alone).then(|| line.fault("text beside the separator", "give the separator a line of its own"))
}

impl Half {
    fn push(&mut self, line: Line<'_>) -> Option<Fault> {
        self.blank &= line.text.trim().is_empty();
        self.cut.push(line);
        if line.text == DISABLE_TX {
            self.no_transaction = true;
        } else if line.spells("", &[DISABLE_TX]).is_some() {
            let help = format!("write it as `{DISABLE_TX}`, with no space around it");
            return Some(line.fault("tern ignores this line, which looks like its magic comment", help));
        }
        None
    }

    fn finish(self) -> Section {
        Section { text: self.cut.finish(), no_transaction: self.no_transaction }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::layout::tests::{help, messages, named};
    use crate::set::{Layout, Part};

    #[test]
    fn names() {
        let parsed = named(Layout::Tern, "001_create_t1.sql");
        assert_eq!(parsed, Some((1, "create_t1".to_owned(), Part::Sections)));
        assert_eq!(help(Layout::Tern, "001-t1.sql"), "001_t1.sql");
    }

    #[test]
    fn both_directions() {
        let text = format!("a;\n{DISABLE_TX}\n\n  {SEPARATOR}\n\nb;\n{SEPARATOR}\n");
        let Sections { up, down } = sections(&text).unwrap();
        assert_eq!((up.text, up.no_transaction), (format!("a;\n{DISABLE_TX}\n"), true));
        let down = down.unwrap();
        assert_eq!((down.text, down.no_transaction), (format!("\n\n\n\n\nb;\n{SEPARATOR}\n"), false));
    }

    #[test]
    fn nothing_below_is_no_down_script() {
        for text in ["a;".to_owned(), format!("a;\n{SEPARATOR}"), format!("a;\n--{SEPARATOR}--\n \n")] {
            assert_eq!(sections(&text).unwrap().down, None, "{text}");
        }
        assert!(sections(&format!("a;\n{SEPARATOR}\n-- none")).unwrap().down.is_some());
    }

    #[test]
    fn lines_that_tern_passes_over() {
        let passed = "tern ignores this line, which looks like the separator";
        for (text, message) in [
            ("a;\n---- create above/drop below ----\nb;".to_owned(), passed),
            ("a;\n-- Create above / drop below\nb;".to_owned(), passed),
            (format!("a; {SEPARATOR}"), "text beside the separator"),
            (format!("-{SEPARATOR} b;"), "text beside the separator"),
            ("-- tern: disable-tx".to_owned(), "tern ignores this line, which looks like its magic comment"),
        ] {
            assert_eq!(messages(Layout::Tern, &text), [message], "{text}");
        }
    }
}
