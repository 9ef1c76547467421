//! The differences of the servers that several drivers reach.

macro_rules! postgres {
    () => {
        const MAKE_READ_ONLY: &'static str = "SET default_transaction_read_only = on";
    };
}

macro_rules! mysql_server {
    () => {
        const MAKE_READ_ONLY: &'static str = "SET SESSION TRANSACTION READ ONLY";
        const DDL_COMMITS: bool = true;
        const ALONE: &'static str = "OPTIMIZE TABLE a";
        const DEFERRED: &'static str = "";
        const KEY_TEXT: &'static str = "varchar(255)";
        const READ_WORDS: &'static str = "it's; -- ü  ";
        const FOREIGN: (gapless::Syntax, &'static str) = (gapless::Syntax::Postgres, "Postgres");

        fn quoted(name: &str) -> String {
            format!("`{}`", name.replace('`', "``"))
        }
    };
}
