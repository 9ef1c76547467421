//! What the macro says about each mistake: `tests/ui/<mistake>.rs` embeds the directory of its name.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

#[test]
fn each_mistake_has_its_message() {
    link_directories();
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/[!p]*.rs");
    cases.compile_fail("ui/psql_command.rs");
    cases.pass("ui/pass_*.rs");
}

/// The cases are built in a package of trybuild's own; directories are relative to that.
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
