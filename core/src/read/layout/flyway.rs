//! Describes Flyway: `V1__description.sql`, `U1__...` for its down script, `B1__description.sql` for a baseline.

use super::instruction::none;
use super::lines::{Line, lines};
use super::section::{Named, one_direction};
use super::stem::{Dashes, Prefixed, stem};
use super::template::Template;
use super::tool::{Autocommit, Beside, Entries, Names, Sidecar, Tool, When};
use crate::read::name::NameError;
use crate::set::Part;
use crate::sql::Fault;

pub(super) static TOOL: Tool = Tool {
    names: Names::Own(parse),
    entries: Entries::Files,
    sections: one_direction,
    partner,
    sidecar: Some(Sidecar { name: Beside::Extension("sql.conf"), read: script_config }),
    template: Some(Template {
        noun: "placeholder",
        open: "${",
        close: "}",
        help: "write out the value: the embedded text runs unchanged",
    }),
    instruction: none,
    lenient: true,
    may_wrap: false,
    autocommit: Autocommit { up: When::All, down: When::Any },
    marker: Some("`executeInTransaction=false` in a file `.sql.conf` beside it"),
    down_help: "add the `U` file beside it",
};

fn partner(file: &str, part: Part) -> String {
    let (directory, name) = file.rsplit_once('/').unwrap_or(("", file));
    let rest = name.strip_prefix(['V', 'U']).unwrap_or(name);
    format!("{directory}/{}{rest}", if part == Part::Down { "U" } else { "V" })
}

const NAMES: Prefixed = Prefixed { letters: "VUB", dashes: Dashes::Kept };

/// The extensions of programs that the tool runs besides SQL.
const PROGRAMS: [&str; 8] = ["java", "class", "cmd", "bat", "ps1", "py", "sh", "bash"];

fn parse(file: &str) -> Result<Option<Named>, NameError> {
    let program = file.rsplit_once('.').filter(|(_, suffix)| PROGRAMS.contains(suffix));
    if program.is_some_and(|(stem, _)| is_versioned(stem) || is_repeatable(stem) || is_callback(stem)) {
        let help = "rewrite it in SQL, or as a Rust migration: a file with the line `-- gapless: rust`";
        return Err(NameError::explained("a migration cannot be a program", help));
    }
    let Some(stem) = stem(file) else { return Ok(None) };
    if is_repeatable(stem) {
        let help =
            "move its statements into a new versioned migration, and add another for each later change";
        return Err(NameError::explained(
            "repeatable migrations are not supported: each migration runs once",
            help,
        ));
    }
    if is_callback(stem) {
        let help =
            "put its statements into the migrations, or run them where the application calls the runner";
        return Err(NameError::explained("callbacks are not supported", help));
    }
    let (letter, version, name) = NAMES.parse(stem)?;
    let part = match letter {
        'U' => Part::Down,
        'B' => Part::Baseline,
        _ => Part::Up,
    };
    Ok(Some(Named { version, name, part }))
}

fn is_versioned(stem: &str) -> bool {
    stem.strip_prefix(['V', 'U', 'B'])
        .is_some_and(|rest| rest.contains("__") && rest.starts_with(|first: char| first.is_ascii_digit()))
}

fn is_repeatable(stem: &str) -> bool {
    stem.starts_with("R__")
}

