//! Describes the native layout, which sqlx shares: `NNN_description.up.sql` and `NNN_description.down.sql`.

use super::instruction::none;
use super::section::one_direction;
use super::tool::{Autocommit, Entries, Names, Tool, When};
use crate::read::name::stem;
use crate::set::Part;

pub(super) static TOOL: Tool = Tool {
    names: Names::Native,
    entries: Entries::Files,
    sections: one_direction,
    partner,
    sidecar: None,
    template: None,
    instruction: none,
    lenient: false,
    may_wrap: false,
    autocommit: Autocommit { up: When::Never, down: When::Never },
    marker: None,
    down_help: "add the down file beside it",
};

pub(super) fn partner(file: &str, part: Part) -> String {
    format!("{}.{}.sql", stem(file), if part == Part::Down { "down" } else { "up" })
}
