//! The macro of the `gapless` crate; depend on that one, which re-exports it.

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

/// Embeds directories of migrations as a `gapless::MigrationSet`, checked while the crate compiles.
///
/// ```ignore
/// static MIGRATIONS: MigrationSet = embed_migrations!("migrations");
/// ```
///
/// Directories are relative to the crate's `Cargo.toml`; none means `"migrations"`. Several make one
/// set, and one whole segment of a path may be `*`:
///
/// ```ignore
/// static MIGRATIONS: MigrationSet = embed_migrations!("migrations", "modules/*/sql");
/// ```
///
/// After the directories may follow
///
/// - `dialect = "postgres"`, `"sqlite"` (both are the default), `"mysql"` or `"mariadb"`: the rules of
///   quoting that the scripts are read by;
/// - `layout = "goose"`, `"sql-migrate"`, `"dbmate"`, `"refinery"`, `"flyway"`, `"diesel"` or `"tern"`: the tool
///   whose naming and annotations the directories follow; those of golang-migrate and sqlx need none;
/// - `crate = path`: where this crate is, if it was renamed.
///
/// Everything that a reader of the directories could trip over is a compile error, all of it at once:
/// two files with one version, malformed names, a down file without its up, unterminated quotes,
/// statements that would break out of the migration's transaction or cannot run in one, unknown
/// directives.
///
/// Beside the migrations may lie tombstones of retired ones (`NNN_name.tombstone.sql`), one baseline
/// (`NNN_name.baseline.sql`), `renames.txt`, and `migrations.lock`: with it, an edited, missing or unlisted
/// file is a compile error. `GAPLESS_LOCK=write cargo build` writes it, in the packages that are built and not in
/// those that they depend on.
///
/// Edits, renames and deletions of files rebuild the crate. Added files do so with the build script
/// line of `gapless-build`; without it the macro warns.
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

/// With the value `write`, the macro writes `migrations.lock` before it reads the directories.
const LOCK: &str = "GAPLESS_LOCK";

/// Cargo sets it for the packages that it was told to build, and for none that they depend on.
const PRIMARY: &str = "CARGO_PRIMARY_PACKAGE";

/// True if locks are to be written. A dependency's directory is not ours to write into.
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
    fn locks_are_written_where_that_was_asked_for() {
        let [write, primary, other] = ["write", "1", "1"].map(|value| Some(OsString::from(value)));
        assert_eq!(writes(None, primary.clone()), Ok(false));
        assert_eq!(writes(write.clone(), primary.clone()), Ok(true));
        assert_eq!(writes(write, None), Ok(false));
        assert_eq!(writes(Some(OsString::new()), primary), Ok(false));
        let expected = "GAPLESS_LOCK is `1`\nhelp: set it to `write` to write migrations.lock, or unset it";
        assert_eq!(writes(other, None), Err(expected.to_owned()));
    }
}
