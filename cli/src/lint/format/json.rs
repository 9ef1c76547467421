//! The document of `lint --format json`.

use serde::Serialize;

use super::Report;
use crate::lint::Level;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    /// Counts incompatible changes.
    format_version: u32,
    files: Vec<&'a str>,
    findings: Vec<FindingDocument<'a>>,
}

/// A finding. Lines and columns count from 1, columns in characters; the end is behind the last character. One about a
/// whole file has none.
#[derive(Serialize)]
struct FindingDocument<'a> {
    rule: &'a str,
    level: Level,
    file: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    message: &'a str,
    help: Option<&'a str>,
    url: Option<String>,
}

impl Document<'_> {
    pub(super) fn new(report: &Report) -> Document<'_> {
        let findings = report.findings.iter().map(|finding| {
            let (start, end) = finding.place.clone().map(|place| (place.start, place.end)).unzip();
            FindingDocument {
                rule: finding.rule,
                level: finding.level,
                file: &finding.file,
                line: start.map(|start| start.line),
                column: start.map(|start| start.column),
                end_line: end.map(|end| end.line),
                end_column: end.map(|end| end.column),
                message: &finding.message,
                help: finding.help.as_deref(),
                url: finding.url(),
            }
        });
        let files = report.files.iter().map(|(file, _)| &**file).collect();
        Document { format_version: 1, files, findings: findings.collect() }
    }
}
