//! The rows of the catalog of MySQL that describe objects.
//!
//! The catalog is read by opening tables. MariaDB finds out which from comparisons with constants alone, for each table of
//! the catalog by itself; without them it opens every table of the server, and a table that someone changes meanwhile
//! makes the statement fail (1684). So a joined table is restricted like the first, behind a limit that keeps it apart.

use gapless_core::ObjectKind;

/// Rows of the catalog that describe objects.
pub(super) struct Rows {
    /// The kind of a row, an expression.
    pub(super) kind: &'static str,
    /// The name of what it describes, an expression.
    pub(super) name: &'static str,
    /// The table of the catalog, or a join, with `{schema}` and `{table}` for what is asked for.
    from: &'static str,
    /// The column with the database.
    schema: &'static str,
    /// The kind of object that the rows belong to.
    pub(super) of: ObjectKind,
    /// The column with the name of that object.
    pub(super) own: &'static str,
    /// Everything else that there is to say.
    pub(super) values: &'static [&'static str],
}

impl Rows {
    /// The tables of the catalog and the condition that finds these rows: of one object, or of every one.
    ///
    /// - `schema`, `name`: expressions.
    pub(super) fn of(&self, schema: &str, name: Option<&str>) -> String {
        let from = self.from.replace("{schema}", schema).replace("{table}", name.unwrap_or("TABLE_NAME"));
        let own = name.map_or(String::new(), |name| format!(" AND {} = {name}", self.own));
        format!("information_schema.{from} WHERE {} = {schema}{own}", self.schema)
    }
}

