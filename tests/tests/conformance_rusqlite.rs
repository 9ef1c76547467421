//! The conformance suite with `rusqlite::Connection`.

gapless_tests::conformance!(gapless_tests::driver::Rusqlite);
