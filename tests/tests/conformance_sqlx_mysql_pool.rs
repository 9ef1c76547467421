//! The conformance suite with `sqlx::MySqlPool`, on MariaDB.

gapless_tests::conformance!(gapless_tests::driver::SqlxMysqlPool);
