//! Turns the output of `pg_dump` into the text of a migration.

use gapless::Syntax;
use gapless_core::{Fault, split};

/// Leaves out what is for psql or sets the session, and keeps the statements.
pub(super) fn cleaned(dump: &str) -> Result<String, Vec<Fault>> {
    // Lines for psql stand alone, before the first statement and after the last.
    let is_meta = |line: &&str| line.starts_with("\\restrict") || line.starts_with("\\unrestrict");
    let sql: String = dump.lines().filter(|line| !is_meta(line)).map(|line| format!("{line}\n")).collect();
    let statements = split(&sql, Syntax::Postgres)?;
    let kept: Vec<_> =
        statements.iter().map(|statement| statement.text()).filter(|text| !is_noise(text)).collect();
    let mut text = String::new();
    // Bodies may name what is created further on.
    let has_bodies = |text: &&&str| {
        let words: Vec<_> = text.split_whitespace().take(4).collect();
        words.first() == Some(&"CREATE") && words.iter().any(|word| matches!(*word, "FUNCTION" | "PROCEDURE"))
    };
    if kept.iter().any(|text| has_bodies(&text)) {
        text += "SET LOCAL check_function_bodies = false;\n\n";
    }
    for statement in kept {
        let statement = match statement.strip_prefix("CREATE SCHEMA public") {
            // It is there already.
            Some(rest) => format!("CREATE SCHEMA IF NOT EXISTS public{rest}"),
            None => statement.to_owned(),
        };
        text += &format!("{statement};\n\n");
    }
    Ok(text.trim_end().to_owned() + if text.is_empty() { "" } else { "\n" })
}

fn is_noise(statement: &str) -> bool {
    let is_path = statement.starts_with("SELECT pg_catalog.set_config(");
    let comments_schema = statement.starts_with("COMMENT ON SCHEMA public IS 'standard public schema'");
    statement.starts_with("SET ") || is_path || comments_schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_stay_and_noise_goes() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\nSET statement_timeout = 0;\n\
                    SELECT pg_catalog.set_config('search_path', '', false);\n\n\
                    CREATE SCHEMA public;\n\n--\n-- Name: f\n--\n\nCREATE FUNCTION public.f() RETURNS text LANGUAGE sql\n    \
                    AS $$\nSET x = 1;\n\\restrict me\nSELECT 'a;b' $$;\n\nSET default_tablespace = '';\n\
                    CREATE TABLE public.t (\n    id integer -- x\n);\n\n\\unrestrict abc\n";
        assert_eq!(
            cleaned(dump).unwrap(),
            "SET LOCAL check_function_bodies = false;\n\nCREATE SCHEMA IF NOT EXISTS public;\n\n\
             CREATE FUNCTION public.f() RETURNS text LANGUAGE sql\n    AS $$\nSET x = 1;\nSELECT 'a;b' $$;\n\n\
             CREATE TABLE public.t (\n    id integer -- x\n);\n"
        );
        assert_eq!(cleaned("SET x = 1;\n").unwrap(), "");
    }
}
