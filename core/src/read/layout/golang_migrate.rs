//! Describes golang-migrate: the native names, with files that may begin and end their own transaction.

use super::instruction::none;
use super::native::partner;
use super::section::one_direction;
use super::tool::{Autocommit, Entries, Names, Tool, When};

pub(super) static TOOL: Tool = Tool {
    names: Names::Native,
    entries: Entries::Files,
    sections: one_direction,
    partner,
    sidecar: None,
    template: None,
    instruction: none,
    lenient: true,
    may_wrap: true,
    autocommit: Autocommit { up: When::Single, down: When::Any },
    marker: None,
    down_help: "add the down file beside it",
};
