//! The conformance suite with `mysql::Conn`, on MariaDB.

gapless_tests::conformance!(gapless_tests::driver::Mysql);
