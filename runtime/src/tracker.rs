//! Names of the two tables.

use gapless_core::Version;

use crate::dialect::Dialect;
use crate::engine::DbError;
use crate::report::error::{Error, ErrorKind};

/// Names of the applied set and its journal.
#[derive(Clone, Debug)]
pub struct Tracker {
    schema: String,
    table: String,
    /// Both tables, quoted and qualified.
    set: String,
    journal: String,
}

impl Tracker {
    /// Returns the tracker with these names, as this dialect writes them.
    pub(crate) fn new(dialect: &dyn Dialect, schema: Option<&str>, table: &str) -> Result<Tracker, Error> {
        let longest = dialect.longest_identifier();
        // The default may be the connection's own, which has no name yet.
        schema.map_or(Ok(()), |schema| check("schema", schema, longest))?;
        let schema = schema.unwrap_or(dialect.default_schema());
        check("table", table, longest.map(|longest| longest - JOURNAL.len()))?;
        Ok(Tracker {
            schema: schema.to_owned(),
            table: table.to_owned(),
            set: dialect.qualified(schema, table),
            journal: dialect.qualified(schema, &format!("{table}{JOURNAL}")),
        })
    }

    /// Returns the schema, not quoted.
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// Returns the table of the applied set, not quoted.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Returns the table of the journal, not quoted.
    pub fn journal_table(&self) -> String {
        format!("{}{JOURNAL}", self.table)
    }

    /// Returns the table of the applied set, quoted and qualified.
    pub fn set(&self) -> String {
        self.set.clone()
    }

    /// Returns the table of the journal, quoted and qualified.
    pub fn journal(&self) -> String {
        self.journal.clone()
    }

    /// Returns the name of the applied set as people write it.
    pub fn shown(&self) -> String {
        match self.schema.as_str() {
            "" => self.table.clone(),
            schema => format!("{schema}.{}", self.table),
        }
    }

    /// Returns true if an error names one of the two tables.
    pub(crate) fn is_named_by(&self, error: &DbError) -> bool {
        let tables = [self.table(), &self.journal_table()];
        if error.schema.as_deref() == Some(self.schema())
            && tables.map(Some).contains(&error.table.as_deref())
        {
            return true;
        }
        // No field names the table of a missing privilege, and the message may be in any language.
        tables.iter().any(|name| has_word(&error.message, name))
    }

    /// Returns the key of the advisory lock: FNV-1a, 64 bits, of `schema.table`.
    ///
    /// Source: <http://www.isthe.com/chongo/tech/comp/fnv/>, "FNV-1a".
    pub fn lock_key(&self) -> i64 {
        fnv(&self.shown())
    }

    /// Returns the key of the advisory lock of a migration's name: the same hash of `schema.table/version_name`.
    pub(crate) fn name_key(&self, version: Version, name: &str) -> i64 {
        fnv(&format!("{}/{version}_{name}", self.shown()))
    }
}

fn fnv(text: &str) -> i64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    i64::from_ne_bytes(hash.to_ne_bytes())
}

const JOURNAL: &str = "_journal";

/// Returns true if a text has this name as a whole word.
fn has_word(text: &str, name: &str) -> bool {
    let part =
        |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || matches!(char, '_' | '$'));
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        !part(before.chars().next_back()) && !part(after.chars().next())
    })
}

fn check(what: &'static str, name: &str, longest: Option<usize>) -> Result<(), Error> {
    let problem = if name.is_empty() {
        "it is empty".to_owned()
    } else if name.contains('\0') {
        "it holds a NUL character".to_owned()
    } else if let Some(longest) = longest.filter(|longest| name.len() > *longest) {
        format!("it is longer than {longest} bytes, which the database would cut off")
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Name { what, name: name.to_owned(), problem }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Postgres, Sqlite};

    #[test]
    fn the_lock_key_is_fnv_1a_of_the_qualified_name() {
        let key = |schema, table| Tracker::new(&Sqlite, Some(schema), table).unwrap().lock_key();
        // Computed by another program, which gives the authors' 0x85944171f73967e8 for "foobar".
        assert_eq!(key("public", "applied_migrations"), 6_004_593_293_802_252_145);
        assert_ne!(key("a", "b.c"), key("a", "b"));
    }

    #[test]
    fn identifiers_are_quoted_and_checked() {
        let tracker = Tracker::new(&Postgres, Some("we\"ird"), "t").unwrap();
        assert_eq!(tracker.set(), "\"we\"\"ird\".\"t\"");
        assert_eq!(tracker.journal(), "\"we\"\"ird\".\"t_journal\"");
        for (schema, table) in
            [("", "t"), ("s", ""), ("s\0", "t"), ("s", &"t".repeat(56)), (&"s".repeat(64), "t")]
        {
            assert!(Tracker::new(&Postgres, Some(schema), table).is_err(), "{schema:?} {table:?}");
        }
    }
}
