//! Describes Diesel: a directory `2020-01-31-120000_description` with `up.sql`, `down.sql` and `metadata.toml`.

use super::instruction::none;
use super::lines::lines;
use super::section::{Named, one_direction};
use super::tool::{Autocommit, Beside, Entries, Names, Sidecar, Tool, When};
use crate::read::name::{NameError, is_description, sanitised};
use crate::set::{ParseVersionError, Part, Version};
use crate::sql::Fault;

pub(super) static TOOL: Tool = Tool {
    names: Names::Own(parse),
    entries: Entries::Directories,
    sections: one_direction,
    partner,
    sidecar: Some(Sidecar { name: Beside::Name("metadata.toml"), read: metadata }),
    template: None,
    instruction: none,
    lenient: true,
    may_wrap: true,
    autocommit: Autocommit { up: When::Never, down: When::Any },
    marker: Some("`run_in_transaction = false` in `metadata.toml`"),
    down_help: "add a `down.sql` beside it",
};

fn partner(file: &str, part: Part) -> String {
    let directory = file.rsplit_once('/').map_or("", |(directory, _)| directory);
    format!("{directory}/{}.sql", if part == Part::Down { "down" } else { "up" })
}

/// Takes a directory's name apart. The version stands before the first underscore; its dashes do not count.
fn parse(directory: &str) -> Result<Option<Named>, NameError> {
    if directory.starts_with('.') {
        return Ok(None);
    }
    let (head, description) = directory.split_once('_').unwrap_or((directory, ""));
    let version = match head.replace('-', "").parse::<Version>() {
        Ok(version) => version,
        Err(ParseVersionError::TooLarge) => return Err(NameError::too_large(head)),
        Err(ParseVersionError::NotDigits) => return Err(no_version(directory)),
    };
    let name = sanitised(description);
    if name.is_empty() {
        let suggestion = format!("{head}_description");
        return Err(NameError::new("the description after the version is missing", suggestion));
    }
    // Diesel goes by the version alone.
    let name = if description.bytes().all(is_description) { description.to_owned() } else { name };
    Ok(Some(Named { version, name, part: Part::Up }))
}

fn no_version(directory: &str) -> NameError {
    let version = |byte: &u8| byte.is_ascii_digit() || *byte == b'-';
    let (head, rest) = directory.split_at(directory.bytes().take_while(version).count());
    let head = head.trim_end_matches('-');
    let described = |text: &str| match sanitised(text) {
        name if name.is_empty() => "description".to_owned(),
        name => name,
    };
    if head.replace('-', "").parse::<Version>().is_ok() {
        let suggestion = format!("{head}_{}", described(rest));
        return NameError::new("the version must be followed by an underscore", suggestion);
    }
    NameError::new("the version is missing", format!("NNN_{}", described(directory)))
}

/// Reads `metadata.toml`. Diesel runs a migration in a transaction if it cannot read the file, and outside of one if
/// the key is missing; here both are faults.
fn metadata(text: &str) -> Result<bool, Fault> {
    let mut in_transaction = None;
    for line in lines(text) {
        let setting = line.text.split('#').next().unwrap_or_default().trim();
        if setting.is_empty() {
            continue;
        }
        let (key, value) = setting.split_once('=').unwrap_or((setting, ""));
        let (key, value) = (key.trim(), value.trim());
        if key != "run_in_transaction" {
            let help = "`run_in_transaction` is the only setting of Diesel";
            return Err(line.fault(format!("unknown setting `{key}`"), help));
        }
        if in_transaction.is_some() {
            return Err(line.fault("`run_in_transaction` is given twice", "keep one of them"));
        }
        in_transaction = match value {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                let message = format!("invalid value `{value}` for `run_in_transaction`");
                return Err(line.fault(message, "write `true` or `false`"));
            }
        };
    }
    let end = text.find('\n').unwrap_or(text.len());
    let missing = || {
        let help = "write `run_in_transaction = false`, which is how Diesel reads a file without it, or remove the file";
        Fault::new("the file does not set `run_in_transaction`", 0..end, help)
    };
    in_transaction.map(|yes| !yes).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::layout::tests::{help, named};
    use crate::set::Layout;

    #[test]
    fn names() {
        for (directory, version, name) in [
            ("2020-01-01-000000_name", 20_200_101_000_000, "name"),
            ("2024-01-31-120000-0000_add-index", 202_401_311_200_000_000, "add-index"),
            ("00000000000000_diesel_initial_setup", 0, "diesel_initial_setup"),
        ] {
            assert_eq!(named(Layout::Diesel, directory), Some((version, name.to_owned(), Part::Up)));
        }
        for (directory, suggestion) in [
            ("create_users", "NNN_create_users"),
            ("2020-01-01-000000", "2020-01-01-000000_description"),
            ("2020-01-01-000000_", "2020-01-01-000000_description"),
            ("2020-01-01-000000-create-users", "2020-01-01-000000_create-users"),
            ("99999999999999999999_x", ""),
            ("é", "NNN_description"),
        ] {
            assert_eq!(help(Layout::Diesel, directory), suggestion, "{directory}");
        }
    }

    #[test]
    fn the_sidecar_is_read_strictly() {
        assert_eq!(metadata("# why\nrun_in_transaction = false # CONCURRENTLY\n"), Ok(true));
        assert_eq!(metadata("run_in_transaction=true"), Ok(false));
        for (text, message) in [
            ("", "the file does not set `run_in_transaction`"),
            ("# run_in_transaction = false", "the file does not set `run_in_transaction`"),
            ("run_in_transaction = False", "invalid value `False` for `run_in_transaction`"),
            ("run_in_transactions = false", "unknown setting `run_in_transactions`"),
            ("[migration]\nrun_in_transaction = false", "unknown setting `[migration]`"),
            ("run_in_transaction = true\nrun_in_transaction = true", "`run_in_transaction` is given twice"),
        ] {
            assert_eq!(metadata(text).unwrap_err().message, message, "{text}");
        }
    }
}
