//! Directories of migrations from text, for the tests of this crate.

use std::fs;
use std::path::Path;

use gapless_core::{Layout, MigrationSet, Pattern, Problems, Rules, Syntax};

/// Reads a directory with these files.
pub(crate) fn scan(layout: Layout, files: &[(&str, &str)]) -> Result<MigrationSet, Problems> {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), files);
    read(root.path(), layout)
}

/// Writes these files below `m`.
pub(crate) fn write(root: &Path, files: &[(&str, &str)]) {
    for (file, text) in files {
        let path = root.join("m").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Reads `m`.
pub(crate) fn read(root: &Path, layout: Layout) -> Result<MigrationSet, Problems> {
    MigrationSet::scan(root, &[Pattern::new("m").unwrap()], Rules::new(Syntax::Postgres, layout))
}
