//! Describes refinery: `V1__description.sql`, and `U1__description.sql` for a migration that may come late.

use super::instruction::none;
use super::native::partner;
use super::section::{Named, one_direction};
use super::stem::{Dashes, Prefixed, stem};
use super::tool::{Autocommit, Entries, Names, Tool, When};
use crate::read::name::NameError;
use crate::set::Part;

pub(super) static TOOL: Tool = Tool {
    names: Names::Own(parse),
    entries: Entries::Files,
    sections: one_direction,
    partner,
    sidecar: None,
    template: None,
    instruction: none,
    lenient: true,
    may_wrap: false,
    autocommit: Autocommit { up: When::Never, down: When::Any },
    marker: None,
    // It has no down scripts.
    down_help: "keep it",
};

const NAMES: Prefixed = Prefixed { letters: "VU", dashes: Dashes::Refused };

/// Takes a file name apart. Both letters share one sequence of versions and run forward; `U` only exempts a migration
/// from the tool's refusal of late ones.
fn parse(file: &str) -> Result<Option<Named>, NameError> {
    if file.strip_suffix(".rs").is_some_and(is_migration) {
        let help = "write the SQL that it returns into a file of the same name with the extension `.sql`; if it has not been \
                    applied, it may be a file with the line `-- gapless: rust` instead";
        return Err(NameError::explained("refinery's migrations in Rust cannot be run", help));
    }
    let Some(stem) = stem(file) else { return Ok(None) };
    let (_, version, name) = NAMES.parse(stem)?;
    if !file.ends_with(".sql") {
        return Err(NameError::new("the suffix must be lower case", format!("{stem}.sql")));
    }
    Ok(Some(Named { version, name, part: Part::Up }))
}

fn is_migration(stem: &str) -> bool {
    stem.strip_prefix(['V', 'U'])
        .and_then(|rest| rest.split_once("__"))
        .is_some_and(|(version, _)| version.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use crate::read::layout::tests::{help, named};
    use crate::set::{Layout, Part};

    #[test]
    fn names() {
        for (file, version, name) in [
            ("V1__initial.sql", 1, "initial"),
            ("U20240504090301__add_cars.sql", 20_240_504_090_301, "add_cars"),
            ("V01___x.sql", 1, "_x"),
        ] {
            assert_eq!(named(Layout::Refinery, file), Some((version, name.to_owned(), Part::Up)), "{file}");
        }
        for file in ["mod.rs", "V1first.rs", "lib.rs"] {
            assert_eq!(named(Layout::Refinery, file), None, "{file}");
        }
        for (file, answer) in [
            ("V1first.sql", "V1__first.sql"),
            ("V1_first.sql", "V1__first.sql"),
            ("v1__first.sql", "V1__first.sql"),
            ("1__first.sql", "V1__first.sql"),
            ("u2_first.sql", "U2__first.sql"),
            ("V1__add-cars.sql", "V1__add_cars.sql"),
            ("V1__a.b.sql", "V1__a_b.sql"),
            ("V1__.sql", "V1__description.sql"),
            ("V1__x.SQL", "V1__x.sql"),
            ("Views.sql", "VNNN__Views.sql"),
            ("V99999999999999999999__x.sql", ""),
            (
                "V1.1__x.sql",
                "use one number that keeps its place in the order, for example `V101__x.sql`, and if it has \
                 been applied, add the line `V1.1__x -> 101_x` to renames.txt",
            ),
            (
                "V3__x.rs",
                "write the SQL that it returns into a file of the same name with the extension `.sql`; if it has not been \
                 applied, it may be a file with the line `-- gapless: rust` instead",
            ),
        ] {
            assert_eq!(help(Layout::Refinery, file), answer, "{file}");
        }
    }
}
