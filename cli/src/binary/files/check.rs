//! `check`: what the macro refuses, and what a branch may not do to the migrations of its base.

use gapless_core::{Scan, scan_leniently};

use super::base::Base;
use super::compare::compare;
use super::finding::{Finding, Format, Severity, write};
use super::tree::Tree;
use crate::binary::configuration::Configuration;
use crate::exit::{CommandError, Exit};
use crate::output::{Output, complain, counted};

#[derive(Clone, Debug, clap::Args)]
pub(in crate::binary) struct Arguments {
    /// Also check what this branch does to migrations of its base: a branch or commit of git, such as `origin/main`
    #[arg(long, value_name = "REF")]
    base: Option<String>,
    /// Form of the findings
    #[arg(long, default_value = "text")]
    format: Format,
}

pub(in crate::binary) fn run(
    arguments: &Arguments,
    configuration: &Configuration,
    output: &mut Output,
) -> Result<Exit, CommandError> {
    let all = Tree::empty(configuration)?;
    let (scan, problems) = scan_leniently(&all.root, &all.patterns, all.rules);
    let problems = problems.err();
    let findings = problems.iter().flatten().map(|problem| Finding::of(problem, configuration));
    let mut findings: Vec<_> = findings.collect();
    // Directories that are missing are among the problems.
    let tree = Tree::present(configuration)?;
    if let Some(name) = &arguments.base {
        let base = Base::read(&tree, name)?;
        findings.extend(compare(&base, &tree, &scan));
    }
    write(&findings, arguments.format, &tree);
    let exit = conclude(&findings, &scan, output)?;
    Ok(if tree.patterns.len() < all.patterns.len() { Exit::Usage } else { exit })
}

fn conclude(findings: &[Finding], scan: &Scan, output: &mut Output) -> Result<Exit, CommandError> {
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors > 0 {
        complain(format_args!("\n{} found", counted(errors, "problem")));
        return Ok(Exit::Failed);
    }
    let migrations = counted(scan.migrations().len(), "migration");
    match findings.len() {
        0 => output.line(format_args!("{migrations}: no problem found"))?,
        warned => {
            output.line(format_args!("{migrations}: no problem found, {}", counted(warned, "warning")))?;
        }
    }
    Ok(Exit::Done)
}
