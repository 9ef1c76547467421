//! Judges one script: decides whether it runs in a transaction, and lints it.

use super::layout::{Tool, foreign_instructions};
use super::wrapper::Wrapper;
use crate::lint::{Known, Linted, directives, offers_no_transaction};
use crate::set::{Directives, Layout, Part, Rules};
use crate::sql::{Syntax, is_autocommit, parse};

/// A script, linted.
pub(crate) struct Judged {
    pub(crate) text: String,
    /// True if the text differs from the one that was judged.
    pub(crate) rewritten: bool,
    pub(crate) linted: Linted,
}

/// Judges a script. `own` is the tool that cut it out of its file, whose instructions were followed.
pub(crate) fn judge(rules: Rules, part: Part, sql: &str, own: Option<Layout>, base: Directives) -> Judged {
    let Rules { layout, syntax } = rules;
    let tool = layout.tool();
    let (known, masked) =
        if tool.lenient { unwrapped(sql, tool, syntax, part, base) } else { (Known::Beside(base), None) };
    let rewritten = masked.is_some();
    let text = masked.unwrap_or_else(|| sql.to_owned());
    let script = parse(&text, syntax);
    let foreign = foreign_instructions(&text, &script, layout, own, part);
    let mut linted = Linted::of(&text, script, syntax, known, part);
    if let Some(marker) = tool.marker {
        for fault in linted.faults.iter_mut().filter(|fault| offers_no_transaction(fault)) {
            fault.help += &format!("; {} itself knows {marker}", layout.as_str());
        }
    }
    linted.faults.extend(foreign);
    linted.faults.sort_by_key(|fault| fault.span.start);
    Judged { text, rewritten, linted }
}

/// Returns how a script of another tool is run, and its text without the `BEGIN` and `COMMIT` around it where the run's
/// own transaction takes their place.
fn unwrapped(
    sql: &str,
    tool: &Tool,
    syntax: Syntax,
    part: Part,
    mut base: Directives,
) -> (Known, Option<String>) {
    let script = parse(sql, syntax);
    let needing = script.statements.iter().filter(|statement| is_autocommit(statement)).count();
    if tool.autocommit.applies(part, needing, script.statements.len()) {
        base = base.outside_of_transaction();
    }
    // On MySQL the run's transaction takes its place only around rows; elsewhere the journal resumes.
    let wrapper = if tool.may_wrap { Wrapper::of(&script.statements) } else { None };
    let Some(wrapper) = wrapper else { return (Known::Beside(base), None) };
    let (read, _) = directives(sql, &script, base, part);
    if !read.no_transaction() {
        return (Known::Beside(base), Some(wrapper.masked(sql)));
    }
    // The tool begins no transaction, and the file does: what is in it commits together.
    if wrapper.is_whole() && needing == 0 {
        return (Known::All(read.inside_of_transaction()), Some(wrapper.masked(sql)));
    }
    (Known::Beside(base), None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::place::Places;
    use crate::sql::visited;

    /// Texts that make the lexer, the layouts and the lints work, also where they are joined.
    const PIECES: [&str; 45] = [
        "/*!50003 ",
        "*/",
        "/*!50003 a */",
        "DELIMITER $$\na$$ ",
        "a$$",
        "BEGIN ",
        "IF case ",
        "x: begin end;",
        "CREATE DEFINER = a",
        "CREATE TRIGGER a for each row ",
        "DECLARE EXIT HANDLER FOR not found,",
        "COMMIT;\n",
        "COMMIT;",
        "--\r",
        "-- +goose Up\r",
        "/**/",
        "E'' -- x\n",
        "E''\n",
        "-- gapless: a\n",
        "``",
        "` ",
        "$a ",
        "$$ $$",
        "${",
        "${a}",
        "{{",
        "{{a}}",
        "{{ ",
        "1 ",
        "1.",
        "((",
        "CREATE TRIGGER begin select ",
        "execute begin select ",
        "=======\n",
        "\\x\n",
        "U&\"a\" ",
        "-- +migrate Up\n",
        "-- migrate:up\n",
        "DELIMITER\n",
        "[a]",
        "\r",
        "\n",
        " ",
        "é",
        "$a::",
    ];

    /// Does all that the scan does with a script or a section.
    fn read(text: &str, layout: Layout, syntax: Syntax) {
        let tool = layout.tool();
        let _ = tool.unfilled(text);
        let _ = tool.sidecar.as_ref().map(|sidecar| (sidecar.read)(text));
        let sections = tool.cut(text);
        let section = sections.map_or_else(|_| text.to_owned(), |sections| sections.up.text);
        let script = parse(&section, syntax);
        let _ = foreign_instructions(&section, &script, layout, None, Part::Up);
        let linted = Linted::of(&section, script, syntax, Known::Beside(Directives::NONE), Part::Up);
        let places = Places::of(&section, text);
        let placed = linted.faults.into_iter().map(|fault| places.in_file(fault));
        assert!(placed.count() <= text.len());
    }

    #[test]
    fn twice_the_text_is_twice_the_work() {
        let layouts =
            [Layout::Native, Layout::Goose, Layout::SqlMigrate, Layout::Dbmate, Layout::Flyway, Layout::Tern];
        for piece in PIECES {
            for layout in layouts {
                for syntax in [Syntax::Shared, Syntax::Postgres, Syntax::Sqlite, Syntax::Mysql] {
                    let work = |times: usize| {
                        let text = format!("-- +goose Up\n-- migrate:up\n{}", piece.repeat(times));
                        visited(|| read(&text, layout, syntax))
                    };
                    let (once, twice) = (work(500), work(1_000));
                    assert!(
                        twice <= 2 * once + 200,
                        "{piece:?} in {layout:?}: {once}, and {twice} for twice the text"
                    );
                }
            }
        }
    }
}
