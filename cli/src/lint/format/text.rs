//! Text as rustc writes it.

use std::io;

use annotate_snippets::{AnnotationKind, Group, Level as Severity, Renderer, Snippet};

use super::Report;
use crate::lint::{Finding, Level};
use crate::output::{Output, counted};

pub(super) fn write(report: &Report, output: &mut Output) -> io::Result<()> {
    for finding in &report.findings {
        output.line(shown(finding, report.text(&finding.file)))?;
        output.line("")?;
    }
    output.line(summary(report))
}

/// The finding with its line. Of a statement over several lines, the first is enough.
fn shown(finding: &Finding, text: &str) -> String {
    let start = text[..finding.span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    let (from, to) = (finding.span.start - start, (finding.span.end - start).min(line.len()));
    let snippet = Snippet::source(line)
        .path(&*finding.file)
        .line_start(finding.line())
        .annotation(AnnotationKind::Primary.span(from..to.max(from)));
    let severity = match finding.level {
        Level::Error => Severity::ERROR,
        Level::Warning => Severity::WARNING,
        Level::Note => Severity::NOTE,
    };
    let title = severity.primary_title(&*finding.message).id(finding.rule);
    let mut groups = vec![Group::with_title(title).element(snippet)];
    groups
        .extend(finding.help.as_deref().map(|help| Group::with_title(Severity::HELP.secondary_title(help))));
    let rendered = Renderer::styled().render(&groups);
    rendered.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn summary(report: &Report) -> String {
    let count = |level| report.findings.iter().filter(|finding| finding.level == level).count();
    let files = counted(report.files.len(), "file");
    if report.files.is_empty() {
        return "no file to look at".to_owned();
    }
    let levels = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")];
    let found = levels.into_iter().map(|(level, name)| (count(level), name)).filter(|(count, _)| *count > 0);
    let found: Vec<_> = found.map(|(count, name)| counted(count, name)).collect();
    if found.is_empty() {
        format!("{files}: no problem found")
    } else {
        format!("{files}: {}", found.join(", "))
    }
}
