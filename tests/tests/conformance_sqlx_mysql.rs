//! The conformance suite with `sqlx::MySqlConnection`, on MariaDB.

gapless_tests::conformance!(gapless_tests::driver::SqlxMysql);
