//! Finds a directory below which all directories of migrations lie.
//!
//! The macro wants directories below the crate, because others exist on one machine only. The program runs on one
//! machine: in an image the migrations are where somebody has put them.

use std::path::{Component, Path, PathBuf};

/// Returns the root to read the directories from, and their paths from there.
pub(super) fn anchored(root: PathBuf, directories: &[String]) -> (PathBuf, Vec<String>) {
    let leads_away = |directory: &String| Path::new(directory).is_absolute() || directory.starts_with("..");
    if !directories.iter().any(leads_away) {
        return (root, directories.to_vec());
    }
    let paths: Vec<_> = directories.iter().map(|directory| normal(&root.join(directory))).collect();
    let parents = paths.iter().map(|path| path.parent().unwrap_or(path).to_owned());
    let common = parents.reduce(|one, other| {
        let both = one.components().zip(other.components()).take_while(|(one, other)| one == other);
        both.map(|(part, _)| part).collect()
    });
    let common = common.unwrap_or_default();
    let relative = |path: &PathBuf| {
        let parts = path.strip_prefix(&common).unwrap_or(path).components();
        parts.map(|part| part.as_os_str().to_string_lossy().into_owned()).collect::<Vec<_>>().join("/")
    };
    let relative = paths.iter().map(relative).collect();
    let far = root.is_absolute() || directories.iter().any(|one| Path::new(one).is_absolute());
    (if far { common } else { from_here(&common) }, relative)
}

/// The path as seen from the current directory.
fn from_here(path: &Path) -> PathBuf {
    let Ok(current) = std::env::current_dir() else { return path.to_owned() };
    let common = path.components().zip(current.components()).take_while(|(one, other)| one == other).count();
    let up = current.components().skip(common).map(|_| Component::ParentDir);
    let short: PathBuf = up.chain(path.components().skip(common)).collect();
    if short.as_os_str().is_empty() { PathBuf::from(".") } else { short }
}

/// The absolute path, without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut normal = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_lie_below_their_root() {
        let anchor = |root: &str, directories: &[&str]| {
            let directories: Vec<_> = directories.iter().map(|one| (*one).to_owned()).collect();
            let (root, directories) = anchored(PathBuf::from(root), &directories);
            (root.display().to_string(), directories.join(" "))
        };
        let pair = |root: &str, directories: &str| (root.to_owned(), directories.to_owned());
        assert_eq!(anchor(".", &["a", "b/*/c"]), pair(".", "a b/*/c"));
        assert_eq!(anchor(".", &["/srv/app/migrations/"]), pair("/srv/app", "migrations"));
        assert_eq!(anchor("/srv/app", &["../sql", "own"]), pair("/srv", "sql app/own"));
        assert_eq!(anchor("/srv", &["/srv/a/*/sql", "/srv/a"]), pair("/srv", "a/*/sql a"));
        assert_eq!(anchor("/", &["/a", "/b/./c"]), pair("/", "a b/c"));
        assert_eq!(anchor(".", &["../sql", "own"]).0, "..");
        assert_eq!(anchor("..", &["../sql", "../own"]), pair("../..", "sql own"));
        assert_eq!(anchor("..", &["../sql"]), pair("../..", "sql"));
    }
}
