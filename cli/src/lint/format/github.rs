//! Workflow commands of GitHub Actions, which it shows beside the lines of a pull request.

use std::io;

use super::Report;
use crate::lint::{Finding, Level};
use crate::output::Output;

pub(super) fn write(report: &Report, output: &mut Output) -> io::Result<()> {
    report.findings.iter().try_for_each(|finding| output.line(command(finding)))
}

fn command(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "notice",
    };
    let place = finding.place.as_ref().map(|place| {
        let (start, end) = (place.start, place.end);
        format!(",line={},col={},endLine={},endColumn={}", start.line, start.column, end.line, end.column)
    });
    let help = finding.help.as_deref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!(
        "::{level} file={}{},title={}::{}",
        property(&finding.file),
        place.unwrap_or_default(),
        property(finding.rule),
        data(&format!("{}{help}", finding.message)),
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_escaped() {
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
        assert_eq!(data("a,b:c%\n"), "a,b:c%25%0A");
    }
}
