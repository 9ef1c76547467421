//! A crate outside of the workspace, built as its owner would build it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A crate with migrations of its own.
#[derive(Debug)]
pub struct Application {
    directory: tempfile::TempDir,
    target: PathBuf,
}

impl Application {
    /// A crate with these dependencies, as `Cargo.toml` has them, where `../gapless` is this workspace.
    /// `target` is the test's directory for what it builds.
    pub fn new(target: &Path, dependencies: &str, main: &str) -> Application {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        let directory = tempfile::tempdir().expect("a directory is made");
        let application = Application { directory, target: target.join("application") };
        let here = workspace.to_str().expect("a path of letters");
        let manifest = format!(
            "[package]\nname = \"application\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{}\n\
             [profile.dev]\ndebug = false\n\n[workspace]\n",
            dependencies.replace("../gapless", here)
        );
        application.write("Cargo.toml", &manifest);
        // The versions that the workspace was built with are at hand.
        fs::copy(workspace.join("Cargo.lock"), application.path("Cargo.lock")).expect("a lock file");
        application.write("src/main.rs", main);
        application
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory is made");
        fs::write(path, text).expect("a file is written");
    }

    /// Returns the output of `cargo build`.
    pub fn build(&self) -> String {
        self.try_build(&[]).unwrap_or_else(|said| panic!("{said}"))
    }

    /// Returns the output of `cargo build` in this environment, also if it fails.
    pub fn try_build(&self, environment: &[(&str, &str)]) -> Result<String, String> {
        let mut command = Command::new(std::env::var_os("CARGO").expect("cargo runs the tests"));
        command.args(["build", "--offline"]).current_dir(self.directory.path());
        command.env("CARGO_TARGET_DIR", &self.target).env_remove("RUSTFLAGS").env_remove("GAPLESS_TRACKED");
        let output = command.envs(environment.iter().copied()).output().expect("cargo runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(said) } else { Err(said) }
    }

    pub fn program(&self) -> PathBuf {
        self.target.join("debug/application")
    }

    /// Returns the lines that the built program prints, and whether it succeeded.
    pub fn run(&self, environment: &[(&str, &str)]) -> (Vec<String>, bool) {
        let mut command = Command::new(self.program());
        command.env("CARGO_MANIFEST_DIR", self.directory.path()).envs(environment.iter().copied());
        let Output { status, stdout, .. } = command.output().expect("the program runs");
        let lines = String::from_utf8_lossy(&stdout).lines().map(str::to_owned).collect();
        (lines, status.success())
    }
}
