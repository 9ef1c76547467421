//! Statements that move rows of the set, and those that tell of it.

use gapless::engine::DbError;

use super::{Data, between, fenced};

/// Each pair of a version and a name in a condition.
fn pairs(condition: &str) -> Vec<(String, String)> {
    let mut parts = condition.split("version = ");
    parts.next();
    let pair = |part: &str| {
        let (version, rest) = part.split_once(" AND ")?;
        Some((version.to_owned(), between(rest, "name = '", "'").to_owned()))
    };
    parts.filter_map(pair).collect()
}

fn holds(set: &[[String; 3]], (version, name): &(String, String)) -> bool {
    set.iter().any(|row| row[0] == *version && row[1] == *name)
}

/// Rows go by way of negative versions to where they belong, or go away.
pub(super) fn change(set: &mut Vec<[String; 3]>, sql: &str) -> Result<(), DbError> {
    if sql.starts_with("LOCK TABLE") {
        return Ok(());
    }
    if sql.starts_with("DELETE") {
        let [gone, there] = &pairs(sql)[..] else { panic!("two rows in {sql}") };
        if holds(set, there) {
            set.retain(|row| row[0] != gone.0 || row[1] != gone.1);
        }
        return Ok(());
    }
    let away = |version: &str| format!("-1 - {version}");
    if sql.contains("SET version = -1 - version") {
        let (_, condition) = sql.split_once("WHERE").expect("a condition");
        for (version, name) in pairs(condition) {
            let row = set.iter_mut().find(|row| row[0] == version && row[1] == name);
            row.into_iter().for_each(|row| row[0] = away(&version));
        }
        return Ok(());
    }
    let (version, name) = (between(sql, "SET version = ", ","), between(sql, "name = '", "'"));
    let from = sql.rsplit_once("WHERE version = ").expect("a condition").1;
    let taken = set.iter().any(|row| row[0] == version);
    let row = set.iter_mut().find(|row| row[0] == from);
    if row.is_some() && taken {
        return Err(fenced(version));
    }
    row.into_iter().for_each(|row| (row[0], row[1]) = (version.to_owned(), name.to_owned()));
    Ok(())
}

/// Returns true if the set holds a migration under this name, or under an old one.
pub(super) fn is_contested(data: &Data, sql: &str) -> bool {
    let stems: Vec<_> =
        between(sql, "j.detail IN (", ")").split(", ").map(|stem| stem.trim_matches('\'')).collect();
    let (_, rest) = sql.split_once(" AND NOT (").expect("its own name");
    let (own, before) = rest.split_once("))").expect("its own name");
    let own = pairs(own);
    let since = data.renamed.iter().filter(|[stem, ..]| stems.contains(&stem.as_str()));
    let mut since = since.map(|[_, version, name]| (version.clone(), name.clone()));
    since.any(|pair| !own.contains(&pair) && holds(&data.set, &pair))
        || pairs(before).iter().any(|pair| holds(&data.set, pair))
}

/// The renames that rows of the journal tell: old stem, version and name.
pub(super) fn renamed(sql: &str) -> Vec<[String; 3]> {
    let (_, rows) = sql.split_once("VALUES ").expect("rows");
    let row = |row: &str| {
        let row = row.trim_matches(['(', ')', ';']);
        let [version, name, event, detail] = row.split(", ").collect::<Vec<_>>()[..] else { return None };
        let text = |text: &str| text.trim_matches('\'').to_owned();
        (text(event) == "renamed").then(|| [text(detail), text(version), text(name)])
    };
    rows.split("), (").filter_map(row).collect()
}
