//! The conformance suite with `sqlx::PgConnection`.

gapless_tests::conformance!(gapless_tests::driver::Sqlx);
