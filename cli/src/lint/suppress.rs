//! Leaves out what comments in the script allow.

use gapless_core::Allowance;

use super::{DROPPED, Finding, Level, Script, Selection};

/// Removes the findings that the script allows, and adds allowances that name no rule or allow nothing.
pub(super) fn apply(
    script: Script<'_>,
    selection: &Selection,
    allowances: &[Allowance],
    findings: &mut Vec<Finding>,
) {
    let mut complaints = Vec::new();
    for allowance in allowances {
        for rule in &allowance.rules {
            let before = findings.len();
            findings.retain(|finding| finding.rule != rule || !covers(allowance, finding));
            complaints.extend(complaint(
                script,
                allowance,
                rule,
                findings.len() == before && selection.has(rule),
            ));
        }
    }
    findings.retain(|finding| !ignored(script, finding));
    findings.extend(complaints);
}

fn covers(allowance: &Allowance, finding: &Finding) -> bool {
    allowance.statement.as_ref().is_none_or(|statement| {
        statement.contains(&finding.span.start) || statement.start == finding.span.start
    })
}

fn complaint(script: Script<'_>, allowance: &Allowance, rule: &str, idle: bool) -> Option<Finding> {
    let span = allowance.span.clone();
    if !super::all().contains(rule) && !DROPPED.iter().any(|(dropped, _)| *dropped == rule) {
        let message = format!("`{rule}` is no rule");
        let finding = Finding::new(script, "unknown-rule", Level::Error, span, message);
        return Some(finding.help("`gapless lint --rules` lists them"));
    }
    let message = format!("nothing here needs `allow {rule}`");
    idle.then(|| Finding::new(script, "unused-allow", Level::Note, span, message).help("remove the comment"))
}

/// True if a comment of squawk's form allows the finding of one of our rules; squawk looks for its own.
fn ignored(script: Script<'_>, finding: &Finding) -> bool {
    let above = finding.line().saturating_sub(1);
    script.sql.lines().enumerate().any(|(index, line)| {
        let Some((_, ignored)) = line.split_once("-- squawk-ignore") else { return false };
        let (everywhere, names) = match ignored.strip_prefix("-file") {
            Some(names) => (true, names),
            None => (false, ignored),
        };
        let names = names.split("--").next().unwrap_or_default();
        let here = everywhere || index + 1 == above || index + 1 == finding.line();
        here && names.split(',').any(|name| name.trim() == finding.rule)
    })
}
