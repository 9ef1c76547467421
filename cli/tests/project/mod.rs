//! A directory with migrations, and the program in it.
#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) struct Project {
    directory: tempfile::TempDir,
}

/// How the program ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    pub(crate) fn new() -> Project {
        Project { directory: tempfile::tempdir().expect("a directory can be made") }
    }

    /// A project in a repository whose first commit is on `main`.
    pub(crate) fn with_git(files: &[(&str, &str)]) -> Project {
        let project = Project::new();
        project.git(&["init", "-q", "-b", "main"]);
        files.iter().for_each(|(path, text)| project.write(path, text));
        project.commit("begin");
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn join(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.join(path);
        fs::create_dir_all(path.parent().expect("a file has one")).expect("a directory can be made");
        fs::write(path, text).expect("a file can be written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.join(path)).expect("the file can be read")
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.join(path).symlink_metadata().is_ok()
    }

    /// Every file below a directory, sorted, without those of git.
    pub(crate) fn files(&self, directory: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut open = vec![self.join(directory)];
        while let Some(at) = open.pop() {
            for entry in fs::read_dir(at).expect("a directory can be read") {
                let path = entry.expect("an entry can be read").path();
                if path.ends_with(".git") {
                    continue;
                }
                if path.is_dir() && !path.is_symlink() {
                    open.push(path);
                } else {
                    let relative = path.strip_prefix(self.join(directory)).expect("it is below");
                    found.push(relative.display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gapless"));
        command.current_dir(self.path()).args(arguments);
        for name in ["DATABASE_URL", "VISUAL", "EDITOR"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().expect("the program starts"))
    }

    /// The standard output of a command that must succeed.
    pub(crate) fn output(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        ended.stdout
    }

    /// The standard error of a command that must end with this code.
    pub(crate) fn error(&self, arguments: &[&str], code: i32) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        ended.stderr
    }

    /// The output of git, which must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let ended = self.run_git(arguments);
        assert_eq!(ended.code, Some(0), "git {arguments:?}: {ended:?}");
        ended.stdout
    }

    pub(crate) fn run_git(&self, arguments: &[&str]) -> Ended {
        let mut command = Command::new("git");
        command.current_dir(self.path()).args(arguments);
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "test")
                .env(format!("GIT_{role}_EMAIL"), "test@localhost");
        }
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        Ended::of(command.output().expect("git starts"))
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
    }
}

impl Ended {
    pub(crate) fn of(output: Output) -> Ended {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
