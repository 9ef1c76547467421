//! Compiles every case of `tests/ui`: `<mistake>.rs` embeds the directory of its name, and `<mistake>.stderr` is what
//! its author reads; `pass_*.rs` compiles and runs.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

#[test]
fn each_mistake_has_its_message() {
    let cases = Cases::of(names());
    assert_eq!(cases.unclaimed, [""; 0], "no case claims these entries of tests/ui");
    println!("{} mistakes, {} programs that compile", cases.mistakes.len(), cases.passing.len());
    assert!(!cases.mistakes.is_empty() && !cases.passing.is_empty());
    link_directories();
    let compiler = trybuild::TestCases::new();
    cases.mistakes.iter().for_each(|case| compiler.compile_fail(format!("ui/{case}.rs")));
    cases.passing.iter().for_each(|case| compiler.pass(format!("ui/{case}.rs")));
}

#[test]
fn an_entry_without_a_case_is_named() {
    let names =
        ["a.rs", "a.stderr", "a/", "c.stderr", "d/", "f.txt", "pass_e.rs", "pass_e/", "pass_e.stderr"];
    let cases = Cases::of(names.map(str::to_owned).into());
    assert_eq!((cases.mistakes, cases.passing), (vec!["a".to_owned()], vec!["pass_e".to_owned()]));
    assert_eq!(cases.unclaimed, ["c.stderr", "d/", "f.txt", "pass_e.stderr"]);
}

/// The cases of a directory, and the entries that belong to none.
struct Cases {
    mistakes: Vec<String>,
    passing: Vec<String>,
    unclaimed: Vec<String>,
}

impl Cases {
    fn of(names: BTreeSet<String>) -> Cases {
        let cases = names.iter().filter_map(|name| name.strip_suffix(".rs")).map(str::to_owned);
        let (passing, mistakes): (Vec<_>, Vec<_>) = cases.partition(|case| case.starts_with("pass_"));
        let claims = |cases: &[String], suffixes: &[&str], name: &str| {
            let mut stems = suffixes.iter().filter_map(|suffix| name.strip_suffix(suffix));
            stems.any(|stem| cases.iter().any(|case| case == stem))
        };
        let unclaimed = names.into_iter().filter(|name| {
            !claims(&mistakes, &[".rs", ".stderr", "/"], name) && !claims(&passing, &[".rs", "/"], name)
        });
        Cases { unclaimed: unclaimed.collect(), mistakes, passing }
    }
}

/// Returns the names of all entries of `tests/ui`; those of directories end in a slash.
fn names() -> BTreeSet<String> {
    let entries =
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("ui")).expect("the directory is read");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry is read");
        let slash = if entry.path().is_dir() { "/" } else { "" };
        format!("{}{slash}", entry.file_name().to_string_lossy())
    };
    entries.map(name).collect()
}

/// Links `ui` into the package that trybuild makes for the cases, because directories are relative to that.
fn link_directories() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
    let package = target.join("tests/trybuild/gapless-tests");
    fs::create_dir_all(&package).expect("a directory is made");
    let link = package.join("ui");
    if !link.exists() {
        // A link that leads nowhere is in the way too.
        let _ = fs::remove_file(&link);
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("ui"), &link).expect("a link is made");
    }
}
