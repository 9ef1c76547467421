//! Recognizes the table of a tool whose history nobody has asked to adopt.

use super::TOOLS;

/// Returns the tables in which the tools keep their histories unless they are told otherwise.
pub(crate) fn tables() -> Vec<&'static str> {
    let mut tables: Vec<_> = TOOLS.iter().map(|tool| tool.table).collect();
    tables.sort_unstable();
    tables.dedup();
    tables
}

/// Returns the sentence about such a table with rows in it.
pub(crate) fn told(table: &str) -> String {
    let tools = TOOLS.iter().filter(|tool| tool.table == table);
    let (names, constructors): (Vec<_>, Vec<_>) = tools.map(|tool| (tool.name, tool.constructor)).unzip();
    let adopting: Vec<_> =
        constructors.iter().map(|name| format!("`.adopt(Legacy::{name}(\"{table}\"))`")).collect();
    format!(
        "the database has a history in `{table}`, the table of {}, and nothing adopts it: all migrations would run\n\
         help: adopt it with {}, so that none runs twice; if it belongs to something else, go on with \
         `.ignore_other_tools()`",
        names.join(" or "),
        adopting.join(" or ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_s_table_is_known() {
        assert_eq!(tables().len(), 8);
        assert!(TOOLS.iter().all(|tool| tables().contains(&tool.table)));
    }

    #[test]
    fn tools_that_share_a_table_are_named() {
        let text = told("schema_migrations");
        assert!(text.contains("the table of golang-migrate or dbmate or Rails, and"), "{text}");
        assert!(text.contains("`.adopt(Legacy::rails(\"schema_migrations\"))`, so"), "{text}");
    }
}
