//! Files that are none: pipes and sockets under the names of files that the commands read.

#![cfg(unix)]

mod project;

use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use crate::project::{Ended, Project};

/// The output of a command that must end, though somebody has made a pipe that nobody writes to.
fn end(mut child: Child) -> Output {
    let begun = Instant::now();
    while child.try_wait().expect("it is a child").is_none() {
        let waits = begun.elapsed() > Duration::from_secs(20);
        if waits {
            child.kill().expect("it is killed");
        }
        assert!(!waits, "it waits for the pipe");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().expect("it has ended")
}

fn error(project: &Project, arguments: &[&str]) -> String {
    let mut command = project.command(arguments);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let ended = Ended::of(end(command.spawn().expect("it starts")));
    assert_eq!(ended.code, Some(1), "{arguments:?}: {ended:?}");
    ended.stderr
}

fn pipe(project: &Project, path: &str) {
    let made = Command::new("mkfifo").arg(project.join(path)).status().expect("mkfifo is there");
    assert!(made.success());
}

#[test]
fn a_pipe_is_refused_and_not_opened() {
    for (layout, path, beside) in [
        ("native", "migrations/0002_b.sql", None),
        ("native", "migrations/0001_a.down.sql", None),
        ("native", "migrations/renames.txt", None),
        ("native", "migrations/migrations.lock", None),
        ("goose", "migrations/0002_b.sql", None),
        ("flyway", "migrations/V2__b.sql.conf", Some("migrations/V2__b.sql")),
        ("diesel", "migrations/2_b/down.sql", Some("migrations/2_b/up.sql")),
        ("diesel", "migrations/2_b/metadata.toml", Some("migrations/2_b/up.sql")),
    ] {
        let project = Project::new();
        project.write("migrations/0001_a.up.sql", "SELECT 1;\n");
        beside.into_iter().for_each(|beside| project.write(beside, "SELECT 1;\n"));
        pipe(&project, path);
        let error = error(&project, &["check", "--layout", layout]);
        assert!(
            error.contains(&format!("error: this is a pipe, not a file\n  {path}\nhelp: ")),
            "{layout} {path}: {error}"
        );
    }
}

#[test]
fn commands_that_change_files_do_not_open_it_either() {
    for name in ["renames.txt", "migrations.lock"] {
        let project = Project::new();
        project.write("migrations/0001_a.up.sql", "SELECT 1;\n");
        pipe(&project, &format!("migrations/{name}"));
        for arguments in
            [&["rename", "1", "b", "--yes"][..], &["lock", "--yes"], &["retire", "1", "--why", "x", "--yes"]]
        {
            if name == "renames.txt" && arguments[0] == "retire" {
                // It has no business there.
                continue;
            }
            assert!(error(&project, arguments).contains("is a pipe, not a file"), "{name} {arguments:?}");
        }
    }
}

#[test]
fn sockets_and_devices_are_none_either() {
    let project = Project::new();
    let _socket = std::os::unix::net::UnixListener::bind({
        project.write("migrations/0001_a.up.sql", "SELECT 1;\n");
        project.join("migrations/0002_b.sql")
    })
    .unwrap();
    std::os::unix::fs::symlink("/dev/zero", project.join("migrations/0003_c.sql")).unwrap();
    let error = error(&project, &["check"]);
    assert!(
        error.contains("error: this is a socket, not a file\n  migrations/0002_b.sql\n")
            && error.contains("error: this is a device, not a file\n  migrations/0003_c.sql\n"),
        "{error}"
    );
}
