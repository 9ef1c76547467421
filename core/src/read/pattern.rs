//! Expands the patterns that name directories of migrations: `migrations`, or `modules/*/sql`.

use std::fmt;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// A directory relative to the embedding crate, in which one whole segment may be `*`.
///
/// ```
/// use gapless_core::Pattern;
///
/// assert_eq!(Pattern::new("./modules/*/sql/").unwrap().as_str(), "modules/*/sql");
/// assert!(Pattern::new("/srv/migrations").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// The error for a pattern that names no directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceError {
    message: String,
    help: String,
}

impl SourceError {
    fn new(message: String, help: &str) -> SourceError {
        SourceError { message, help: help.to_owned() }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nhelp: {}", self.message, self.help)
    }
}

impl std::error::Error for SourceError {}

impl Pattern {
    /// Reads a pattern; `\` counts as `/`, and a trailing `/` and `./` carry no meaning.
    ///
    /// # Errors
    ///
    /// Returns an error for an empty or absolute path, for more than one `*`, and for a `*` in a segment.
    pub fn new(text: &str) -> Result<Pattern, SourceError> {
        let slashed = text.replace('\\', "/");
        let absolute = slashed.starts_with('/') || slashed.as_bytes().get(1) == Some(&b':');
        if absolute {
            let help =
                "write it relative to the crate's Cargo.toml: an absolute path exists on one machine only";
            return Err(SourceError::new(format!("`{text}` is an absolute path"), help));
        }
        let segments: Vec<_> = slashed.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if segments.is_empty() {
            let help = "name a directory of migrations, for example `migrations`";
            return Err(SourceError::new(format!("`{text}` names the directory of the crate itself"), help));
        }
        if segments[0] == "*" {
            let help =
                "start with a directory, as in `modules/*/sql`: cargo could not watch this pattern alone";
            return Err(SourceError::new(format!("`{text}` begins with a `*`"), help));
        }
        if text.contains([';', '\n', '\0']) {
            let help = "name the directory without semicolons, newlines and NUL characters";
            return Err(SourceError::new(format!("{text:?} cannot be passed to cargo"), help));
        }
        let starred = segments.iter().filter(|segment| segment.contains('*')).count();
        if starred > 1 || segments.iter().any(|segment| segment.contains('*') && *segment != "*") {
            let help = "use `*` for one whole segment, as in `modules/*/sql`, or name each directory";
            return Err(SourceError::new(format!("`{text}` has a `*` that cannot be expanded"), help));
        }
        Ok(Pattern(segments.join("/")))
    }

    /// Returns the pattern in its one spelling, with forward slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the directories below `root` that the pattern names, sorted, each with its relative path.
    ///
    /// # Errors
    ///
    /// Returns an error for a path that leaves the project (see [`project_root`]), is missing, or is not a directory.
    pub fn directories(&self, root: &Path) -> Result<Vec<(String, PathBuf)>, SourceError> {
        let root = &resolved(root);
        self.stay_inside(root)?;
        let Some((before, after)) = self.0.split_once('*') else {
            return is_directory(root, &self.0).map(|path| vec![(self.0.clone(), path)]);
        };
        let parent = is_directory(root, before.trim_end_matches('/'))?;
        let mut found = Vec::new();
        for name in subdirectories(&parent).map_err(|error| {
            SourceError::new(format!("cannot read `{before}`: {error}"), "check its permissions")
        })? {
            let relative = format!("{before}{name}{after}");
            let path = root.join(&relative);
            match fs::metadata(&path) {
                Ok(directory) if directory.is_dir() => found.push((relative, path)),
                Ok(_) => {}
                // Not every directory that the star stands for holds the rest of the pattern.
                Err(_) if !leads_nowhere(&path) && !leads_nowhere(&parent.join(&name)) => {}
                Err(error) => {
                    let message = format!("cannot read `{relative}`: {error}");
                    return Err(SourceError::new(
                        message,
                        "restore the target of the link, or remove the link",
                    ));
                }
            }
        }
        if found.is_empty() {
            let help = "check the spelling: a `*` matches directories that exist and are not hidden";
            return Err(SourceError::new(format!("`{}` matches no directory", self.0), help));
        }
        found.sort();
        Ok(found)
    }

