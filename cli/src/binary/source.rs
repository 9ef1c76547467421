//! Reads the migrations from their directories.

use gapless::{Layout, MigrationSet, Pattern, Rules, Syntax};

use super::configuration::Configuration;
use crate::exit::CommandError;

/// The set of the configured directories, read as the macro reads them, by the database's syntax where no dialect is
/// configured.
pub(super) fn scan(configuration: &Configuration, syntax: Syntax) -> Result<MigrationSet, CommandError> {
    MigrationSet::scan(&configuration.root, &directories(configuration)?, rules(configuration, syntax)?)
        .map_err(CommandError::refused)
}

/// The configured directories, all of which are there.
pub(super) fn directories(configuration: &Configuration) -> Result<Vec<Pattern>, CommandError> {
    let patterns = patterns(configuration)?;
    for (number, pattern) in patterns.iter().enumerate() {
        let found = pattern.directories(&configuration.root);
        found.map_err(|error| CommandError::usage(configuration.as_given(number, &error.to_string())))?;
    }
    Ok(patterns)
}

/// The configured directories, which may be missing.
pub(super) fn patterns(configuration: &Configuration) -> Result<Vec<Pattern>, CommandError> {
    let patterns = configuration.patterns.iter().enumerate().map(|(number, directory)| {
        let pattern = Pattern::new(directory);
        pattern.map_err(|error| CommandError::usage(configuration.as_given(number, &error.to_string())))
    });
    patterns.collect()
}

/// The layout and the dialect that the directories are read by.
pub(super) fn rules(configuration: &Configuration, syntax: Syntax) -> Result<Rules, CommandError> {
    let name = &configuration.layout.value;
    let layout = Layout::named(name).ok_or_else(|| {
        let known = Layout::names().collect::<Vec<_>>().join(", ");
        CommandError::usage(format!("unknown layout `{name}`\nhelp: known are {known}"))
    })?;
    let syntax = match configuration.dialect.as_ref().map(|dialect| &dialect.value) {
        None => syntax,
        Some(name) => Syntax::named(name).ok_or_else(|| {
            let meant = Syntax::meant(name).map_or(String::new(), |meant| format!("write `{meant}`; "));
            let known = "known are postgres, sqlite, mysql and mariadb";
            CommandError::usage(format!("unknown dialect `{name}`\nhelp: {meant}{known}"))
        })?,
    };
    Ok(Rules::new(syntax, layout))
}
