//! The peers' programs: small crates outside of the workspace, built as their owners would build them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::peers::{EMPTY, Family, Layout};

/// The profile of the programs that are run: peers take minutes to build 1,000 migrations in release,
/// and what is measured there is their dependencies' code.
const PROFILE: &str = "[profile.measured]\ninherits = \"dev\"\ndebug = false\n\n[profile.measured.package.\"*\"]\nopt-level = 3\n";

/// Writes and builds crates.
#[derive(Debug)]
pub struct Workshop {
    workspace: PathBuf,
    root: PathBuf,
    limit: Duration,
    profile: &'static str,
    programs: BTreeMap<(&'static str, u64), Option<PathBuf>>,
}

/// A crate that was written.
#[derive(Clone, Debug)]
pub struct Crate {
    name: String,
    directory: PathBuf,
    lock: PathBuf,
}

/// The cost of a build.
#[derive(Clone, Debug)]
pub struct Build {
    /// From cargo's start to its end.
    pub elapsed: Duration,
    /// The crates that were compiled.
    pub compiled: Vec<String>,
    /// The most memory that one rustc had.
    pub peak_kb: u64,
    /// True if it succeeded within the limit.
    pub finished: bool,
    /// True if it ended in an error, not at the limit.
    pub failed: bool,
}

impl Workshop {
    /// Runs programs that are built with this profile. Builds beside the running program, in cargo's target directory.
    pub fn new(limit: Duration, profile: &'static str) -> Workshop {
        let program = std::env::current_exe().expect("the program knows where it is");
        let target = program.ancestors().nth(2).expect("cargo put it there").join("bench");
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned();
        Workshop { workspace, root: target, limit, profile, programs: BTreeMap::new() }
    }

    /// A directory of its own for what is built under this name.
    pub fn target(&self, name: &str) -> PathBuf {
        self.root.join("target").join(name)
    }

    /// The program that is run, built once; none if it cannot be built within the limit.
    pub fn program(&mut self, family: &'static Family, size: u64) -> Option<PathBuf> {
        let key = (family.name, size);
        if !self.programs.contains_key(&key) {
            eprintln!("  building {} with {size}", family.name);
            let target = self.target("measured");
            let written = self.write(family, size);
            // The first build brings the dependencies.
            let build = written.build(&target, self.profile, self.limit * 3);
            let path = build.finished.then(|| written.program(&target, self.profile));
            self.programs.insert(key, path);
        }
        self.programs[&key].clone()
    }

    /// A crate of this family with so many migrations.
    pub fn write(&self, family: &Family, size: u64) -> Crate {
        let name = format!("{}-{size}", family.name);
        let directory = self.root.join("crates").join(&name);
        let lock = self.root.join("locks").join(format!("{}.lock", family.name));
        let written = Crate { name, directory, lock };
        let place = self.workspace.to_str().expect("a path of letters");
        written.file("Cargo.toml", &written.manifest(family).replace("../gapless", place));
        written.file("src/main.rs", family.main);
        written.file("src/measure.rs", include_str!("../templates/measure.rs"));
        if family.layout != Layout::Absent {
            written.file("build.rs", family.build_script());
            for number in 1..=size {
                for (path, text) in migration(family.layout, number) {
                    written.file(&path, &text);
                }
            }
        }
        let ours = self.workspace.join("Cargo.lock");
        let lock = if family.is_ours() { &ours } else { &written.lock };
        if lock.exists() && !written.path("Cargo.lock").exists() {
            fs::copy(lock, written.path("Cargo.lock")).expect("a lock file is copied");
        }
        written
    }

    /// The size of a program that does nothing.
    pub fn empty_size(&self) -> u64 {
        let (written, target) = (self.write(&EMPTY, 0), self.target("empty"));
        assert!(written.build(&target, "release", self.limit).finished, "an empty program is built");
        written.size(&target, "release")
    }

    /// How many crates `gapless` without a driver is, itself included.
    pub fn crates_without_driver(&self) -> usize {
        let mut tree = Command::new(cargo());
        tree.args(["tree", "-p", "gapless", "--prefix", "none"]).current_dir(&self.workspace);
        let output = tree.output().expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines: Vec<_> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
        lines.sort_unstable();
        lines.dedup();
        lines.len()
    }
}

impl Family {
    fn build_script(&self) -> &'static str {
        if self.is_ours() {
            "fn main() {\n    gapless_build::track(\"migrations\");\n}\n"
        } else {
            "fn main() {\n    println!(\"cargo::rerun-if-changed=migrations\");\n}\n"
        }
    }
}