    fn stay_inside(&self, root: &Path) -> Result<(), SourceError> {
        let project = project_root(root);
        if lexically_normal(&root.join(&self.0)).starts_with(&project) {
            return Ok(());
        }
        let help = "move the directory into the repository: the crate would not build elsewhere";
        Err(SourceError::new(format!("`{}` lies outside of the project", self.0), help))
    }
}

/// Returns the outermost directory around `start` with a `Cargo.lock` or a `.git`; `start` itself if there is none.
///
/// A file beyond it exists on one machine only: no checkout and no package contains it.
pub fn project_root(start: &Path) -> PathBuf {
    let marked = |directory: &&Path| directory.join("Cargo.lock").exists() || directory.join(".git").exists();
    start.ancestors().filter(marked).last().unwrap_or(start).to_owned()
}

/// Returns the absolute path of a root. Its ancestors can be told by name only if it has no `..`.
fn resolved(root: &Path) -> PathBuf {
    let climbs = root.components().any(|part| part == Component::ParentDir);
    let real = if climbs { fs::canonicalize(root).ok() } else { None };
    real.or_else(|| std::path::absolute(root).ok()).unwrap_or_else(|| root.to_owned())
}

/// Resolves `..` by name. The project may have symbolic links that lead elsewhere.
fn lexically_normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

fn is_directory(root: &Path, relative: &str) -> Result<PathBuf, SourceError> {
    let path = root.join(relative);
    match fs::metadata(&path) {
        Ok(found) if found.is_dir() => Ok(path),
        Ok(_) => Err(SourceError::new(
            format!("`{relative}` is a file, not a directory"),
            "name the directory that holds the migrations",
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(SourceError::new(
            format!("the directory `{relative}` does not exist"),
            "create it, or correct the path: it is relative to the crate's Cargo.toml",
        )),
        Err(error) => {
            Err(SourceError::new(format!("cannot read `{relative}`: {error}"), "check its permissions"))
        }
    }
}

fn leads_nowhere(path: &Path) -> bool {
    path.is_symlink() && !path.exists()
}

fn subdirectories(parent: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(parent)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(pattern: &str, root: &Path) -> String {
        Pattern::new(pattern).and_then(|pattern| pattern.directories(root)).unwrap_err().to_string()
    }

    #[test]
    fn one_segment_may_be_a_star() {
        let root = tempfile::tempdir().unwrap();
        for module in ["modules/b/sql", "modules/a/sql", "modules/.hidden/sql", "modules/c/other"] {
            fs::create_dir_all(root.path().join(module)).unwrap();
        }
        let found = Pattern::new("./modules/*/sql/").unwrap().directories(root.path()).unwrap();
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["modules/a/sql", "modules/b/sql"]);
        assert!(
            message("modules/*/nothing", root.path()).starts_with("`modules/*/nothing` matches no directory")
        );
        assert!(message("modules/*/*", root.path()).contains("cannot be expanded"));
        assert!(message("modules/m*", root.path()).contains("cannot be expanded"));
        assert!(message("*/sql", root.path()).contains("begins with a `*`"));
        assert!(message("a;b", root.path()).contains("cannot be passed to cargo"));
    }

    #[test]
    fn a_root_may_lie_above() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("migrations")).unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        let found = Pattern::new("migrations").unwrap().directories(&root.path().join("a/b/../..")).unwrap();
        assert_eq!(found[0].0, "migrations");
    }

    #[test]
    fn paths_outside_of_the_project_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let member = root.path().join("member");
        fs::create_dir_all(&member).unwrap();
        fs::create_dir_all(root.path().join("migrations")).unwrap();
        assert!(message("../migrations", &member).contains("outside of the project"));
        fs::write(root.path().join("Cargo.lock"), "").unwrap();
        assert!(Pattern::new("../migrations").unwrap().directories(&member).is_ok());
        assert!(message("../../etc", &member).contains("outside of the project"));
        assert!(message("/etc", &member).contains("absolute path"));
        assert!(message("C:\\migrations", &member).contains("absolute path"));
        assert!(message("", &member).contains("names the directory of the crate itself"));
        assert!(message("Cargo.lock", root.path()).contains("is a file"));
        assert!(message("migration", root.path()).contains("does not exist"));
    }
}
