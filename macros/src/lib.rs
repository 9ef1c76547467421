//! Embeds migrations: the macro of the `gapless` crate. Depend on that crate, which re-exports it.

mod arguments;
mod emit;
mod foreign_tables;
mod table;
mod tracked;
mod warning;

use std::ffi::OsString;
use std::path::PathBuf;

use gapless_core::{scan, write_locks};
use proc_macro2::{Span, TokenStream};

use crate::arguments::Arguments;

/// Reads the directories that the arguments name, relative to the crate's `Cargo.toml`; without one, reads
/// `"migrations"`. Several directories make one set, and one whole segment of a path may be `*`.
///
/// Further arguments:
///
/// - `dialect = "postgres"`, `"sqlite"` (both are the default), `"mysql"` or `"mariadb"`: the rules of
///   quoting by which the scripts are read;
/// - `layout = "goose"`, `"sql-migrate"`, `"dbmate"`, `"refinery"`, `"flyway"`, `"diesel"` or `"tern"`: the tool
///   whose naming and annotations the directories follow; those of golang-migrate and sqlx need none;
/// - `crate = path`: the path of `gapless`, if it was renamed.
///
/// Every mistake in the directories is a compile error, all of them at once: two files with one version, malformed
/// names, a down file without its up, unterminated quotes, statements that would break out of the migration's
/// transaction or cannot run in one, unknown directives.
///
/// Tombstones of retired migrations (`NNN_name.tombstone.sql`), one baseline (`NNN_name.baseline.sql`), `renames.txt`
/// and `migrations.lock` may lie beside the migrations. With a lock, an edited, missing or unlisted file is a compile
/// error. `GAPLESS_LOCK=write cargo build` writes locks in the packages that are built, and in none of their
/// dependencies.
///
/// Edits, renames and deletions of files rebuild the crate. Added files rebuild it with the build script line of
/// `gapless-build`; without it the macro warns.
#[proc_macro]
pub fn embed_migrations(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(input.into()).into()
}

/// Wraps items in a module named for this version, `v1_2_3`. An expansion names it, so that it compiles
/// against no other version of the runtime.
#[doc(hidden)]
#[proc_macro]
pub fn __versioned(items: proc_macro::TokenStream) -> proc_macro::TokenStream {
    emit::versioned(items.into()).into()
}

/// The variable whose value `write` makes the macro write `migrations.lock` before it reads the directories.
const LOCK: &str = "GAPLESS_LOCK";

/// The variable that cargo sets for the packages that it builds by name, and not for their dependencies.
const PRIMARY: &str = "CARGO_PRIMARY_PACKAGE";

/// Returns true if the macro should write locks. It writes into no directory of a dependency.
fn writes(wish: Option<OsString>, primary: Option<OsString>) -> Result<bool, String> {
    match wish {
        Some(wish) if wish == "write" => Ok(primary.is_some()),
        Some(wish) if !wish.is_empty() => {
            let wish = wish.to_string_lossy();
            Err(format!("{LOCK} is `{wish}`\nhelp: set it to `write` to write migrations.lock, or unset it"))
        }
        _ => Ok(false),
    }
}

fn expand(input: TokenStream) -> TokenStream {
    let arguments = match syn::parse2::<Arguments>(input) {
        Ok(arguments) => arguments,
        Err(errors) => {
            let errors = errors.into_iter().map(|error| (error.span(), error.to_string()));
            return emit::errors(None, errors);
        }
    };
    let path = arguments.krate.clone();
    let Some(root) = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from) else {
        let message =
            "CARGO_MANIFEST_DIR is not set\nhelp: build with cargo, or set it to the crate's directory";
        return emit::errors(path, [(Span::call_site(), message.to_owned())]);
    };
    let (patterns, rules) = (arguments.patterns(), arguments.rules);
    let locked = match writes(std::env::var_os(LOCK), std::env::var_os(PRIMARY)) {
        Ok(true) => write_locks(&root, &patterns, rules),
        Ok(false) => Ok(()),
        Err(message) => return emit::errors(path, [(Span::call_site(), message)]),
    };
    match locked.and_then(|()| scan(&root, &patterns, rules)) {
        Ok(scan) => emit::set(&arguments, &scan),
        Err(problems) => {
            let errors =
                problems.iter().map(|problem| (arguments.span(problem.pattern()), problem.to_string()));
            emit::errors(path, errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks_are_written_on_request() {
        let [write, primary, other] = ["write", "1", "1"].map(|value| Some(OsString::from(value)));
        assert_eq!(writes(None, primary.clone()), Ok(false));
        assert_eq!(writes(write.clone(), primary.clone()), Ok(true));
        assert_eq!(writes(write, None), Ok(false));
        assert_eq!(writes(Some(OsString::new()), primary), Ok(false));
        let expected = "GAPLESS_LOCK is `1`\nhelp: set it to `write` to write migrations.lock, or unset it";
        assert_eq!(writes(other, None), Err(expected.to_owned()));
    }
}
