//! The conformance suite with `mysql_async::Conn`, on MariaDB.

gapless_tests::conformance!(gapless_tests::driver::MysqlAsync);
