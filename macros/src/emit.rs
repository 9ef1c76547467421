//! The expansion. It is written as text and parsed once: a table of 10,000 files is a long list of
//! constants, and text is the cheapest way to write one.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use gapless_core::{Directives, Layout, Migration, Scan, Scanned, ScannedFile, Syntax};
use proc_macro2::{Group, Span, TokenStream, TokenTree};

use crate::arguments::Arguments;
use crate::tracked;

/// The static table and the set over it.
pub(crate) fn table(arguments: &Arguments, scan: &Scan) -> TokenStream {
    let mut watched = String::new();
    // Cargo rebuilds when a lock is asked for.
    watched.push_str("const _: __gapless::Option<&str> = ::core::option_env!(\"GAPLESS_LOCK\");\n");
    let rows: Vec<_> = scan.migrations().iter().map(|scanned| row(scanned, &mut watched)).collect();
    let sources: String =
        arguments.sources().map(|(source, _)| format!("__gapless::Borrowed({source:?}),")).collect();
    let baseline = scan.baseline().map_or("__gapless::None".to_owned(), |baseline| {
        format!("__gapless::Some({})", row(baseline, &mut watched))
    });
    for path in scan.watched() {
        watch(&mut watched, path);
    }
    let renames = scan.renames().iter().fold(String::new(), |mut text, rename| {
        let old = rename.from_stem().map_or("__gapless::None".to_owned(), |(version, name)| {
            format!("__gapless::Some(({version}, {name:?}))")
        });
        let _ = write!(text, "__gapless::rename({:?}, {old}, {}),", rename.from(), rename.to());
        text
    });
    let rows: String = rows.iter().map(|row| format!("{row},\n")).collect();
    let count = scan.migrations().len();
    let rules = rules(arguments);
    let digest =
        scan.digest().map_or("__gapless::None".to_owned(), |digest| format!("__gapless::Some({digest})"));
    let body = format!(
        "{watched}
         static __MIGRATIONS: [__gapless::Migration; {count}] = [{rows}];
         static __RENAMES: &[__gapless::Rename] = &[{renames}];
         static __SOURCES: &[__gapless::Cow<'static, str>] = &[{sources}];
         __gapless::set(&__MIGRATIONS, {baseline}, __RENAMES, __SOURCES, {rules}, {digest}, ::core::env!(\"CARGO_PKG_NAME\"))"
    );
    let mut statements = TokenStream::new();
    for (index, (span, note)) in tracked::warnings(arguments).into_iter().enumerate() {
        let name = format!("added_migrations_go_unnoticed_{index}");
        statements.extend(tokens(&format!("#[deprecated(note = {note:?})] const fn {name}() {{}}"), None));
        statements.extend(tokens(&format!("{name}();"), Some(span)));
    }
    statements.extend(tokens(&body, None));
    block(arguments.krate.clone(), statements)
}

/// Each error at its place, and an empty set, so that the mistake is not followed by others.
pub(crate) fn errors(
    krate: Option<TokenStream>,
    errors: impl IntoIterator<Item = (Span, String)>,
) -> TokenStream {
    let mut statements = TokenStream::new();
    for (span, message) in errors {
        statements.extend(tokens(&format!("::core::compile_error!({message:?});"), Some(span)));
    }
    statements.extend(tokens("__gapless::nothing()", None));
    block(krate, statements)
}

/// `{ use path as __gapless; ... }`: the path's own tokens, because a `$crate` in it has no text form.
fn block(krate: Option<TokenStream>, statements: TokenStream) -> TokenStream {
    let mut inner = tokens("use", None);
    inner.extend(krate.unwrap_or_else(|| tokens("::gapless", None)));
    inner.extend(tokens("::__private::v0_1_0 as __gapless;", None));
    inner.extend(statements);
    TokenTree::Group(Group::new(proc_macro2::Delimiter::Brace, inner)).into()
}

fn rules(arguments: &Arguments) -> String {
    let syntax = match arguments.rules.syntax {
        Syntax::Shared => "Shared",
        Syntax::Postgres => "Postgres",
        Syntax::Sqlite => "Sqlite",
        Syntax::Mysql => "Mysql",
    };
    let layout = match arguments.rules.layout {
        Layout::Native => "Native",
        Layout::GolangMigrate => "GolangMigrate",
        Layout::Goose => "Goose",
        Layout::SqlMigrate => "SqlMigrate",
        Layout::Dbmate => "Dbmate",
        Layout::Refinery => "Refinery",
        Layout::Flyway => "Flyway",
        Layout::Diesel => "Diesel",
        Layout::Tern => "Tern",
    };
    format!("__gapless::Rules {{ syntax: __gapless::Syntax::{syntax}, layout: __gapless::Layout::{layout} }}")
}

/// A plain function for the plain case: naming a method a thousand times costs the compiler as much as
/// all the rest.
fn row(scanned: &Scanned, watched: &mut String) -> String {
    let Scanned { migration, up, down } = scanned;
    let plain = format!(
        "{}, {:?}, {:?}, {}, b\"{}\"",
        migration.version(),
        migration.name(),
        migration.path(),
        text(migration.sql(), up, watched),
        bytes(migration),
    );
    if migration.is_tombstone() {
        return format!("__gapless::tombstone({plain})");
    }
    if migration.is_baseline() {
        return format!("__gapless::baseline({plain}, {})", directives(migration.directives()));
    }
    let down = migration.down().zip(down.as_ref()).map(|(down, file)| {
        let (sql, how) = (text(down.sql(), file, watched), directives(down.directives()));
        format!("__gapless::Some(__gapless::down({:?}, {sql}, {how}))", down.path())
    });
    if down.is_none() && migration.directives() == Directives::NONE {
        return format!("__gapless::up({plain})");
    }
    let down = down.unwrap_or_else(|| "__gapless::None".to_owned());
    format!("__gapless::migration({plain}, {down}, {})", directives(migration.directives()))
}

/// The file itself where its bytes are the text; the text where it was normalised, beside a constant
/// that nothing uses and that makes cargo watch the file all the same.
fn text(sql: &str, file: &ScannedFile, watched: &mut String) -> String {
    if file.rewritten {
        watch(watched, &file.path);
        return format!("{sql:?}");
    }
    format!("::core::include_str!({})", quoted(&file.path))
}

/// Makes cargo rebuild when the file changes.
fn watch(watched: &mut String, path: &Path) {
    let _ = writeln!(watched, "const _: &[u8] = ::core::include_bytes!({});", quoted(path));
}

/// Paths that are not UTF-8 do not occur: the scan shows names lossily and such a file fails to open.
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

/// Parses text that this module wrote, and puts it at `span` if one is given.
fn tokens(text: &str, span: Option<Span>) -> TokenStream {
    // What does not lex is left out: that cannot panic, and the compiler reports the missing set.
    let parsed = TokenStream::from_str(text).unwrap_or_default();
    match span {
        Some(span) => at(parsed, span),
        None => parsed,
    }
}

fn at(stream: TokenStream, span: Span) -> TokenStream {
    let place = |mut token: TokenTree| {
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), at(group.stream(), span)).into();
        }
        token.set_span(span);
        token
    };
    stream.into_iter().map(place).collect()
}
