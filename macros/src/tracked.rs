//! Whether the crate's build script tells cargo of added files.

use proc_macro2::Span;

use crate::arguments::Arguments;

/// The variable that `gapless_build::track` sets for the compiler.
const TRACKED: &str = "GAPLESS_TRACKED";

/// For each directory that nothing watches: its literal, and what to do about it.
pub(crate) fn warnings(arguments: &Arguments) -> Vec<(Span, String)> {
    let tracked = std::env::var(TRACKED).unwrap_or_default();
    let missing =
        arguments.sources().filter(|(pattern, _)| !tracked.split(';').any(|known| known == *pattern));
    missing
        .map(|(pattern, span)| {
            let note = format!(
                "cargo does not notice files that are added to `{pattern}`; put \
                 `fn main() {{ gapless_build::track({pattern:?}); }}` into build.rs \
                 and gapless-build among the build-dependencies"
            );
            (span, note)
        })
        .collect()
}
