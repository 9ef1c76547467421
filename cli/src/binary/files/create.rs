//! Creates files without overwriting any, all of them or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::template::NewFile;
use crate::exit::CommandError;

/// Creates the files in the directory. If one cannot be, those before it are removed again.
pub(super) fn create(directory: &Path, files: &[NewFile]) -> Result<Vec<PathBuf>, CommandError> {
    let mut created = Created::default();
    for file in files {
        let path = directory.join(&file.path);
        if let Err(error) = created.file(&path, &file.text) {
            created.remove();
            return Err(CommandError::failed(format!("cannot create {}: {error}", path.display())));
        }
    }
    Ok(created.files)
}

/// Creates one file in the directory.
pub(in crate::binary) fn one(directory: &Path, name: &str, text: &str) -> Result<PathBuf, CommandError> {
    let file = NewFile { path: name.to_owned(), text: text.to_owned() };
    create(directory, &[file]).map(|mut created| created.remove(0))
}

#[derive(Default)]
struct Created {
    files: Vec<PathBuf>,
    directories: Vec<PathBuf>,
}

impl Created {
    fn file(&mut self, path: &Path, text: &str) -> io::Result<()> {
        if let Some(parent) =
            path.parent().filter(|parent| !self.directories.iter().any(|known| known == parent))
        {
            match fs::create_dir(parent) {
                Ok(()) => self.directories.push(parent.to_owned()),
                // The directory of migrations; a migration's own directory is new.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        // Fails if anything has that name, be it a link that leads nowhere.
        let mut file = File::create_new(path)?;
        self.files.push(path.to_owned());
        file.write_all(text.as_bytes())
    }

    fn remove(&self) {
        self.files.iter().for_each(|path| drop(fs::remove_file(path)));
        self.directories.iter().rev().for_each(|path| drop(fs::remove_dir(path)));
    }
}
