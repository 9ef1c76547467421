//! Passwords that stand where none is expected are not printed, and a standard error that cannot be written ends nothing.

mod project;

use std::io::Write;
use std::process::Stdio;

use crate::project::Project;

#[test]
fn a_faulty_configuration_is_described_without_its_text() {
    let project = Project::new();
    for text in [
        "database-url = [\"postgres://me:hunter2@host/app\"]\n",
        "database_url = \"postgres://me:hunter2@host/app\"\n",
        "database-url = \"postgres://me:hunter2@host/app\n",
        "database-url = postgres://me:hunter2@host/app\n",
        "database-url = \"postgres://me:hunter2@host/app\" x\n",
        "database-url = \"postgres://me:\\hunter2@host/app\"\n",
        "lint = \"postgres://me:hunter2@host/app\"\n",
        "numbering = \"postgres://me:hunter2@host/app\"\n",
    ] {
        project.write("gapless.toml", &format!("# first\n{text}"));
        let error = project.error(&["config"], 2);
        assert!(!error.contains("hunter2"), "{text}: {error}");
        assert!(error.contains("gapless.toml cannot be used: line 2: "), "{text}: {error}");
    }
}

#[test]
fn a_url_in_place_of_a_file_is_not_shown() {
    let project = Project::new();
    let error = project.error(&["--database-url-file", "postgres://me:hunter2@host/app", "status"], 2);
    assert!(error.contains("looks like a URL") && !error.contains("hunter2"), "{error}");
}

#[test]
fn a_file_of_a_url_holds_nothing_else() {
    let project = Project::new();
    project.write("migrations/1_a.sql", "CREATE TABLE a (id integer);\n");
    for text in ["sqlite:app.db", "\u{feff}sqlite:app.db\r\n", "\n  sqlite:app.db \n\n"] {
        project.write("url", text);
        let shown = project.output(&["--database-url-file", "url", "config"]);
        assert!(shown.contains("sqlite:app.db "), "{text:?}: {shown}");
        project.output(&["--database-url-file", "url", "up"]);
    }
    for (text, line) in [
        ("sqlite:app.db\npostgres://me:hunter2@host/app\n", 2),
        ("\u{feff}sqlite:app.db\n\n# hunter2\n", 3),
        ("DATABASE_URL=x\r\nhunter2", 2),
    ] {
        project.write("url", text);
        let error = project.error(&["--database-url-file", "url", "status"], 2);
        let words = format!(
            "error: url holds more than a URL: line {line}\nhelp: write the URL alone into the file, in one line\n"
        );
        assert_eq!(error, words, "{text:?}");
    }
    let mut child = project.command(&["--database-url-file", "-", "status"]);
    let mut child = child.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"sqlite:app.db\nmore\n").unwrap();
    let ended = child.wait_with_output().unwrap();
    let error = String::from_utf8(ended.stderr).unwrap();
    assert!(error.starts_with("error: the standard input holds more than a URL: line 2\n"), "{error}");
    project.write("url", "");
    let error = project.error(&["--database-url-file", "url", "status"], 2);
    assert!(error.starts_with("error: url holds no URL\n"), "{error}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_error_does_not_break_off_a_migration() {
    let project = Project::new();
    project.write("migrations/1_a.sql", "CREATE TABLE a (id integer);\n");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let url = "--database-url=sqlite:app.db";
    let ended = project.command(&["up", url]).stderr(full.try_clone().unwrap()).output().unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    project.output(&["verify", url]);
    let ended = project.command(&["up", "--to", "7", url]).stderr(full).output().unwrap();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
}
