//! Reads Flyway's history, and proves texts by its checksums.

use gapless_core::Migration;

use super::proof::crc32;
use super::reading::Reading;
use super::{Form, Kind, Place, Tool};
use crate::dialect::{Language, Postgres};
use crate::engine::ResultSet;

/// A row for each event, by rank: a migration applied, undone (`UNDO_SQL` and the like) or deleted (`DELETE`), a
/// baseline, the creation of schemas. Repeatable migrations have no version.
pub(super) const TOOL: Tool = Tool {
    name: "Flyway",
    constructor: "flyway",
    table: "flyway_schema_history",
    columns: &[
        ("version", Kind::Text),
        ("description", Kind::Text),
        ("type", Kind::Text),
        ("script", Kind::Text),
        ("checksum", Kind::Integer),
        ("success", Kind::Flag),
    ],
    beside: &["installed_rank"],
    foreign: &[],
    order: "installed_rank",
    form: Form {
        postgres: "CREATE TABLE {schema}\"{name}\" (installed_rank integer NOT NULL, version varchar(50), \
                   description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, \
                   checksum integer, installed_by varchar(100) NOT NULL, \
                   installed_on timestamp NOT NULL DEFAULT now(), execution_time integer NOT NULL, \
                   success boolean NOT NULL, CONSTRAINT \"{name}_pk\" PRIMARY KEY (installed_rank));\n\
                   CREATE INDEX \"{name}_s_idx\" ON {schema}\"{name}\" (success);\n",
        mysql: "CREATE TABLE {schema}`{name}` (installed_rank INT NOT NULL, version VARCHAR(50), \
                description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, \
                checksum INT, installed_by VARCHAR(100) NOT NULL, \
                installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, execution_time INT NOT NULL, \
                success BOOL NOT NULL, CONSTRAINT `{name}_pk` PRIMARY KEY (installed_rank));\n\
                CREATE INDEX `{name}_s_idx` ON {schema}`{name}` (success);\n",
        sqlite: "CREATE TABLE {schema}\"{name}\" (installed_rank INT NOT NULL PRIMARY KEY, version VARCHAR(50), \
                 description VARCHAR(200) NOT NULL, type VARCHAR(20) NOT NULL, script VARCHAR(1000) NOT NULL, \
                 checksum INT, installed_by VARCHAR(100) NOT NULL, \
                 installed_on TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')), \
                 execution_time INT NOT NULL, success BOOLEAN NOT NULL);\n\
                 CREATE INDEX {schema}\"{name}_s_idx\" ON \"{name}\" (success);\n",
    },
    lock_keys,
    lock_names,
    read,
};

fn read(reading: &mut Reading<'_>, rows: &ResultSet) {
    let mut events = Vec::new();
    for row in rows.rows() {
        events.extend(event(reading, row));
    }
    let baselines = events.iter().filter(|event| event.is_baseline() && event.success);
    for baseline in baselines {
        take_baseline(reading, baseline);
    }
    let mut repeatables = Vec::new();
    for event in standing(&events) {
        match event.version {
            _ if !event.success => reading.failed(event.stem()),
            _ if event.is_baseline() || event.kind == "SCHEMA" => {}
            Some(version) => take(reading, event, version),
            None if repeatables.contains(&event.description) => {}
            None => {
                repeatables.push(event.description);
                reading.leave(format!(
                    "`{}` is a repeatable migration of Flyway, which gapless does not adopt",
                    event.stem()
                ));
            }
        }
    }
}

struct Event<'a> {
    version: Option<&'a str>,
    description: &'a str,
    kind: &'a str,
    script: &'a str,
    checksum: Option<i32>,
    success: bool,
}

impl<'a> Event<'a> {
    /// Returns the file's name without folders and suffix.
    fn stem(&self) -> &'a str {
        let file = self.script.rsplit(['/', '\\']).next().unwrap_or_default();
        file.strip_suffix(".sql").unwrap_or(file)
    }

    /// Returns true for a declared baseline, and for a script that stands for all migrations up to its version.
    fn is_baseline(&self) -> bool {
        matches!(
            self.kind,
            "BASELINE" | "SQL_BASELINE" | "JDBC_BASELINE" | "SQL_STATE_SCRIPT" | "JDBC_STATE_SCRIPT"
        )
    }

    /// Returns true if it withdraws an earlier event.
    fn withdraws(&self) -> bool {
        self.kind == "DELETE" || self.kind.starts_with("UNDO_")
    }

    /// Returns true if a later event may withdraw it.
    fn can_be_withdrawn(&self) -> bool {
        !self.withdraws() && !matches!(self.kind, "BASELINE" | "SCHEMA")
    }

    fn is_of_the_same(&self, other: &Event<'_>) -> bool {
        match (self.version, other.version) {
            (Some(one), Some(other)) => parts(one).eq(parts(other)),
            (None, None) => self.description == other.description,
            _ => false,
        }
    }
}