fn migration(layout: Layout, number: u64) -> Vec<(String, String)> {
    let mut sql = format!("CREATE TABLE t{number} (id bigint PRIMARY KEY, note text);\n");
    while sql.len() + 64 < 1024 {
        sql.push_str("-- a comment, as long as real migrations tend to be, to fill up\n");
    }
    sql.push_str(&format!("--{}\n", " ".repeat(1024 - 3 - sql.len())));
    match layout {
        Layout::Numbered => vec![(format!("migrations/{number:05}_t{number}.sql"), sql)],
        Layout::Refinery => vec![(format!("migrations/V{number}__t{number}.sql"), sql)],
        Layout::Diesel => {
            let down = format!("DROP TABLE t{number};\n");
            let directory = format!("migrations/{number:05}_t{number}");
            vec![(format!("{directory}/up.sql"), sql), (format!("{directory}/down.sql"), down)]
        }
        Layout::Absent => Vec::new(),
    }
}

impl Crate {
    fn manifest(&self, family: &Family) -> String {
        let build = if family.is_ours() {
            "\n[build-dependencies]\ngapless-build = { path = \"../gapless/build\" }\n"
        } else {
            ""
        };
        format!(
            "[package]\nname = \"{}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\n{}{build}\n{PROFILE}\n[workspace]\n",
            self.name, family.dependencies
        )
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// Leaves alone what is there, so that cargo does.
    fn file(&self, path: &str, text: &str) {
        let path = self.path(path);
        if fs::read_to_string(&path).is_ok_and(|before| before == text) {
            return;
        }
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory is made");
        fs::write(path, text).expect("a file is written");
    }

    /// Makes cargo believe that the first migration was edited.
    pub fn touch(&self, layout: Layout) {
        let (path, text) = migration(layout, 1).swap_remove(0);
        fs::write(self.path(&path), text).expect("a file is written");
    }

    /// Forgets what was built of this crate, and of nothing else.
    pub fn clean(&self, target: &Path, profile: &str) {
        let output = self.cargo("clean", target, profile).args(["-p", &self.name]).output();
        let output = output.expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Downloads its dependencies.
    pub fn fetch(&self) {
        let fetched = Command::new(cargo()).args(["fetch", "-q"]).current_dir(&self.directory).status();
        assert!(
            fetched.is_ok_and(|status| status.success()),
            "the dependencies of {} cannot be had",
            self.name
        );
    }

    /// Where a build leaves its program.
    pub fn program(&self, target: &Path, profile: &str) -> PathBuf {
        target.join(if profile == "dev" { "debug" } else { profile }).join(&self.name)
    }

    /// How large that is.
    pub fn size(&self, target: &Path, profile: &str) -> u64 {
        fs::metadata(self.program(target, profile)).expect("the program is there").len()
    }

    fn cargo(&self, command: &str, target: &Path, profile: &str) -> Command {
        let mut cargo = Command::new(cargo());
        cargo.args([command, "--profile", profile]).current_dir(&self.directory);
        cargo.env("CARGO_TARGET_DIR", target).env("CARGO_TERM_COLOR", "never");
        cargo.env_remove("RUSTFLAGS").env_remove("GAPLESS_TRACKED").stdin(Stdio::null());
        cargo
    }

    /// Builds it, and measures.
    pub fn build(&self, target: &Path, profile: &str, limit: Duration) -> Build {
        let mut cargo = self.cargo("build", target, profile);
        // A group of its own, so that rustc can be ended with it.
        std::os::unix::process::CommandExt::process_group(&mut cargo, 0);
        let begun = Instant::now();
        let mut child = cargo.stderr(Stdio::piped()).spawn().expect("cargo starts");
        let mut stderr = child.stderr.take().expect("it is a pipe");
        let reader = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text).unwrap_or_default()
        });
        let (ended, peak_kb) = watch(&mut child, begun, limit);
        let elapsed = begun.elapsed();
        let said = reader.join().unwrap_or_default();
        if ended == Some(false) {
            eprintln!("{} cannot be built: {said}", self.name);
        }
        if ended == Some(true) && !self.lock.exists() {
            fs::create_dir_all(self.lock.parent().expect("a parent")).expect("a directory is made");
            fs::copy(self.path("Cargo.lock"), &self.lock).expect("a lock file is kept");
        }
        let compiled = said.lines().filter_map(|line| line.trim_start().strip_prefix("Compiling "));
        Build {
            elapsed,
            compiled: compiled.map(str::to_owned).collect(),
            peak_kb,
            finished: ended == Some(true),
            failed: ended == Some(false),
        }
    }
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Waits for a build; whether it succeeded, unless it took too long, and the most memory that one rustc had.
fn watch(child: &mut Child, begun: Instant, limit: Duration) -> (Option<bool>, u64) {
    let mut peak = 0;
    loop {
        peak = peak.max(peak_of_rustc(child.id()));
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return (Some(status.success()), peak);
        }
        if begun.elapsed() > limit {
            let group = format!("-{}", child.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = child.wait();
            return (None, peak);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The kernel keeps the peak for each process, so only what a rustc takes in its last moments is missed.
fn peak_of_rustc(cargo: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{cargo}/task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let children: Vec<String> = children.collect();
    let pids = children.iter().flat_map(|pids| pids.split_whitespace());
    let peaks = pids.filter_map(|pid| {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        status.lines().next()?.ends_with("rustc").then_some(())?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().trim_end_matches(" kB").parse().ok()
    });
    peaks.max().unwrap_or(0)
}
