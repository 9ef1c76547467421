//! What is wrong with files, for people and for GitHub.

use std::fmt::Write as _;

use clap::ValueEnum;
use gapless::Problem;

use super::git::Git;
use super::tree::Tree;
use crate::binary::configuration::Configuration;
use crate::output::complain;
use crate::voice::in_commands;

/// The form in which findings are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::binary) enum Format {
    /// For people
    #[default]
    Text,
    /// Annotations of a GitHub workflow
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    Error,
    Warning,
}

/// Something that somebody should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) text: String,
    /// Relative to the root of the directories.
    pub(super) file: Option<String>,
}

impl Finding {
    pub(super) fn error(file: impl Into<String>, text: String) -> Finding {
        Finding { severity: Severity::Error, text, file: Some(file.into()) }
    }

    pub(super) fn warning(file: impl Into<String>, text: String) -> Finding {
        Finding { severity: Severity::Warning, text, file: Some(file.into()) }
    }

    /// What the macro refuses. A directory has the name that was given.
    pub(super) fn of(problem: &Problem, configuration: &Configuration) -> Finding {
        let file = problem.files().first().cloned();
        let text = in_commands(&problem.to_string());
        let text = if file.is_none() { configuration.as_given(problem.pattern(), &text) } else { text };
        Finding { severity: Severity::Error, text, file }
    }

    fn word(&self) -> &'static str {
        match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// Writes the findings: to the standard error for people, to the standard output where GitHub reads them.
pub(super) fn write(findings: &[Finding], format: Format, tree: &Tree) {
    match format {
        Format::Text => {
            for (index, finding) in findings.iter().enumerate() {
                let gap = if index > 0 { "\n" } else { "" };
                complain(format_args!("{gap}{}: {}", finding.word(), finding.text));
            }
        }
        Format::Github => {
            // GitHub wants paths from the top of the repository.
            let top =
                Git::around(&tree.root).ok().and_then(|git| git.relative(&tree.root)).unwrap_or_default();
            for finding in findings {
                anstream::println!("{}", annotation(finding, &top));
            }
        }
    }
}

fn annotation(finding: &Finding, top: &str) -> String {
    let mut place = String::new();
    if let Some(file) = &finding.file {
        let (file, own) = match file.rsplit_once(':') {
            Some((file, line)) if line.parse::<u32>().is_ok() => (file, Some(line)),
            _ => (&**file, None),
        };
        let slash = if top.is_empty() { "" } else { "/" };
        let _ = write!(
            place,
            " file={}",
            escaped(&format!("{top}{slash}{file}")).replace(',', "%2C").replace(':', "%3A")
        );
        if let Some(line) = own.or_else(|| line(&finding.text, file)) {
            let _ = write!(place, ",line={line}");
        }
    }
    format!("::{}{place}::{}", finding.word(), escaped(&finding.text))
}

/// The line that the text names behind the file: `file:12:3`.
fn line<'t>(text: &'t str, file: &str) -> Option<&'t str> {
    let after = text.split_once(&format!("{file}:"))?.1;
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    after.get(..digits).filter(|digits| !digits.is_empty())
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}