fn event<'r>(reading: &mut Reading<'_>, row: &'r [Option<String>]) -> Option<Event<'r>> {
    let [version, rest @ ..] = reading.columns::<6>(row)?;
    let [Some(description), Some(kind), Some(script), checksum, Some(success)] = rest else {
        reading.malformed(format!("there is a NULL in the row of version {}", version.unwrap_or("NULL")));
        return None;
    };
    let checksum = match checksum.map(str::parse) {
        Some(Ok(checksum)) => Some(checksum),
        Some(Err(_)) => {
            reading.malformed(format!("the checksum of `{script}` is not a number of 32 bits"));
            return None;
        }
        None => None,
    };
    let success = reading.flag(success)?;
    Some(Event { version, description, kind, script, checksum, success })
}

/// Returns the events that no later one has withdrawn. An undo that failed stands, and so does the event before it.
fn standing<'e, 'a>(events: &'e [Event<'a>]) -> Vec<&'e Event<'a>> {
    let mut standing: Vec<&Event<'_>> = Vec::new();
    for event in events {
        if !event.withdraws() || (!event.success && event.kind != "DELETE") {
            standing.push(event);
        } else if event.success {
            let of_the_same =
                |earlier: &&Event<'_>| earlier.can_be_withdrawn() && earlier.is_of_the_same(event);
            if let Some(at) = standing.iter().rposition(of_the_same) {
                standing.remove(at);
            }
        }
    }
    standing
}

/// Adopts all versions up to a baseline. Flyway skips them, because the database had them before; so the baseline's own
/// version need not be embedded.
fn take_baseline(reading: &mut Reading<'_>, event: &Event<'_>) {
    let Some(version) = event.version else { return };
    let names = [event.stem(), version];
    match reading.renamed(&names).or_else(|| version.parse().ok()) {
        Some(last) => reading.take_up_to(last, last),
        None => reading.unknown(version, None),
    }
}

fn take(reading: &mut Reading<'_>, event: &Event<'_>, version: &str) {
    let stem = event.stem();
    let Some(migration) = reading.find(&[stem], version) else {
        let name = stem.split_once("__").map(|(_, name)| name);
        return reading.unknown(stem, name);
    };
    match event.checksum {
        Some(checksum) if event.kind == "SQL" => reading.take_if(migration, checksum == line_sum(migration)),
        _ => reading.take(migration),
    }
}

/// Returns Flyway's checksum: a signed CRC-32 of the lines in UTF-8 without their ends, which are CR, LF or both. A byte
/// order mark does not count.
fn line_sum(migration: &Migration) -> i32 {
    crc32(migration.sql().bytes().filter(|byte| !matches!(byte, b'\r' | b'\n'))).cast_signed()
}

/// Returns the parts of a version. Leading zeros of a part do not count, nor do zero parts at the end.
fn parts(version: &str) -> impl Iterator<Item = &str> {
    let pieces: Vec<_> = version.split(['.', '_']).map(|piece| piece.trim_start_matches('0')).collect();
    let length = pieces.iter().rposition(|piece| !piece.is_empty()).map_or(0, |last| last + 1);
    pieces.into_iter().take(length)
}

/// Returns the letters "Flyway" as a number, plus Java's hash of the quoted name of the table.
fn lock_keys(place: &Place<'_>) -> Vec<i64> {
    let name = format!("{}.{}", Postgres.identifier(place.schema), Postgres.identifier(place.table));
    vec![0x466c_7977_6179 + i64::from(java_hash(&name))]
}

/// Returns the same hash behind the tool's name. On a Galera cluster it takes row locks of its table instead.
fn lock_names(place: &Place<'_>) -> Vec<String> {
    let name = format!("`{}`.`{}`", place.schema, place.table);
    vec![format!("Flyway-{}", java_hash(&name))]
}

fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()))
}

#[cfg(test)]
mod tests {
    use crate::legacy::fixture::{TEXT, refused, renamed, set_of, taken, warned};
    use crate::legacy::{Legacy, Refusal};

    // Computed with Java's CRC32 over the lines of `TEXT`, of `SELECT 2;`, and of a third text.
    const USERS: &str = "1|users|SQL|V1__users.sql|1645990113|t";
    const ORDERS: &str = "2|orders|SQL|shop/V2__orders.sql|798974111|t";

    fn legacy() -> Legacy {
        Legacy::flyway("flyway_schema_history")
    }

    fn set() -> gapless_core::MigrationSet {
        set_of(&[(1, "users", TEXT), (2, "orders", "SELECT 2;\n"), (3, "later", "SELECT\r3;\n")])
    }

