//! A file name is taken apart, passed over, or refused with a name that would be accepted.

#![no_main]

use gapless_core::FileName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &str| {
    match FileName::parse(file) {
        Ok(Some(name)) => assert!(file.contains(&name.name)),
        Ok(None) => {}
        Err(error) => {
            if let Some(suggestion) = error.suggestion() {
                let named = suggestion.replace("NNN", "1");
                assert!(matches!(FileName::parse(&named), Ok(Some(_))), "{file:?} -> {suggestion:?}");
            }
        }
    }
});