/// A body that MySQL took from a longer message ends in the semicolon behind it.
///
/// Source: MySQL 8.4 manual, chapter 28 "INFORMATION_SCHEMA Tables"; MariaDB has the same columns.
pub(super) const ROWS: [Rows; 11] = [
    Rows {
        kind: "'table'",
        name: "TABLE_NAME",
        from: "TABLES",
        schema: "TABLE_SCHEMA",
        of: ObjectKind::Table,
        own: "TABLE_NAME",
        values: &["TABLE_TYPE", "ENGINE", "ROW_FORMAT", "TABLE_COLLATION", "CREATE_OPTIONS", "TABLE_COMMENT"],
    },
    Rows {
        kind: "'column'",
        name: "concat(TABLE_NAME, '.', COLUMN_NAME)",
        from: "COLUMNS",
        schema: "TABLE_SCHEMA",
        of: ObjectKind::Table,
        own: "TABLE_NAME",
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
    Rows {
        kind: "'index'",
        name: "concat(TABLE_NAME, '.', INDEX_NAME, ' ', SEQ_IN_INDEX)",
        from: "STATISTICS",
        schema: "TABLE_SCHEMA",
        of: ObjectKind::Table,
        own: "TABLE_NAME",
        values: &["NON_UNIQUE", "COLUMN_NAME", "COLLATION", "SUB_PART", "INDEX_TYPE"],
    },
    Rows {
        kind: "'foreign key'",
        name: "concat(k.TABLE_NAME, '.', k.CONSTRAINT_NAME, ' ', k.ORDINAL_POSITION)",
        from: "KEY_COLUMN_USAGE k JOIN (SELECT * FROM information_schema.REFERENTIAL_CONSTRAINTS \
               WHERE CONSTRAINT_SCHEMA = {schema} AND TABLE_NAME = {table} LIMIT 18446744073709551615) r \
               ON r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME",
        schema: "k.TABLE_SCHEMA",
        of: ObjectKind::Table,
        own: "k.TABLE_NAME",
        values: &[
            "k.COLUMN_NAME",
            "k.REFERENCED_TABLE_NAME",
            "k.REFERENCED_COLUMN_NAME",
            "r.UPDATE_RULE",
            "r.DELETE_RULE",
        ],
    },
    Rows {
        kind: "lower(c.CONSTRAINT_TYPE)",
        name: "concat(c.TABLE_NAME, '.', c.CONSTRAINT_NAME)",
        from: "TABLE_CONSTRAINTS c LEFT JOIN (SELECT * FROM information_schema.CHECK_CONSTRAINTS \
               WHERE CONSTRAINT_SCHEMA = {schema} /*M!100600 AND TABLE_NAME = {table} */ LIMIT 18446744073709551615) k \
               ON k.CONSTRAINT_NAME = c.CONSTRAINT_NAME /*M!100600 AND k.TABLE_NAME = c.TABLE_NAME */",
        schema: "c.TABLE_SCHEMA",
        of: ObjectKind::Table,
        own: "c.TABLE_NAME",
        values: &["k.CHECK_CLAUSE"],
    },
    Rows {
        kind: "'partition'",
        name: "concat(TABLE_NAME, '.', coalesce(PARTITION_NAME, ''), '.', coalesce(SUBPARTITION_NAME, ''))",
        from: "PARTITIONS",
        schema: "TABLE_SCHEMA",
        of: ObjectKind::Table,
        own: "TABLE_NAME",
        values: &[
            "PARTITION_ORDINAL_POSITION",
            "PARTITION_METHOD",
            "PARTITION_EXPRESSION",
            "PARTITION_DESCRIPTION",
            "SUBPARTITION_METHOD",
            "SUBPARTITION_EXPRESSION",
        ],
    },
    Rows {
        kind: "'view'",
        name: "TABLE_NAME",
        from: "VIEWS",
        schema: "TABLE_SCHEMA",
        of: ObjectKind::View,
        own: "TABLE_NAME",
        // Definitions name the database.
        values: &[
            "replace(VIEW_DEFINITION, concat('`', TABLE_SCHEMA, '`.'), '')",
            "CHECK_OPTION",
            "SECURITY_TYPE",
        ],
    },
    Rows {
        kind: "'trigger'",
        name: "TRIGGER_NAME",
        from: "TRIGGERS",
        schema: "EVENT_OBJECT_SCHEMA",
        of: ObjectKind::Trigger,
        own: "TRIGGER_NAME",
        values: &[
            "ACTION_TIMING",
            "EVENT_MANIPULATION",
            "EVENT_OBJECT_TABLE",
            "ACTION_ORDER",
            "rtrim(trim(TRAILING ';' FROM ACTION_STATEMENT))",
        ],
    },
    Rows {
        kind: "lower(ROUTINE_TYPE)",
        name: "ROUTINE_NAME",
        from: "ROUTINES",
        schema: "ROUTINE_SCHEMA",
        of: ObjectKind::Routine,
        own: "ROUTINE_NAME",
        values: &[
            "DTD_IDENTIFIER",
            "SQL_DATA_ACCESS",
            "IS_DETERMINISTIC",
            "SECURITY_TYPE",
            "rtrim(trim(TRAILING ';' FROM ROUTINE_DEFINITION))",
        ],
    },
    Rows {
        kind: "'parameter'",
        name: "concat(SPECIFIC_NAME, ' ', ORDINAL_POSITION)",
        from: "PARAMETERS",
        schema: "SPECIFIC_SCHEMA",
        of: ObjectKind::Routine,
        own: "SPECIFIC_NAME",
        values: &["ROUTINE_TYPE", "PARAMETER_MODE", "PARAMETER_NAME", "DTD_IDENTIFIER"],
    },
    Rows {
        kind: "'event'",
        name: "EVENT_NAME",
        from: "EVENTS",
        schema: "EVENT_SCHEMA",
        of: ObjectKind::Event,
        own: "EVENT_NAME",
        values: &[
            "EVENT_TYPE",
            "INTERVAL_VALUE",
            "INTERVAL_FIELD",
            "STATUS",
            "rtrim(trim(TRAILING ';' FROM EVENT_DEFINITION))",
        ],
    },
];
