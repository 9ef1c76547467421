//! Statements taken apart, and rows put together.

use gapless::Syntax;
use gapless::engine::ResultSet;

pub(super) fn split(message: &str) -> Vec<&str> {
    let statements =
        gapless::engine::split(message, Syntax::Shared).expect("what the dialect writes can be split");
    statements.into_iter().map(|statement| statement.text()).collect()
}

pub(super) fn values(sql: &str) -> Vec<&str> {
    let list = sql.split_once("VALUES (").map_or("", |(_, list)| list).trim_end_matches(')');
    list.split(", ").collect()
}

pub(super) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or(rest, |(found, _)| found)
}

pub(super) fn nullable(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| text != "NULL")
}

pub(super) fn row(values: &[&str]) -> ResultSet {
    ResultSet::new(vec![values.iter().map(|value| Some((*value).to_owned())).collect()])
}

/// The order of the rows is that of their application.
pub(super) fn rows(table: &[[String; 3]]) -> ResultSet {
    let row = |(index, row): (usize, &[String; 3])| {
        let time = Some(format!("{index:016x}"));
        row.iter().map(|text| nullable(text)).chain([time]).collect()
    };
    ResultSet::new(table.iter().enumerate().map(row).collect())
}
