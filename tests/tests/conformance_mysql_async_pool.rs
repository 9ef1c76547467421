//! The conformance suite with `mysql_async::Pool`, on MariaDB.

gapless_tests::conformance!(gapless_tests::driver::MysqlAsyncPool);
