//! The expansion. It is written as text and parsed once: a table of 10,000 files is a long list of
//! constants, and text is the cheapest way to write one.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use gapless_core::{Directives, Migration, Scan, Scanned, ScannedFile, Syntax};
use proc_macro2::{Group, Span, TokenStream, TokenTree};

use crate::arguments::Arguments;
use crate::tracked;

/// The static table and the set over it.
pub(crate) fn table(arguments: &Arguments, scan: &Scan) -> TokenStream {
    let mut watched = String::new();
    let mut rows = String::new();
    for scanned in scan.migrations() {
        rows.push_str(&row(scanned, &mut watched));
    }
    let sources: String =
        arguments.sources().map(|(source, _)| format!("__gapless::Borrowed({source:?}),")).collect();
    let count = scan.migrations().len();
    let syntax = match arguments.syntax {
        Syntax::Shared => "Shared",
        Syntax::Postgres => "Postgres",
        Syntax::Sqlite => "Sqlite",
        Syntax::Mysql => "Mysql",
    };
    let body = format!(
        "{watched}
         static __MIGRATIONS: [__gapless::Migration; {count}] = [{rows}];
         static __SOURCES: &[__gapless::Cow<'static, str>] = &[{sources}];
         __gapless::set(&__MIGRATIONS, __SOURCES, __gapless::Syntax::{syntax})"
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
    statements.extend(tokens("__gapless::set(&[], &[], __gapless::Syntax::Shared)", None));
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
    let down = migration.down().zip(down.as_ref()).map(|(down, file)| {
        let sql = text(down.sql(), file, watched);
        format!("__gapless::Some(__gapless::down({:?}, {sql}))", down.path())
    });
    if down.is_none() && migration.directives() == Directives::NONE {
        return format!("__gapless::up({plain}),\n");
    }
    let down = down.unwrap_or_else(|| "__gapless::None".to_owned());
    format!("__gapless::migration({plain}, {down}, {}),\n", directives(migration.directives()))
}

/// The file itself where its bytes are the text; the text where it was normalised, beside a constant
/// that nothing uses and that makes cargo watch the file all the same.
fn text(sql: &str, file: &ScannedFile, watched: &mut String) -> String {
    let path = quoted(&file.path);
    if file.rewritten {
        let _ = writeln!(watched, "const _: &[u8] = ::core::include_bytes!({path});");
        return format!("{sql:?}");
    }
    format!("::core::include_str!({path})")
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
    format!(
        "__gapless::directives({}, {}, {}, {})",
        directives.no_transaction(),
        directives.rerunnable(),
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