/// Returns true for a callback. Each release brings more of them, and their names have one shape.
fn is_callback(stem: &str) -> bool {
    let event = stem.split("__").next().unwrap_or_default();
    let named = ["before", "after"].iter().find_map(|when| event.strip_prefix(when));
    event == "createSchema" || named.is_some_and(|what| what.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// Reads `V1__x.sql.conf`, which has the format of Java's properties.
fn script_config(text: &str) -> Result<bool, Fault> {
    let mut no_transaction = false;
    for line in lines(text) {
        let trimmed = line.text.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', '!']) {
            continue;
        }
        let separator = |char: char| char == '=' || char == ':' || char.is_whitespace();
        let (key, value) = trimmed.split_once(separator).unwrap_or((trimmed, ""));
        let value = value.trim_start_matches(separator).to_ascii_lowercase();
        match key {
            "executeInTransaction" => no_transaction = !boolean(line, key, &value)?,
            // Text with placeholders is refused in any case.
            "placeholderReplacement" => {
                boolean(line, key, &value)?;
            }
            "encoding" if ["utf-8", "utf8", "us-ascii"].contains(&&*value) => {}
            "encoding" => return Err(line.fault("migrations are read as UTF-8", "save the file as UTF-8")),
            "shouldExecute" => {
                let help = "make the condition part of the SQL, or remove it";
                return Err(line.fault("`shouldExecute` is not supported: every migration runs", help));
            }
            _ => {
                let help = "expected `executeInTransaction`, `placeholderReplacement` or `encoding`";
                return Err(line.fault(format!("unknown setting `{key}`"), help));
            }
        }
    }
    Ok(no_transaction)
}

fn boolean(line: Line<'_>, key: &str, value: &str) -> Result<bool, Fault> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(line.fault(format!("invalid value `{value}` for `{key}`"), "write `true` or `false`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::layout::tests::{help, named};
    use crate::set::Layout;

    #[test]
    fn names() {
        for (file, version, name, part) in [
            ("V1__x.sql", 1, "x", Part::Up),
            ("V007__add-index_2.SQL", 7, "add-index_2", Part::Up),
            ("U1__x.sql", 1, "x", Part::Down),
            ("B20__all.sql", 20, "all", Part::Baseline),
            ("V1___x.sql", 1, "_x", Part::Up),
        ] {
            assert_eq!(named(Layout::Flyway, file), Some((version, name.to_owned(), part)), "{file}");
        }
        for file in ["Views.java", "helper.sh", "V1.java", "R1.py"] {
            assert_eq!(named(Layout::Flyway, file), None, "{file}");
        }
    }

    #[test]
    fn names_that_cannot_be_read() {
        let program = "rewrite it in SQL, or as a Rust migration: a file with the line `-- gapless: rust`";
        let callback =
            "put its statements into the migrations, or run them where the application calls the runner";
        let repeatable =
            "move its statements into a new versioned migration, and add another for each later change";
        for (file, answer) in [
            ("V1_x.sql", "V1__x.sql"),
            ("V1.sql", "V1__description.sql"),
            ("V1__.sql", "V1__description.sql"),
            ("v1__x.sql", "V1__x.sql"),
            ("b1__x.sql", "B1__x.sql"),
            ("1__x.sql", "V1__x.sql"),
            ("V1__release 1.2.sql", "V1__release_1_2.sql"),
            ("Report.sql", "VNNN__Report.sql"),
            ("R1__x.sql", "VNNN__R1_x.sql"),
            ("R__view.sql", repeatable),
            ("R__view.py", program),
            ("V1_1__Load.java", program),
            ("V2__Load.class", program),
            ("V2__load.ps1", program),
            ("afterMigrate.sh", program),
            ("beforeMigrate.sql", callback),
            ("afterEachMigrate__grants.sql", callback),
            ("createSchema.sql", callback),
            (
                "V1_1__add users.sql",
                "use one number that keeps its place in the order, for example `V101__add_users.sql`, and if \
                 it has been applied, add the line `V1_1__add users -> 101_add_users` to renames.txt",
            ),
            ("U1.1__x.sql", "use one number that keeps its place in the order, for example `U101__x.sql`"),
            ("V1.100__x.sql", "use one number that keeps its place in the order"),
        ] {
            assert_eq!(help(Layout::Flyway, file), answer, "{file}");
        }
    }

    #[test]
    fn settings_of_a_script() {
        for (text, no_transaction) in [
            ("", false),
            ("# why\n! why\nexecuteInTransaction=false\n", true),
            (" executeInTransaction : FALSE\nencoding UTF-8\nplaceholderReplacement=true", true),
            ("executeInTransaction=false\nexecuteInTransaction=true", false),
        ] {
            assert_eq!(script_config(text), Ok(no_transaction), "{text}");
        }
        for (text, message) in [
            ("executeInTransaction=no", "invalid value `no` for `executeInTransaction`"),
            ("executeInTransaction", "invalid value `` for `executeInTransaction`"),
            ("shouldExecute=true", "`shouldExecute` is not supported: every migration runs"),
            ("encoding=ISO-8859-1", "migrations are read as UTF-8"),
            ("\nflyway.mixed=true", "unknown setting `flyway.mixed`"),
        ] {
            assert_eq!(script_config(text).unwrap_err().message, message, "{text}");
        }
    }
}