    #[test]
    fn its_checksums_prove_the_text_but_for_line_endings() {
        let later = "003|later|SQL|V003__later.sql|-414871273|t";
        assert_eq!(taken(&legacy(), &set(), &[USERS, ORDERS, later]), [(1, true), (2, true), (3, true)]);
        let java = "1|users|JDBC|db.migration.V1__Users|NULL|t";
        assert_eq!(taken(&legacy(), &set(), &[java]), [(1, false)]);
        let edited = refused(&legacy(), &set(), &["2|orders|SQL|V2__orders.sql|-1|t"]);
        assert!(matches!(&edited[..], [Refusal::Mismatch { tool: "Flyway", .. }]));
    }

    #[test]
    fn undone_and_deleted_migrations_are_not_applied() {
        let undo = "2.0|orders|UNDO_SQL|U2__orders.sql|NULL|t";
        assert_eq!(taken(&legacy(), &set(), &[USERS, ORDERS, undo]), [(1, true)]);
        assert_eq!(taken(&legacy(), &set(), &[USERS, ORDERS, undo, ORDERS]), [(1, true), (2, true)]);
        let deleted = ["9|gone|SQL|V9__gone.sql|5|t", "9|gone|DELETE|V9__gone.sql|5|t"];
        assert_eq!(taken(&legacy(), &set(), &[USERS, deleted[0], deleted[1]]), [(1, true)]);
        let failed_undo = "1|users|UNDO_SQL|U1__users.sql|NULL|f";
        let refusals = refused(&legacy(), &set(), &[USERS, failed_undo]);
        assert!(matches!(&refusals[..], [Refusal::Failed { identifier, .. }] if identifier == "U1__users"));
    }

    #[test]
    fn failed_migrations_are_refused_unless_they_were_taken_away() {
        let failed = "2|orders|SQL|V2__orders.sql|798974111|f";
        let refusals = refused(&legacy(), &set(), &[USERS, failed]);
        assert_eq!(
            refusals[0].to_string().lines().next(),
            Some("`V2__orders` failed, according to Flyway's flyway_schema_history")
        );
        assert_eq!(
            taken(&legacy(), &set(), &[USERS, failed, "2|orders|DELETE|V2__orders.sql|798974111|t"]),
            [(1, true)]
        );
    }

    #[test]
    fn a_baseline_stands_for_all_up_to_it() {
        let baseline = "2|<< Flyway Baseline >>|BASELINE|<< Flyway Baseline >>|NULL|t";
        assert_eq!(taken(&legacy(), &set(), &[baseline]), [(1, false), (2, false)]);
        let schema = "NULL|<< Flyway Schema Creation >>|SCHEMA|\"app\"|NULL|t";
        let script = "2|all|SQL_BASELINE|B2__all.sql|77|t";
        assert_eq!(taken(&legacy(), &set(), &[schema, script]), [(1, false), (2, false)]);
        assert_eq!(warned(&legacy(), &set(), &[schema, script]), [""; 0]);
        let dotted = "1.5|<< Flyway Baseline >>|BASELINE|<< Flyway Baseline >>|NULL|t";
        assert!(matches!(&refused(&legacy(), &set(), &[dotted])[..], [Refusal::Unknown { .. }]));
        assert_eq!(renamed(&legacy(), &set(), &[dotted], &[("1.5", 1)]), [(1, false)]);
    }

    #[test]
    fn dotted_versions_go_by_renames() {
        let row = "1.1|users|SQL|V1_1__users.sql|1645990113|t";
        let refusals = refused(&legacy(), &set(), &[row]);
        let Refusal::Unknown { rename, .. } = &refusals[0] else { panic!("{refusals:?}") };
        assert_eq!(rename, "V1_1__users -> 0001_users");
        assert_eq!(renamed(&legacy(), &set(), &[row], &[("V1_1__users", 1)]), [(1, true)]);
    }

    #[test]
    fn repeatables_stay_behind_with_a_warning_each() {
        let views = "NULL|views|SQL|R__views.sql|5|t";
        let gone = ["NULL|old|SQL|R__old.sql|6|t", "NULL|old|DELETE|R__old.sql|6|t"];
        let warnings = warned(&legacy(), &set(), &[USERS, views, views, gone[0], gone[1]]);
        assert_eq!(
            warnings,
            ["`R__views` is a repeatable migration of Flyway, which gapless does not adopt"]
        );
    }

    #[test]
    fn rows_that_flyway_does_not_write_are_refused() {
        for row in ["1|users|SQL|V1__users.sql|x|t", "1|users|SQL|NULL|1|t", "1|users|SQL|V1__users.sql|1|?"]
        {
            assert!(matches!(&refused(&legacy(), &set(), &[row])[..], [Refusal::Malformed { .. }]), "{row}");
        }
    }

    #[test]
    fn its_lock_is_the_table_s() {
        // Computed with Java's `String.hashCode`.
        assert_eq!(legacy().locks("app", "public").keys, [77_433_833_903_597]);
        assert_eq!(legacy().locks("app", "app").names, ["Flyway--320650056"]);
    }
}
