//! The conformance suite with `tokio_postgres::Client`.

gapless_tests::conformance!(gapless_tests::driver::TokioPostgres);
