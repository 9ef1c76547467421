//! Reads the file beside a migration that says how its tool runs it.

use std::path::PathBuf;

use super::layout::{Beside, Sidecar};
use super::listing::{File, Listing};
use super::text::Text;
use crate::lint::Problem;
use crate::set::Part;

impl Sidecar {
    /// Reads the sidecar of a file, if there is one, and has the file run as it says.
    pub(crate) fn apply(&self, file: &mut File, listing: &mut Listing) {
        let path = self.path(file);
        // A dangling link exists, and cannot be read.
        if path.symlink_metadata().is_err() {
            return;
        }
        let shown = self.shown(file);
        let text = Text::read(file.pattern, &shown, &path);
        listing.watched.push(path);
        match text {
            Ok(Text { text, .. }) => match (self.read)(&text) {
                Ok(no_transaction) => file.no_transaction = no_transaction,
                // Both directions have the same sidecar; one of them reports it.
                Err(_) if file.name.part == Part::Down => {}
                Err(fault) => {
                    let problem = Problem::new(file.pattern, fault.message).file(&shown);
                    listing.problems.push(problem.snippet(&shown, &text, fault.span).help(fault.help));
                }
            },
            Err(problem) if listing.problems.contains(&problem) => {}
            Err(problem) => listing.problems.push(problem),
        }
    }

    fn path(&self, file: &File) -> PathBuf {
        match self.name {
            Beside::Extension(extension) => file.path.with_extension(extension),
            Beside::Name(name) => file.path.with_file_name(name),
        }
    }

    /// Returns the path relative to the root, with forward slashes.
    fn shown(&self, file: &File) -> String {
        let (directory, name) = file.shown.rsplit_once('/').unwrap_or(("", &file.shown));
        match self.name {
            Beside::Extension(extension) => {
                let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
                format!("{directory}/{stem}.{extension}")
            }
            Beside::Name(name) => format!("{directory}/{name}"),
        }
    }
}
