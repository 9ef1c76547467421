//! `docs/commands.md` shows the help texts, and what the commands of its recipes print. `GAPLESS_BLESS=1` rewrites them.

#![cfg(all(feature = "lint", feature = "postgres", feature = "sqlite"))]

mod terminal;

use std::path::Path;

use terminal::Terminal;
use terminal::documented::Document;

#[test]
fn every_command_is_in_the_reference() {
    let terminal = Terminal::new(String::new());
    let program = terminal.output("gapless --help");
    let mut reference = format!("```text\n{}```\n", program.trim_start());
    let commands = program.split("\nCommands:\n").nth(1).expect("a list of commands");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        let help = terminal.output(&format!("gapless {command} --help"));
        // The options of every command are shown once, with the program.
        let own = help.split("\nFiles and database:\n").next().unwrap_or(&help).trim_end();
        reference += &format!("\n### gapless {command}\n\n```text\n{own}\n```\n");
    }
    Document::open("docs/commands.md").holds("reference", &reference);
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let text = std::fs::read_to_string(root.join("docs/commands.md")).expect("it can be read");
    for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let file = link.split('#').next().unwrap_or_default();
        let leads = file.is_empty() || file.starts_with("https://") || root.join("docs").join(file).exists();
        assert!(leads, "{link}");
    }
}

/// People who type commands cannot call methods.
#[test]
fn no_output_speaks_of_methods() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let snapshots = std::fs::read_dir(here.join("tests/snapshots")).expect("there are snapshots");
    for snapshot in snapshots {
        let path = snapshot.expect("it can be read").path();
        let text = std::fs::read_to_string(&path).expect("it is text");
        let (_, shown) =
            text.split_once("---\n").and_then(|(_, rest)| rest.split_once("---\n")).expect("a head");
        let calls =
            shown.split('`').skip(1).step_by(2).find(|part| part.starts_with('.') && part.ends_with(')'));
        assert_eq!(calls, None, "{}", path.display());
        for word in ["Rollback::", "Resolution::", "cargo build", "Cargo.toml"] {
            assert!(!shown.contains(word), "{word} in {}", path.display());
        }
    }
}
