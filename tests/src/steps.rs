//! Files of mixed statements that run outside of a transaction, and a small model of them: how often each may have
//! run, and what the boot after a cut must say.

use std::fmt::Write as _;

use gapless::MigrationSet;

use crate::set::set;

/// A statement, whose trace bears its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Plain DML, which must never run twice.
    Insert,
    /// A setting that the session needs for later statements.
    Setting,
    /// A definition that may be repeated.
    Repeatable,
    /// Maintenance, which no transaction takes.
    Vacuum,
    /// A block that commits by itself.
    Block,
    Create,
    /// An index that the server names.
    CreateUnnamed,
    /// Of the last index that was created.
    Drop,
    Reindex,
}

pub const ON_POSTGRES: [Kind; 9] = [
    Kind::Insert,
    Kind::Setting,
    Kind::Repeatable,
    Kind::Vacuum,
    Kind::Block,
    Kind::Create,
    Kind::CreateUnnamed,
    Kind::Drop,
    Kind::Reindex,
];

pub const ON_SQLITE: [Kind; 4] = [Kind::Insert, Kind::Setting, Kind::Repeatable, Kind::Vacuum];

/// The objects that the file needs. `slow` takes its time, so that a kill finds a statement at work.
pub const POSTGRES: &str = "CREATE TABLE log (k int, setting text); CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); \
    CREATE FUNCTION slow(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_sleep(0.003); RETURN $1; END $$; \
    CREATE INDEX t_slow ON t (slow(a))";

pub const SQLITE: &str = "CREATE TABLE log (k int, setting text); CREATE TABLE t (a int);";

/// A file of these kinds.
#[derive(Clone, Debug)]
pub struct Steps {
    pub kinds: Vec<Kind>,
    sqlite: bool,
}

impl Steps {
    /// A file by chance, the same for the same seed.
    pub fn random(seed: u64, length: usize, of: &[Kind]) -> Steps {
        let mut chance = Chance(seed);
        let kinds = (0..length).map(|_| of[chance.below(of.len())]).collect();
        Steps::new(kinds, of.len() == ON_SQLITE.len())
    }

    pub fn new(mut kinds: Vec<Kind>, sqlite: bool) -> Steps {
        // There must be an index to drop.
        let mut created = 0_usize;
        for kind in &mut kinds {
            match kind {
                Kind::Create => created += 1,
                Kind::Drop if created == 0 => *kind = Kind::Insert,
                Kind::Drop => created -= 1,
                _ => {}
            }
        }
        Steps { kinds, sqlite }
    }

    pub fn set(&self) -> MigrationSet {
        set(&[("1_before.sql", "SELECT 1;"), ("2_steps.sql", &self.sql()), ("3_after.sql", "SELECT 1;")])
    }

    pub fn sql(&self) -> String {
        let mut sql = "-- gapless: no-transaction\n".to_owned();
        let mut created = Vec::new();
        for (index, kind) in self.kinds.iter().enumerate() {
            let k = index + 1;
            let (setting, sleep) = if self.sqlite {
                ("(SELECT recursive_triggers FROM pragma_recursive_triggers)", "")
            } else {
                ("current_setting('work_mem')", " FROM pg_sleep(0.01)")
            };
            let _ = match kind {
                Kind::Insert => writeln!(sql, "INSERT INTO log SELECT {k}, {setting}{sleep};"),
                Kind::Setting if self.sqlite => writeln!(sql, "PRAGMA recursive_triggers = {};", k % 2),
                Kind::Setting => writeln!(sql, "SET work_mem = '{k}MB';"),
                Kind::Repeatable => writeln!(sql, "CREATE TABLE IF NOT EXISTS r{k} (id int);"),
                Kind::Vacuum if self.sqlite => writeln!(sql, "VACUUM;"),
                Kind::Vacuum => writeln!(sql, "VACUUM t;"),
                Kind::Block => writeln!(
                    sql,
                    "DO $$ BEGIN PERFORM pg_sleep(0.01); INSERT INTO log VALUES ({k}, {setting}); COMMIT; \
                     PERFORM pg_sleep(0.01); END $$;"
                ),
                Kind::Create => {
                    created.push(k);
                    writeln!(sql, "CREATE INDEX CONCURRENTLY i{k} ON t (slow(a + {k}));")
                }
                Kind::CreateUnnamed => writeln!(sql, "CREATE INDEX CONCURRENTLY ON t (slow(a - {k}));"),
                Kind::Drop => {
                    writeln!(sql, "DROP INDEX CONCURRENTLY i{};", created.pop().unwrap_or_default())
                }
                Kind::Reindex => writeln!(sql, "REINDEX TABLE CONCURRENTLY t;"),
            };
        }
        sql
    }

    /// Returns true if a boot may call this statement, counted from 1, interrupted, because its outcome is unknown.
    pub fn may_be_in_doubt(&self, statement: usize) -> bool {
        matches!(self.kinds.get(statement.wrapping_sub(1)), Some(Kind::Block | Kind::CreateUnnamed))
    }

    /// Returns the final log: each number once, with the setting that the file had made by then.
    pub fn log(&self, default: &str) -> Vec<String> {
        let mut setting = default.to_owned();
        let mut lines = Vec::new();
        for (index, kind) in self.kinds.iter().enumerate() {
            let k = index + 1;
            match kind {
                Kind::Setting if self.sqlite => setting = (k % 2).to_string(),
                Kind::Setting => setting = format!("{k}MB"),
                Kind::Insert | Kind::Block => lines.push(format!("{k}|{setting}")),
                _ => {}
            }
        }
        lines
    }

    /// How many indexes there are of the file in the end.
    pub fn indexes(&self) -> usize {
        let count = |wanted: &[Kind]| self.kinds.iter().filter(|kind| wanted.contains(kind)).count();
        count(&[Kind::Create, Kind::CreateUnnamed]) - count(&[Kind::Drop])
    }
}

/// Numbers by chance (SplitMix64), without a dependency.
#[derive(Debug)]
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).expect("it fits")).expect("it fits")
    }
}
