//! Finds out from an error's code what to do about it.

use gapless_core::Syntax;

use crate::engine::DbError;

/// The thing to put right before the next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The text of the migration.
    File,
    /// A lock that somebody else has.
    Lock,
    /// Another transaction was in the way.
    Conflict,
    /// It took too long, or somebody canceled it.
    Time,
    /// The server lacks space, memory or connections.
    Resources,
    /// The database takes no writes.
    Writes,
    /// A privilege is missing.
    Privilege,
    /// The server, its disk or its files.
    Server,
    /// The missing history: an object exists already, in a database without one.
    History,
}

impl Remedy {
    /// The database is that of the syntax: the numbers of MySQL and of SQLite are the same ones.
    pub(crate) fn of(error: &DbError, syntax: Syntax) -> Remedy {
        match syntax {
            Syntax::Mysql => Remedy::of_mysql(error.code.parse().unwrap_or_default()),
            _ => Remedy::of_others(&error.code),
        }
    }

    /// Sources: MySQL 8.4 "Server Error Message Reference", MariaDB "Error Codes".
    fn of_mysql(code: u32) -> Remedy {
        match code {
            1205 | 1213 | 3572 | 1684 => Remedy::Lock,
            1020 => Remedy::Conflict,
            1317 | 1969 | 3024 => Remedy::Time,
            1021 | 1037 | 1038 | 1040 | 1041 | 1114 | 1135 | 1203 | 1206 | 1226 => Remedy::Resources,
            1290 | 1792 | 1836 => Remedy::Writes,
            1044 | 1045 | 1142 | 1143 | 1227 | 1370 => Remedy::Privilege,
            1023 | 1024 | 1026 | 1030 | 1033..=1035 | 1194 | 1195 => Remedy::Server,
            _ => Remedy::File,
        }
    }

    /// Sources: PostgreSQL 18, appendix A, and <https://www.sqlite.org/rescode.html>.
    fn of_others(code: &str) -> Remedy {
        match code {
            "55P03" | "40P01" => Remedy::Lock,
            "40001" => Remedy::Conflict,
            "57014" => Remedy::Time,
            "25006" => Remedy::Writes,
            "42501" => Remedy::Privilege,
            code if code.len() == 5 => match &code[..2] {
                "53" => Remedy::Resources,
                "58" | "XX" | "F0" => Remedy::Server,
                _ => Remedy::File,
            },
            code => match code.parse::<i32>().unwrap_or_default() & 0xff {
                5 | 6 => Remedy::Lock,
                7 | 13 => Remedy::Resources,
                8 => Remedy::Writes,
                9 => Remedy::Time,
                3 | 14 | 23 => Remedy::Privilege,
                2 | 10 | 11 | 26 => Remedy::Server,
                _ => Remedy::File,
            },
        }
    }

    /// Returns true if the error says that an object exists already.
    pub(crate) fn is_of_existing(error: &DbError, syntax: Syntax) -> bool {
        match error.code.as_str() {
            "1007" | "1050" | "1060" | "1061" | "1304" | "1359" | "1537" | "1826" => syntax == Syntax::Mysql,
            "42P04" | "42P06" | "42P07" | "42701" | "42710" | "42723" => true,
            "1" => {
                error.message.ends_with(" already exists") || error.message.starts_with("duplicate column")
            }
            _ => false,
        }
    }

    /// Returns what to do; `file` is the text for a migration that is itself at fault.
    pub(crate) fn text(self, file: &'static str) -> &'static str {
        match self {
            Remedy::File => file,
            Remedy::Lock => {
                "run again when the lock is free; a longer `lock-timeout` or more `.retries(...)` wait for it"
            }
            Remedy::Conflict => "run again: another transaction was in the way",
            Remedy::Time => "run again, with a longer `statement-timeout` if the statement needs it",
            Remedy::Resources => "give the database the resources that it lacks, and run again",
            Remedy::Writes => "connect to a database that takes writes, and run again",
            Remedy::Privilege => "grant what is missing or run the migrations as the owner, and run again",
            Remedy::Server => "see the log of the database, and run again",
            Remedy::History => {
                "the database may be older than its history: then adopt that of another tool with `.adopt(...)`, or \
                 record the tables that exist with `.reconcile(...)`; if it is new, fix the file and run again"
            }
        }
    }
}
