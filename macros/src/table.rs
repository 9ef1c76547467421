//! Writes the rows of the table, as text that is parsed once: a directory may hold 10,000 files.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use gapless_core::{Directives, Migration, Scan, Scanned, ScannedFile};
use proc_macro2::TokenStream;

/// Writes one row for each migration, separated by commas.
pub(crate) fn rows(scanned: &[Scanned]) -> TokenStream {
    tokens(&scanned.iter().fold(String::new(), |rows, scanned| rows + &text_of(scanned) + ",\n"))
}

/// Writes one row.
pub(crate) fn row(scanned: &Scanned) -> TokenStream {
    tokens(&text_of(scanned))
}

/// Makes cargo rebuild when a file changes that no row includes.
pub(crate) fn watched(scan: &Scan) -> TokenStream {
    let mut watched = String::new();
    let mut watch = |path: &Path| {
        let _ = writeln!(watched, "const _: &[u8] = ::core::include_bytes!({});", quoted(path));
    };
    for Scanned { up, down, .. } in scan.migrations().iter().chain(scan.baseline()) {
        // Their text is in the row as it was normalised.
        [Some(up), down.as_ref()]
            .into_iter()
            .flatten()
            .filter(|file| file.rewritten)
            .for_each(|file| watch(&file.path));
    }
    scan.watched().iter().for_each(|path| watch(path));
    tokens(&watched)
}

/// Calls a plain function in the common case: naming a method a thousand times costs the compiler as much as all the
/// rest.
fn text_of(scanned: &Scanned) -> String {
    let Scanned { migration, up, down, .. } = scanned;
    let plain = format!(
        "{}, {:?}, {:?}, {}, b\"{}\"",
        migration.version(),
        migration.name(),
        migration.path(),
        sql(migration.sql(), up),
        bytes(migration),
    );
    if migration.is_tombstone() {
        return format!("__gapless::tombstone({plain})");
    }
    if migration.is_baseline() {
        return format!("__gapless::baseline({plain}, {})", directives(migration.directives()));
    }
    let down = migration.down().zip(down.as_ref()).map(|(down, file)| {
        let (sql, how) = (sql(down.sql(), file), directives(down.directives()));
        format!("__gapless::Some(__gapless::down({:?}, {sql}, {how}))", down.path())
    });
    if down.is_none() && migration.directives() == Directives::NONE {
        return format!("__gapless::up({plain})");
    }
    let down = down.unwrap_or_else(|| "__gapless::None".to_owned());
    format!("__gapless::migration({plain}, {down}, {})", directives(migration.directives()))
}

/// Includes the file if its bytes are the text, and writes out the normalised text otherwise.
fn sql(sql: &str, file: &ScannedFile) -> String {
    if file.rewritten {
        return format!("{sql:?}");
    }
    format!("::core::include_str!({})", quoted(&file.path))
}

/// Quotes a path, which is UTF-8: the scan reads names lossily, and so cannot open a file whose name is not.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.to_string_lossy())
}

fn bytes(migration: &Migration) -> String {
    migration.checksum().as_bytes().iter().fold(String::with_capacity(128), |mut text, byte| {
        let _ = write!(text, "\\x{byte:02x}");
        text
    })
}

fn directives(directives: Directives) -> String {
    let millis = |timeout: Option<std::time::Duration>| {
        timeout.map_or("__gapless::None".to_owned(), |timeout| {
            format!("__gapless::Some({})", timeout.as_millis())
        })
    };
    if directives == Directives::NONE {
        return "__gapless::Directives::NONE".to_owned();
    }
    format!(
        "__gapless::directives({}, {}, {}, {}, {})",
        directives.no_transaction(),
        directives.rerunnable(),
        directives.rust(),
        millis(directives.lock_timeout()),
        millis(directives.statement_timeout()),
    )
}

/// Parses text. Text that does not lex is left out, which cannot panic: the compiler reports the missing table.
fn tokens(text: &str) -> TokenStream {
    TokenStream::from_str(text).unwrap_or_default()
}
