//! How much of a text is looked at, so that tests can see that twice the text is twice the work.

#[cfg(test)]
thread_local! {
    static VISITED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts bytes that were looked at, in tests.
#[inline]
pub(crate) fn visit(bytes: usize) {
    #[cfg(test)]
    VISITED.with(|visited| visited.set(visited.get() + bytes));
    #[cfg(not(test))]
    let _ = bytes;
}

/// How many bytes `work` looks at.
#[cfg(test)]
pub(crate) fn visited<T>(work: impl FnOnce() -> T) -> usize {
    let before = VISITED.with(std::cell::Cell::get);
    work();
    VISITED.with(std::cell::Cell::get) - before
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Checked, Known};
    use crate::layout::Part;
    use crate::place::Places;
    use crate::statement::read;
    use crate::{Directives, Layout, Syntax};

    /// All that is done with a script or a section, as the scan does it.
    fn look_at(text: &str, layout: Layout, syntax: Syntax) {
        let _ = layout.inexpressible(text);
        let _ = layout.settings(text);
        let sections = layout.sections(text);
        let section = sections.map_or_else(|_| text.to_owned(), |sections| sections.up.text);
        let script = read(&section, syntax);
        let _ = crate::annotation::strangers(&section, &script, layout, None, Part::Up);
        let checked = Checked::of(&section, script, syntax, Known::Beside(Directives::NONE), Part::Up);
        let places = Places::of(&section, text);
        let placed = checked.faults.into_iter().map(|fault| places.in_file(fault));
        assert!(placed.count() <= text.len());
    }

    #[test]
    fn twice_the_text_is_twice_the_work() {
        let layouts =
            [Layout::Native, Layout::Goose, Layout::SqlMigrate, Layout::Dbmate, Layout::Flyway, Layout::Tern];
        for piece in [
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
        ] {
            for layout in layouts {
                for syntax in [Syntax::Shared, Syntax::Postgres, Syntax::Sqlite, Syntax::Mysql] {
                    let work = |times: usize| {
                        let text = format!("-- +goose Up\n-- migrate:up\n{}", piece.repeat(times));
                        visited(|| look_at(&text, layout, syntax))
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
