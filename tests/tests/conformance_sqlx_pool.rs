//! The conformance suite with `sqlx::PgPool`.

gapless_tests::conformance!(gapless_tests::driver::SqlxPool);
