//! The conformance suite with `postgres::Client`.

gapless_tests::conformance!(gapless_tests::driver::Postgres);
