//! Errors of syntax of MySQL, which quote the text from the error on.

use crate::engine::DbError;

/// Cuts what is quoted where the script ends: what follows in the message is the run's. Returns the error, and its place
/// in the script, `at` or behind it.
pub(super) fn narrowed(error: DbError, sql: &str, at: Option<usize>) -> (DbError, Option<usize>) {
    let said = (error.code == "1064").then(|| quoted(&error.message)).flatten();
    let Some((before, quoted, after)) = said else { return (error, at) };
    let from = at.unwrap_or_default();
    let (own, offset) = common(quoted, sql.get(from..).unwrap_or_default());
    // Lines are counted from the statement on.
    let after = match after.rsplit_once(" at line ") {
        Some((head, line)) if at.is_some() && line.bytes().all(|byte| byte.is_ascii_digit()) => head,
        _ => after,
    };
    let message = format!("{before}'{own}'{after}");
    let place = at.map(|at| at + offset);
    (DbError { message, ..error }, place)
}

/// The text before the first quote, that between the first and the last, and that behind it.
fn quoted(message: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = message.split_once('\'')?;
    let (quoted, after) = rest.rsplit_once('\'')?;
    Some((before, quoted, after))
}

/// The part of the quoted text that stands in the script, and where.
fn common<'q>(quoted: &'q str, script: &str) -> (&'q str, usize) {
    let ends = quoted.char_indices().map(|(at, char)| at + char.len_utf8()).rev();
    let found = ends.map(|end| &quoted[..end]).find_map(|part| Some((part, script.find(part)?)));
    // Nothing is left if the server has got to the end of the statement.
    let found = found.map(|(part, at)| (part.trim_end_matches([';', ' ', '\n', '\r']), at));
    found.filter(|(part, _)| !part.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "CREATE TABLE a (id int);\nCREATE\n  TABEL b (id int)";

    fn near(quoted: &str, at: Option<usize>) -> (String, Option<usize>) {
        let message = format!("the right syntax to use near '{quoted}' at line 2");
        let error = DbError { code: "1064".to_owned(), message, ..DbError::default() };
        let (error, place) = narrowed(error, SQL, at);
        (error.message, place)
    }

    #[test]
    fn the_script_ends_where_the_run_s_own_statements_begin() {
        let said = |text: &str| format!("the right syntax to use near '{text}'");
        let at = SQL.find("CREATE\n");
        let typo = SQL.find("TABEL");
        for tail in ["", ";\nSET @gapless_place = 1", ";\nSE", "..."] {
            assert_eq!(
                near(&format!("TABEL b (id int){tail}"), at),
                (said("TABEL b (id int)"), typo),
                "{tail}"
            );
        }
        assert_eq!(near("TABEL b (i...", at), (said("TABEL b (i"), typo));
        // It misses something at the end.
        for end in ["", ";\nSET @gapless_place = 1"] {
            assert_eq!(near(end, at), (said(""), at), "{end}");
        }
        assert_eq!(near("id int);\nCREATE", Some(0)), (said("id int);\nCREATE"), Some(16)));
        assert_eq!(near("int);\n", Some(0)), (said("int)"), Some(19)));
        let elsewhere = "the right syntax to use near 'TABEL b (id int)' at line 2".to_owned();
        assert_eq!(near("TABEL b (id int);\nSET", None), (elsewhere, None));
    }

    #[test]
    fn other_errors_stay_as_they_are() {
        let message = "Unknown column 'x' in 'SET'".to_owned();
        let error = DbError { code: "1054".to_owned(), message, ..DbError::default() };
        assert_eq!(narrowed(error.clone(), SQL, Some(3)), (error, Some(3)));
    }
}
