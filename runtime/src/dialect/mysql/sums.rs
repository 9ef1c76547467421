//! Sums of what the catalog says of objects. A statement changes them when it takes effect, so two of them tell whether
//! a crash of the server came before or after.

use gapless_core::{Definition, ObjectKind};

use super::Mysql;
use super::catalog::qualified;
use super::objects::{ROWS, Rows};
use crate::dialect::Language;

/// Writes the sum of each object, an expression without spaces in its value.
pub(super) fn sums(dialect: &Mysql, definition: &Definition<'_>) -> Vec<String> {
    definition.objects.iter().map(|(kind, name)| of_object(dialect, *kind, name, definition.whole)).collect()
}

/// The text of this variable is a definition that the catalog shows; a condition. It may pass over some.
pub(super) fn defines(variable: &str) -> String {
    let text = format!("lower(@{variable})");
    format!(
        "{text} REGEXP '^[[:space:]]*(alter|create|drop|rename)[[:space:]]' AND {text} NOT REGEXP \
         'truncate|exchange|import|discard|force|select|temporary|or[[:space:]]+replace|drop[[:space:]]+(table|view)s?[^;]*,'"
    )
}

/// An object that comes or goes whole shows in the first of its rows.
fn of_object(dialect: &Mysql, kind: ObjectKind, name: &str, whole: bool) -> String {
    let (schema, name) = qualified(name);
    let schema = schema.map_or_else(|| "database()".to_owned(), |schema| dialect.literal(&schema));
    let name = dialect.literal(&name);
    if kind == ObjectKind::Database {
        return format!(
            "(SELECT coalesce(sum(crc32(concat(DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME))), 0) \
             FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = {name})"
        );
    }
    let about = ROWS.iter().filter(|rows| rows.of == kind || kind == ObjectKind::All);
    let count = if whole { 1 } else { ROWS.len() };
    let of_it = (kind != ObjectKind::All).then_some(name.as_str());
    let sum = |rows: &Rows| {
        let values: Vec<_> = rows.values.iter().map(|value| format!("coalesce({value}, '~')")).collect();
        format!(
            "(SELECT coalesce(sum(crc32(concat_ws('|', {}, {}, {}))), 0) FROM {})",
            rows.kind,
            rows.name,
            values.join(", "),
            rows.of(&schema, of_it)
        )
    };
    format!("concat_ws(':', {})", about.take(count).map(sum).collect::<Vec<_>>().join(", "))
}
