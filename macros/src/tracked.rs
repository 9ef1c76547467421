//! Warns if the crate's build script does not make cargo notice added files.

use proc_macro2::Span;

use crate::arguments::Arguments;
use crate::warning::Warning;

/// The variable that `gapless_build::track` sets for the compiler.
const TRACKED: &str = "GAPLESS_TRACKED";

/// Returns a warning for each directory that nothing watches.
pub(crate) fn warnings(arguments: &Arguments) -> Vec<Warning> {
    let tracked = std::env::var(TRACKED).unwrap_or_default();
    let missing =
        arguments.sources().filter(|(pattern, _)| !tracked.split(';').any(|known| known == *pattern));
    missing.map(|(pattern, span)| missed(&tracked, pattern, span)).collect()
}

fn missed(tracked: &str, pattern: &str, span: Span) -> Warning {
    if tracked.is_empty() {
        let note = format!(
            "cargo does not notice files that are added to `{pattern}`; add \
             `fn main() {{ gapless_build::track({pattern:?}); }}` to build.rs \
             and gapless-build to the build-dependencies"
        );
        return Warning { name: "added_migrations_go_unnoticed", span, note };
    }
    let others = tracked.split(';').map(|known| format!("`{known}`")).collect::<Vec<_>>().join(", ");
    let note = format!(
        "build.rs tracks {others} and not `{pattern}`, so cargo does not notice files that are added there; \
         call `gapless_build::track({pattern:?})`, with the directory spelled as it is here"
    );
    Warning { name: "build_script_tracks_other_directories", span, note }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_script_that_tracks_another_directory_is_reported() {
        assert_eq!(missed("", "migrations", Span::call_site()).name, "added_migrations_go_unnoticed");
        let warning = missed("migratoins;b", "migrations", Span::call_site());
        assert_eq!(warning.name, "build_script_tracks_other_directories");
        assert!(
            warning.note.starts_with("build.rs tracks `migratoins`, `b` and not `migrations`"),
            "{}",
            warning.note
        );
    }
}
