//! The password file of libpq: `host:port:database:user:password`, a line for each.

use std::io;
use std::path::{Path, PathBuf};

use crate::binary::parameters::Parameters;

/// The password of the first line that fits.
///
/// # Errors
///
/// A file that others may read: it is passed over, as libpq does.
pub(super) fn find(
    parameters: &Parameters,
    named: Option<&Path>,
    login: Option<String>,
) -> Result<Option<String>, String> {
    let usual = || std::env::home_dir().map(|home| home.join(".pgpass"));
    let Some(path) = named.map(Path::to_path_buf).or_else(usual) else { return Ok(None) };
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read the password file {}: {error}", path.display())),
    };
    if others_may_read(&path) {
        return Err(format!("the password file {} is open to others, and not used", path.display()));
    }
    let user = parameters.find("user").or(login.as_deref()).unwrap_or_default();
    let host = match parameters.find("host") {
        Some(host) if !host.starts_with('/') => host,
        _ => "localhost",
    };
    let port = parameters.find("port").unwrap_or("5432");
    let database = parameters.find("dbname").unwrap_or(user);
    Ok(text.lines().find_map(|line| password(line, [host, port, database, user])))
}

fn password(line: &str, wanted: [&str; 4]) -> Option<String> {
    let mut fields = fields(line);
    if line.starts_with('#') || fields.len() != 5 {
        return None;
    }
    let fits = fields.iter().zip(wanted).all(|(field, wanted)| field == "*" || field == wanted);
    fields.pop().filter(|_| fits)
}

/// The fields of a line, without the backslashes before `:` and `\`.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' if fields.len() < 5 => fields.push(String::new()),
            '\\' => fields.last_mut().into_iter().for_each(|field| field.extend(characters.next())),
            character => fields.last_mut().into_iter().for_each(|field| field.push(character)),
        }
    }
    fields
}

#[cfg(unix)]
fn others_may_read(path: &PathBuf) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_: &PathBuf) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::password;

    #[test]
    fn a_line_fits_with_stars_and_escapes() {
        let wanted = ["::1", "5432", "app", "me"];
        for (line, expected) in [
            (r"\:\:1:5432:app:me:se\:cret:x", Some("se:cret:x")),
            ("*:*:*:me:secret", Some("secret")),
            ("*:*:*:you:secret", None),
            ("# *:*:*:*:secret", None),
            ("*:*:*:me", None),
        ] {
            assert_eq!(password(line, wanted).as_deref(), expected, "{line}");
        }
    }
}
