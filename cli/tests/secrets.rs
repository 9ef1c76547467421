//! Passwords that stand where none is expected are not printed, and a standard error that cannot be written ends nothing.

mod project;

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
