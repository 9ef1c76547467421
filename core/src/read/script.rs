//! Reads the scripts of one file: cuts its text into sections, judges each, and collects their problems.

use std::ops::Range;

use super::guess::{is_plainly_mysql, misread_mysql};
use super::judge::{Judged, judge};
use super::layout::{Section, Sections};
use super::listing::File;
use super::lock::Files;
use super::place::Places;
use super::scanned::ScannedFile;
use super::text::Text;
use crate::lint::{Problem, to_problems};
use crate::set::{Checksum, Directives, Part, Rules};
use crate::sql::{Fault, Syntax, parse};

/// Reads files, and records the checksums of those whose directory has a lock.
pub(crate) struct ScriptReader {
    rules: Rules,
    /// Of each directory, if they are wanted.
    checksums: Vec<Option<Files>>,
    /// The files that are written for MySQL, in a set that names no dialect.
    for_mysql: Vec<(usize, String)>,
}

/// The scripts of a file without problems. Empty down scripts are left out.
#[derive(Default)]
pub(crate) struct Scripts {
    pub(crate) up: Option<SoundScript>,
    pub(crate) down: Option<SoundScript>,
}

/// A script without problems.
pub(crate) struct SoundScript {
    pub(crate) text: String,
    pub(crate) directives: Directives,
    pub(crate) file: ScannedFile,
}

/// The script that an empty section is run as.
const NOTHING: &str = "-- nothing to do\n";

impl ScriptReader {
    pub(crate) fn new(rules: Rules, checksums: Vec<Option<Files>>) -> ScriptReader {
        ScriptReader { rules, checksums, for_mysql: Vec::new() }
    }

    /// Returns the checksums of the files that were read, by directory.
    pub(crate) fn into_checksums(self) -> Vec<Option<Files>> {
        self.checksums
    }

    /// Reads the scripts of a file, or its problems.
    pub(crate) fn read(&mut self, file: &File) -> Result<Scripts, Vec<Problem>> {
        let text = Text::read(file.pattern, &file.shown, &file.path).map_err(|problem| vec![problem])?;
        if let Some(Some(files)) = self.checksums.get_mut(file.directory) {
            files.insert(file.entry.clone(), Checksum::of(&text.text));
        }
        let scripts = if file.name.part == Part::Sections {
            self.sections(file, &text.text)
        } else {
            self.whole(file, &text)
        };
        if scripts.is_err() && self.rules.syntax == Syntax::Shared && is_plainly_mysql(&text.text) {
            self.for_mysql.push((file.pattern, file.shown.clone()));
            return Err(Vec::new());
        }
        scripts
    }

    /// Returns one problem for all files that are written for MySQL, because one fix helps all.
    pub(crate) fn for_mysql(&self) -> Option<Problem> {
        misread_mysql(&self.for_mysql)
    }

    /// Reads a file that holds both directions.
    fn sections(&self, file: &File, text: &str) -> Result<Scripts, Vec<Problem>> {
        let mut faults = self.rules.layout.tool().unfilled(text);
        let Sections { up, down } = match self.rules.layout.tool().cut(text) {
            Ok(sections) => sections,
            Err(found) => {
                faults.extend(found);
                return Err(problems(file, text, faults));
            }
        };
        let mut up = self.section(file, Part::Up, up);
        let mut down = down.map(|down| self.section(file, Part::Down, down));
        for half in [Some(&mut up), down.as_mut()].into_iter().flatten() {
            let found = std::mem::take(&mut half.linted.faults);
            let places = Places::of(&half.text, text);
            faults.extend(found.into_iter().map(|fault| places.in_file(fault)));
        }
        if !faults.is_empty() {
            return Err(problems(file, text, faults));
        }
        // A comment in a down script says that there is nothing to do.
        let down = down.filter(|down| down.linted.first.is_some() || self.explains(&down.text));
        Ok(Scripts { up: Some(sound(file, up)), down: down.map(|down| sound(file, down)) })
    }

    fn section(&self, file: &File, part: Part, section: Section) -> Judged {
        let Section { mut text, no_transaction } = section;
        if text.trim().is_empty() {
            // The file is not empty: its annotations say that there is nothing to do.
            text = NOTHING.to_owned();
        }
        let base = if no_transaction { Directives::NONE.outside_of_transaction() } else { file.directives() };
        let judged = judge(self.rules, part, &text, Some(self.rules.layout), base);
        Judged { rewritten: true, ..judged }
    }

    /// Returns true if a section has a comment that is not an instruction to its tool.
    fn explains(&self, section: &str) -> bool {
        let Rules { layout, syntax } = self.rules;
        let comments = parse(section, syntax).comments;
        let says = |comment: &Range<usize>| {
            let comment = &section[comment.clone()];
            !comment.trim_matches(['-', '/', '*', ' ']).is_empty() && !layout.tool().instructs(comment)
        };
        section != NOTHING && comments.iter().any(says)
    }

    /// Reads a file that is one script.
    fn whole(&self, file: &File, Text { text, rewritten }: &Text) -> Result<Scripts, Vec<Problem>> {
        let (part, tool) = (file.name.part, self.rules.layout.tool());
        let mut judged = judge(self.rules, part, text, None, file.directives());
        if judged.linted.empty && part == Part::Down && tool.lenient {
            return Ok(Scripts::default());
        }
        // Other tools run an empty file as it is.
        if judged.linted.empty && !tool.lenient {
            let help = "write the SQL, or explain in a comment why there is none";
            return Err(vec![file.problem("the file is empty").help(help)]);
        }
        let mut faults = tool.unfilled(text);
        if let Some(first) = judged.linted.first.clone().filter(|_| part == Part::Tombstone) {
            let help = "explain in comments why it was retired, and move the SQL into a migration of its own";
            faults.push(Fault::new("a tombstone holds comments only", first, help));
        }
        faults.append(&mut judged.linted.faults);
        if !faults.is_empty() {
            return Err(problems(file, text, faults));
        }
        judged.rewritten |= rewritten;
        let script = Some(sound(file, judged));
        Ok(if part == Part::Down {
            Scripts { down: script, up: None }
        } else {
            Scripts { up: script, down: None }
        })
    }
}

fn problems(file: &File, text: &str, mut faults: Vec<Fault>) -> Vec<Problem> {
    faults.sort_by_key(|fault| fault.span.start);
    to_problems(file.pattern, &file.shown, text, faults).collect()
}

fn sound(file: &File, Judged { text, rewritten, linted }: Judged) -> SoundScript {
    let file = ScannedFile { path: file.path.clone(), rewritten };
    SoundScript { text, directives: linted.directives, file }
}
