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
    let mut tree = Tree::empty(configuration)?;
    let (scan, problems) = scan_leniently(&tree.root, &tree.patterns, tree.rules);
    let problems: Vec<_> = problems.err().iter().flatten().map(Finding::from).collect();
    let mut findings = problems;
    if let Some(name) = &arguments.base {
        // Directories that are missing have been reported.
        if let Ok(read) = Tree::read(configuration) {
            tree = read;
        }
        let base = Base::read(&tree, name)?;
        findings.extend(compare(&base, &tree, &scan));
    }
    write(&findings, arguments.format, &tree);
    conclude(&findings, &scan, output)
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
