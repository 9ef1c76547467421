//! A place in a script, and why it is dangerous.

use std::fmt;
use std::ops::Range;

use gapless::Location;
use serde::Serialize;

use super::Script;

/// How bad a finding is. Errors and warnings fail the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// A matter of design: the statement itself does no harm.
    Note,
    /// Programs that run while it is applied may break.
    Warning,
    /// It keeps others from reading or writing while it runs, or cannot work.
    Error,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }

    /// True if it fails the command.
    pub(crate) fn fails(self) -> bool {
        self != Level::Note
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Stands in place of a rule where `gapless check` refuses a file.
pub(crate) const REFUSED: &str = "check";

/// What a rule has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) rule: &'static str,
    pub(crate) level: Level,
    pub(crate) file: String,
    /// In bytes of the script.
    pub(crate) span: Range<usize>,
    /// Where it begins, and behind the last character; `None` if it is about a whole file.
    pub(crate) place: Option<Range<Location>>,
    /// Why it is dangerous.
    pub(crate) message: String,
    /// What to write instead.
    pub(crate) help: Option<String>,
}

impl Finding {
    pub(crate) fn new(
        script: Script<'_>,
        rule: &'static str,
        level: Level,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Finding {
        let shown = script.sql.get(span.clone()).unwrap_or_default();
        let span = span.start..span.start + shown.trim_end_matches([';', ' ', '\t', '\n']).len();
        Finding {
            rule,
            level,
            file: script.file.to_owned(),
            place: Some(Location::of(script.sql, span.start)..Location::of(script.sql, span.end)),
            span,
            message: message.into(),
            help: None,
        }
    }

    /// The line that it begins at.
    pub(super) fn line(&self) -> usize {
        self.place.as_ref().map_or(1, |place| place.start.line)
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }

    /// The page that explains the rule, if it is one of squawk's.
    pub(crate) fn url(&self) -> Option<String> {
        if self.rule == REFUSED { None } else { super::rule::url(self.rule) }
    }
}
