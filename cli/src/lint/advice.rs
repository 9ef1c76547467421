//! The level of each of squawk's rules, and what to write instead, where gapless knows more than squawk can.

use super::Level;

/// Returns the level of a rule, and what to write instead.
pub(super) fn advice(rule: &str) -> (Level, Option<&'static str>) {
    let found = ADVICE.iter().find(|(name, ..)| *name == rule);
    found.map_or((Level::Warning, None), |(_, level, help)| (*level, Some(*help)))
}

const CONCURRENTLY: &str =
    "put the statement with `CONCURRENTLY` into a file of its own with `-- gapless: no-transaction`";
const NOT_VALID: &str = "add the constraint with `NOT VALID`, and `VALIDATE CONSTRAINT` it in a later \
    migration: each file commits by itself";
const STOP_READING: &str = "first release a program that no longer uses it, and put this into a migration \
    of the release after that";
const NEW_NAME: &str = "add it under the new name, write both until no program uses the old one, and drop \
    that in a later migration";

const ADVICE: [(&str, Level, &str); 40] = [
    (
        "adding-field-with-default",
        Level::Error,
        "add the column without a default, set the default in the same file, and fill the rows in a later \
            migration",
    ),
    ("adding-foreign-key-constraint", Level::Error, NOT_VALID),
    (
        "adding-not-nullable-field",
        Level::Error,
        "add `CHECK (... IS NOT NULL) NOT VALID`, validate it in a later migration, and then set `NOT \
            NULL`, which needs no scan any more",
    ),
    (
        "adding-required-field",
        Level::Error,
        "give it a constant default, or let it be NULL until the rows are filled",
    ),
    (
        "adding-serial-primary-key-field",
        Level::Error,
        "create a unique index with `CONCURRENTLY` in a file of its own, and add the key with `USING \
            INDEX` in a later one",
    ),
    (
        "ban-alter-domain-with-add-constraint",
        Level::Error,
        "use a table's `CHECK` constraint, which knows `NOT VALID`",
    ),
    ("ban-char-field", Level::Note, "use `text`"),
    (
        "ban-create-domain-with-constraint",
        Level::Note,
        "use a table's `CHECK` constraint, which knows `NOT VALID`",
    ),
    ("ban-drop-column", Level::Warning, STOP_READING),
    ("ban-drop-constraint", Level::Warning, STOP_READING),
    ("ban-drop-database", Level::Error, "leave it to an operator"),
    ("ban-drop-default", Level::Warning, STOP_READING),
    ("ban-drop-domain", Level::Warning, STOP_READING),
    ("ban-drop-function", Level::Warning, STOP_READING),
    ("ban-drop-not-null", Level::Warning, "first release a program that understands NULL there"),
    ("ban-drop-schema", Level::Warning, STOP_READING),
    ("ban-drop-sequence", Level::Warning, STOP_READING),
    ("ban-drop-table", Level::Warning, STOP_READING),
    ("ban-drop-type", Level::Warning, STOP_READING),
    ("ban-drop-view", Level::Warning, STOP_READING),
    ("ban-duplicate-column-assignments", Level::Error, "keep one of them"),
    ("ban-set-schema", Level::Warning, NEW_NAME),
    ("ban-truncate-cascade", Level::Error, "name every table that is to be emptied, without `CASCADE`"),
    (
        "changing-column-type",
        Level::Error,
        "add a column of the new type, fill it in a later migration, and drop the old one when no program \
            uses it",
    ),
    ("constraint-missing-not-valid", Level::Error, NOT_VALID),
    (
        "disallowed-unique-constraint",
        Level::Error,
        "create a unique index with `CONCURRENTLY` in a file of its own, and add the constraint with \
            `USING INDEX` in a later one",
    ),
    ("prefer-bigint-over-int", Level::Note, "use `bigint`: to change it later rewrites the table"),
    ("prefer-bigint-over-smallint", Level::Note, "use `bigint`: to change it later rewrites the table"),
    ("prefer-identity", Level::Note, "use `GENERATED ALWAYS AS IDENTITY`"),
    ("prefer-text-field", Level::Note, "use `text`, with a `CHECK` for its length"),
    ("prefer-timestamp-tz", Level::Note, "use `timestamptz`"),
    ("renaming-column", Level::Warning, NEW_NAME),
    ("renaming-object", Level::Warning, NEW_NAME),
    (
        "renaming-table",
        Level::Warning,
        "rename it and create a view under the old name in the same file; drop the view in a later migration",
    ),
    ("require-concurrent-index-creation", Level::Error, CONCURRENTLY),
    ("require-concurrent-index-deletion", Level::Error, CONCURRENTLY),
    ("require-concurrent-partition-detach", Level::Error, CONCURRENTLY),
    ("require-concurrent-reindex", Level::Error, CONCURRENTLY),
    ("require-enum-value-ordering", Level::Note, "say `BEFORE` or `AFTER`"),
    (
        "require-statement-timeout",
        Level::Warning,
        "put `-- gapless: statement-timeout 5min` above the first statement",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_given_for_rules_that_there_are() {
        let known = super::super::all();
        assert!(ADVICE.iter().all(|(name, ..)| known.contains(name)));
        assert!(ADVICE.is_sorted_by_key(|(name, ..)| *name));
    }
}
