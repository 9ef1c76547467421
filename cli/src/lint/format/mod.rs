//! Writes findings for people, programs, code scanning and pull requests.

mod github;
mod json;
mod sarif;
mod text;

use std::io;

use super::Finding;
use crate::output::Output;

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// A JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// The scripts that were looked at, and what was found in them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Each file with its text.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    fn text(&self, file: &str) -> &str {
        self.files.iter().find(|(name, _)| name == file).map_or("", |(_, text)| text)
    }

    /// True if a finding fails the command.
    pub(crate) fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.level.fails())
    }
}

pub(crate) fn write(report: &Report, format: Format, output: &mut Output) -> io::Result<()> {
    match format {
        Format::Text => text::write(report, output),
        Format::Json => output.json(&json::Document::new(report)),
        Format::Sarif => output.json(&sarif::log(report)),
        Format::Github => github::write(report, output),
    }
}
