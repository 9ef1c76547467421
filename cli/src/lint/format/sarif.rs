//! SARIF 2.1.0, the form that code scanning reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Report;
use crate::lint::{Finding, REFUSED};

/// The log of one run.
pub(super) fn log(report: &Report) -> Value {
    let mut rules: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in &report.findings {
        rules.entry(finding.rule).or_insert(finding);
    }
    let index = |finding: &Finding| rules.keys().position(|rule| *rule == finding.rule);
    let results: Vec<_> = report.findings.iter().map(|finding| result(finding, index(finding))).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "gapless lint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.values().map(|finding| rule(finding)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(finding: &Finding) -> Value {
    let mut rule = json!({
        "id": finding.rule,
        "defaultConfiguration": { "level": finding.level },
    });
    if let Some(url) = finding.url() {
        rule["helpUri"] = json!(url);
    }
    // Each file is refused for a reason of its own.
    if let Some(help) = finding.help.as_ref().filter(|_| finding.rule != REFUSED) {
        rule["help"] = json!({ "text": help });
    }
    rule
}

fn result(finding: &Finding, index: Option<usize>) -> Value {
    let help = finding.help.iter().map(|help| format!("\nhelp: {help}"));
    let mut location = json!({ "artifactLocation": { "uri": uri(&finding.file) } });
    if let Some(place) = &finding.place {
        location["region"] = json!({
            "startLine": place.start.line,
            "startColumn": place.start.column,
            "endLine": place.end.line,
            "endColumn": place.end.column,
        });
    }
    json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": finding.level,
        "message": { "text": std::iter::once(finding.message.clone()).chain(help).collect::<String>() },
        "locations": [{ "physicalLocation": location }],
    })
}

/// A relative path as a URI.
fn uri(path: &str) -> String {
    path.bytes().fold(String::new(), |uri, byte| match byte {
        b'/' | b'.' | b'_' | b'-' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
            uri + &char::from(byte).to_string()
        }
        _ => format!("{uri}%{byte:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_escaped() {
        assert_eq!(uri("migrations/1_a b%.sql"), "migrations/1_a%20b%25.sql");
    }
}
