//! What cargo notices of a directory of migrations: a crate outside of the workspace, built as its owner
//! would build it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A crate with migrations of its own.
struct Application {
    directory: tempfile::TempDir,
    target: PathBuf,
}

const MAIN: &str = r#"
use gapless::{embed_migrations, MigrationSet};

static MIGRATIONS: MigrationSet = embed_migrations!("migrations");

fn main() {
    for migration in MIGRATIONS.migrations() {
        println!("{} {}", migration.name(), migration.sql().trim());
    }
    MIGRATIONS.assert_current();
}
"#;

impl Application {
    fn new() -> Application {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
        let directory = tempfile::tempdir().expect("a directory is made");
        let application =
            Application { directory, target: Path::new(env!("CARGO_TARGET_TMPDIR")).join("application") };
        let manifest = format!(
            "[package]\nname = \"application\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
             [dependencies]\ngapless = {{ path = {:?} }}\n\n[build-dependencies]\ngapless-build = {{ path = {:?} }}\n\n\
             [profile.dev]\ndebug = false\n\n[workspace]\n",
            workspace.join("runtime"),
            workspace.join("build"),
        );
        application.write("Cargo.toml", &manifest);
        // The versions that the workspace was built with are at hand.
        fs::copy(workspace.join("Cargo.lock"), application.path("Cargo.lock")).expect("a lock file");
        application.write("src/main.rs", MAIN);
        application.write("migrations/1_users.up.sql", "SELECT 1;");
        application.write("migrations/2_windows.sql", "SELECT 2;\r\n");
        application
    }

    fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory is made");
        fs::write(path, text).expect("a file is written");
    }

    /// What `cargo build` says.
    fn build(&self) -> String {
        let output = self.cargo(&["build"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).arg("--offline").current_dir(self.directory.path());
        command.env("CARGO_TARGET_DIR", &self.target).env_remove("RUSTFLAGS").env_remove("GAPLESS_TRACKED");
        command.output().expect("cargo runs")
    }

    /// What the built program prints, and whether it found its table current.
    fn run(&self) -> (Vec<String>, bool) {
        let mut command = Command::new(self.target.join("debug/application"));
        let output =
            command.env("CARGO_MANIFEST_DIR", self.directory.path()).output().expect("the program runs");
        let lines = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
        (lines, output.status.success())
    }
}

#[test]
fn edits_always_rebuild_and_additions_do_with_the_build_script() {
    let application = Application::new();
    let said = application.build();
    assert!(said.contains("warning: use of deprecated"), "{said}");
    assert!(said.contains("cargo does not notice files that are added to `migrations`"), "{said}");
    assert_eq!(application.run(), (vec!["users SELECT 1;".into(), "windows SELECT 2;".into()], true));

    application.write("migrations/3_added.sql", "SELECT 3;");
    application.build();
    let (lines, current) = application.run();
    assert_eq!((lines.len(), current), (2, false), "an addition is noticed by the check alone");

    application.write("build.rs", "fn main() { gapless_build::track(\"migrations\"); }");
    let said = application.build();
    assert!(!said.contains("warning"), "{said}");
    assert_eq!(application.run().0[2..], ["added SELECT 3;"]);

    application.write("migrations/4_more.sql", "SELECT 4;");
    application.build();
    assert_eq!(application.run().0[3..], ["more SELECT 4;"]);

    application.write("migrations/1_users.up.sql", "SELECT 'one';");
    application.write("migrations/2_windows.sql", "SELECT 'two';\r\n");
    application.build();
    assert_eq!(application.run().0[..2], ["users SELECT 'one';", "windows SELECT 'two';"]);

    fs::rename(application.path("migrations/3_added.sql"), application.path("migrations/3_renamed.sql"))
        .unwrap();
    fs::remove_file(application.path("migrations/4_more.sql")).unwrap();
    application.build();
    let (lines, current) = application.run();
    assert_eq!((lines[2..].to_vec(), current), (vec!["renamed SELECT 3;".to_owned()], true));

    let said = application.build();
    assert!(!said.contains("Compiling"), "nothing changed, and yet: {said}");
    assert_no_path_of_this_machine(&application);
}

fn assert_no_path_of_this_machine(application: &Application) {
    let program = fs::read(application.target.join("debug/application")).expect("the program is there");
    let directory = application.path("migrations");
    let directory = directory.to_str().expect("a path of letters").as_bytes();
    assert!(
        !program.windows(directory.len()).any(|window| window == directory),
        "the path is in the program"
    );
    let relative = b"migrations/1_users.up.sql";
    assert!(
        program.windows(relative.len()).any(|window| window == relative),
        "the search finds nothing at all"
    );
}
