//! Describes a database of MySQL line by line, so that two databases can be compared.

use super::{Mysql, session};
use crate::dialect::Language;
use crate::tracker::Tracker;

/// A kind of object: its name as an expression, the tables of the catalog, the columns of its schema and of its table (empty
/// for an object that belongs to none), and what there is to say of it.
struct Kind {
    kind: &'static str,
    name: &'static str,
    from: &'static str,
    schema: &'static str,
    table: &'static str,
    values: &'static [&'static str],
}

/// Source: MySQL 8.4 manual, chapter 28 "INFORMATION_SCHEMA Tables"; MariaDB has the same columns.
const KINDS: [Kind; 10] = [
    Kind {
        kind: "'table'",
        name: "TABLE_NAME",
        from: "TABLES",
        schema: "TABLE_SCHEMA",
        table: "TABLE_NAME",
        values: &["TABLE_TYPE", "ENGINE", "ROW_FORMAT", "TABLE_COLLATION", "CREATE_OPTIONS", "TABLE_COMMENT"],
    },
    Kind {
        kind: "'column'",
        name: "concat(TABLE_NAME, '.', COLUMN_NAME)",
        from: "COLUMNS",
        schema: "TABLE_SCHEMA",
        table: "TABLE_NAME",
        values: &[
            "ORDINAL_POSITION",
            "COLUMN_TYPE",
            "IS_NULLABLE",
            "COLUMN_DEFAULT",
            "EXTRA",
            "COLLATION_NAME",
            "GENERATION_EXPRESSION",
            "COLUMN_COMMENT",
        ],
    },
    Kind {
        kind: "'index'",
        name: "concat(TABLE_NAME, '.', INDEX_NAME, ' ', SEQ_IN_INDEX)",
        from: "STATISTICS",
        schema: "TABLE_SCHEMA",
        table: "TABLE_NAME",
        values: &["NON_UNIQUE", "COLUMN_NAME", "COLLATION", "SUB_PART", "INDEX_TYPE"],
    },
    Kind {
        kind: "'foreign key'",
        name: "concat(k.TABLE_NAME, '.', k.CONSTRAINT_NAME, ' ', k.ORDINAL_POSITION)",
        from: "KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r \
               ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME \
               AND r.TABLE_NAME = k.TABLE_NAME",
        schema: "k.TABLE_SCHEMA",
        table: "k.TABLE_NAME",
        values: &[
            "k.COLUMN_NAME",
            "k.REFERENCED_TABLE_NAME",
            "k.REFERENCED_COLUMN_NAME",
            "r.UPDATE_RULE",
            "r.DELETE_RULE",
        ],
    },
    Kind {
        kind: "'check'",
        name: "CONSTRAINT_NAME",
        from: "CHECK_CONSTRAINTS",
        schema: "CONSTRAINT_SCHEMA",
        table: "",
        values: &["CHECK_CLAUSE"],
    },
    Kind {
        kind: "'view'",
        name: "TABLE_NAME",
        from: "VIEWS",
        schema: "TABLE_SCHEMA",
        table: "",
        // Definitions name the database.
        values: &[
            "replace(VIEW_DEFINITION, concat('`', TABLE_SCHEMA, '`.'), '')",
            "CHECK_OPTION",
            "SECURITY_TYPE",
        ],
    },
    Kind {
        kind: "'trigger'",
        name: "TRIGGER_NAME",
        from: "TRIGGERS",
        schema: "TRIGGER_SCHEMA",
        table: "",
        values: &[
            "ACTION_TIMING",
            "EVENT_MANIPULATION",
            "EVENT_OBJECT_TABLE",
            "ACTION_ORDER",
            "ACTION_STATEMENT",
        ],
    },
    Kind {
        kind: "lower(ROUTINE_TYPE)",
        name: "ROUTINE_NAME",
        from: "ROUTINES",
        schema: "ROUTINE_SCHEMA",
        table: "",
        values: &[
            "DTD_IDENTIFIER",
            "SQL_DATA_ACCESS",
            "IS_DETERMINISTIC",
            "SECURITY_TYPE",
            "ROUTINE_DEFINITION",
        ],
    },
    Kind {
        kind: "'parameter'",
        name: "concat(SPECIFIC_NAME, ' ', ORDINAL_POSITION)",
        from: "PARAMETERS",
        schema: "SPECIFIC_SCHEMA",
        table: "",
        values: &["ROUTINE_TYPE", "PARAMETER_MODE", "PARAMETER_NAME", "DTD_IDENTIFIER"],
    },
    Kind {
        kind: "'event'",
        name: "EVENT_NAME",
        from: "EVENTS",
        schema: "EVENT_SCHEMA",
        table: "",
        values: &["EVENT_TYPE", "INTERVAL_VALUE", "INTERVAL_FIELD", "STATUS", "EVENT_DEFINITION"],
    },
];

/// See [`CatalogSql::describe`](crate::dialect::CatalogSql::describe).
pub(super) fn describe(dialect: &Mysql, tracker: &Tracker) -> String {
    let ours = [tracker.table(), &tracker.journal_table()].map(|name| dialect.literal(name)).join(", ");
    let here = session::schema(dialect, tracker);
    let select = |Kind { kind, name, from, schema, table, values }: &Kind| {
        let values: Vec<_> = values.iter().map(|value| format!("coalesce({value}, '')")).collect();
        let values = values.join(", ");
        let user = if table.is_empty() { String::new() } else { format!(" AND {table} NOT IN ({ours})") };
        format!(
            "SELECT {kind}, {name}, concat_ws(' ', {values}) FROM information_schema.{from} WHERE {schema} = {here}{user};\n"
        )
    };
    KINDS.iter().map(select).collect()
}
