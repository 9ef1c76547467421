//! Writes the expansion: the table's rows, the set over them, warnings and errors.

use gapless_core::{Rename, Scan};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::arguments::Arguments;
use crate::warning::Warning;
use crate::{foreign_tables, table, tracked};

/// Writes the static table and the set over it.
pub(crate) fn set(arguments: &Arguments, scan: &Scan) -> TokenStream {
    let mut warnings = tracked::warnings(arguments);
    warnings.extend(foreign_tables::warnings(arguments, scan));
    let warnings = warnings.iter().enumerate().map(|(index, warning)| deprecated(index, warning));
    let watched = table::watched(scan);
    let (count, rows) = (scan.migrations().len(), table::rows(scan.migrations()));
    let renames = scan.renames().iter().map(rename);
    let sources = arguments.sources().map(|(source, _)| source);
    let baseline = option(scan.baseline().map(table::row));
    let syntax = variant(arguments.rules.syntax);
    let layout = variant(arguments.rules.layout);
    let digest = option(scan.digest().map(|digest| quote!(#digest)));
    expansion(
        arguments.krate.clone(),
        quote! {
            #(#warnings)*
            // Makes cargo rebuild when a lock is requested.
            const _: __gapless::Option<&str> = ::core::option_env!("GAPLESS_LOCK");
            #watched
            static __MIGRATIONS: [__gapless::Migration; #count] = [#rows];
            static __RENAMES: &[__gapless::Rename] = &[#(#renames),*];
            static __SOURCES: &[__gapless::Cow<'static, str>] = &[#(__gapless::Borrowed(#sources)),*];
            __gapless::set(
                &__MIGRATIONS,
                #baseline,
                __RENAMES,
                __SOURCES,
                __gapless::Rules::new(__gapless::Syntax::#syntax, __gapless::Layout::#layout),
                #digest,
                ::core::env!("CARGO_PKG_NAME"),
            )
        },
    )
}

/// Writes each error at its place, and an empty set, so that one mistake does not cause further errors.
pub(crate) fn errors(
    krate: Option<TokenStream>,
    errors: impl IntoIterator<Item = (Span, String)>,
) -> TokenStream {
    let errors =
        errors.into_iter().map(|(span, message)| quote_spanned!(span=> ::core::compile_error!(#message);));
    expansion(krate, quote!(#(#errors)* __gapless::nothing()))
}

/// Writes a block in which `__gapless` names the runtime's hidden items of this version.
fn expansion(krate: Option<TokenStream>, body: TokenStream) -> TokenStream {
    let krate = krate.unwrap_or_else(|| quote!(::gapless));
    let version = version();
    quote! {{
        use #krate::__private::#version as __gapless;
        #body
    }}
}

/// Puts the runtime's hidden items into a module that belongs to this version of the macro.
pub(crate) fn versioned(items: TokenStream) -> TokenStream {
    let version = version();
    quote!(pub mod #version { #items })
}

fn version() -> Ident {
    format_ident!("v{}", env!("CARGO_PKG_VERSION").replace(['.', '-', '+'], "_"))
}

/// Writes a warning: a macro on stable Rust warns by using a deprecated item.
fn deprecated(index: usize, Warning { name, span, note }: &Warning) -> TokenStream {
    let name = if index == 0 { (*name).to_owned() } else { format!("{name}_{}", index + 1) };
    let name = Ident::new(&name, *span);
    let used = quote_spanned!(*span=> #name(););
    quote!(#[deprecated(note = #note)] const fn #name() {} #used)
}

fn rename(rename: &Rename) -> TokenStream {
    let (from, to) = (rename.from(), rename.to().number());
    let old = option(rename.from_stem().map(|(version, name)| {
        let version = version.number();
        quote!((#version, #name))
    }));
    quote!(__gapless::rename(#from, #old, #to))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(__gapless::None), |value| quote!(__gapless::Some(#value)))
}

/// Returns the variant of an enum without data, which its `Debug` names.
fn variant(value: impl std::fmt::Debug) -> Ident {
    format_ident!("{}", format!("{value:?}"))
}
