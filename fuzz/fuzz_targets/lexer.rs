//! A script is taken apart into statements that lie in it in order, and are whole by themselves.

#![no_main]

use gapless_core::{Location, Syntax, snippet, split};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|sql: &str| {
    for syntax in [Syntax::Shared, Syntax::Postgres, Syntax::Sqlite, Syntax::Mysql] {
        match split(sql, syntax) {
            Ok(statements) => {
                let mut end = 0;
                for statement in statements {
                    let span = statement.span();
                    assert!(end <= span.start && span.start < span.end);
                    assert_eq!(&sql[span.clone()], statement.text());
                    end = span.end;
                }
            }
            Err(faults) => {
                for fault in faults {
                    assert!(sql.get(fault.span.clone()).is_some(), "{fault:?}");
                    let _ = Location::of(sql, fault.span.start);
                    let _ = snippet("x", sql, fault.span);
                }
            }
        }
    }
});
