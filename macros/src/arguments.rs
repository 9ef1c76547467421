//! Parses the arguments of the macro.

use gapless_core::{Layout, Pattern, Rules, Syntax};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token};

/// The arguments between the parentheses.
pub(crate) struct Arguments {
    sources: Vec<(Pattern, Span)>,
    pub(crate) rules: Rules,
    /// The path after `crate =`.
    pub(crate) krate: Option<TokenStream>,
    /// The names of the arguments that were given.
    given: Vec<Ident>,
}

impl Arguments {
    pub(crate) fn patterns(&self) -> Vec<Pattern> {
        self.sources.iter().map(|(pattern, _)| pattern.clone()).collect()
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, Span)> {
        self.sources.iter().map(|(pattern, span)| (pattern.as_str(), *span))
    }

    /// Returns the span of this pattern's literal.
    pub(crate) fn span(&self, pattern: usize) -> Span {
        self.sources.get(pattern).map_or_else(Span::call_site, |(_, span)| *span)
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Arguments> {
        let mut arguments =
            Arguments { sources: Vec::new(), rules: Rules::default(), krate: None, given: Vec::new() };
        let mut errors: Option<syn::Error> = None;
        while !input.is_empty() {
            if let Err(error) = arguments.argument(input) {
                // The rest of this argument is a consequence; the next one may be at fault too.
                until_comma(input)?;
                match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if arguments.sources.is_empty() {
            let pattern = Pattern::new("migrations").map_err(|error| input.error(error))?;
            arguments.sources.push((pattern, Span::call_site()));
        }
        errors.map_or(Ok(arguments), Err)
    }
}

impl Arguments {
    fn argument(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        if input.peek(LitStr) {
            let literal: LitStr = input.parse()?;
            if !literal.suffix().is_empty() {
                return Err(syn::Error::new(literal.span(), "expected a plain string without a suffix"));
            }
            let pattern =
                Pattern::new(&literal.value()).map_err(|error| syn::Error::new(literal.span(), error))?;
            self.sources.push((pattern, literal.span()));
            return Ok(());
        }
        if input.peek(Token![crate]) {
            let keyword = input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            let path = until_comma(input)?;
            let named = path.clone().into_iter().any(|token| matches!(token, TokenTree::Ident(_)));
            if !named || path.clone().into_iter().any(|token| matches!(token, TokenTree::Literal(_))) {
                let expected = "expected a path after `crate =`, as in `crate = ::renamed`";
                return Err(syn::Error::new(keyword.span, expected));
            }
            self.krate = Some(path);
            return Ok(());
        }
        let expected =
            "expected a directory as a string, `dialect = \"...\"`, `layout = \"...\"` or `crate = path`";
        let name: Ident = input.parse().map_err(|error| syn::Error::new(error.span(), expected))?;
        if name != "dialect" && name != "layout" {
            return Err(syn::Error::new(name.span(), expected));
        }
        input.parse::<Token![=]>()?;
        let value: LitStr = input.parse()?;
        if self.given.contains(&name) {
            return Err(syn::Error::new(name.span(), format!("`{name}` is given twice")));
        }
        let dialect = name == "dialect";
        self.given.push(name);
        if dialect { self.dialect(&value) } else { self.layout(&value) }
    }

    fn dialect(&mut self, value: &LitStr) -> syn::Result<()> {
        self.rules.syntax = Syntax::named(&value.value()).ok_or_else(|| {
            let known = "expected \"postgres\", \"sqlite\", \"mysql\" or \"mariadb\"";
            let meant = Syntax::meant(&value.value());
            let help = meant.map_or_else(|| known.to_owned(), |meant| format!("write \"{meant}\"; {known}"));
            syn::Error::new(value.span(), format!("unknown dialect {:?}\nhelp: {help}", value.value()))
        })?;
        Ok(())
    }

    fn layout(&mut self, value: &LitStr) -> syn::Result<()> {
        self.rules.layout = Layout::named(&value.value()).ok_or_else(|| {
            let known = Layout::names().collect::<Vec<_>>().join("`, `");
            syn::Error::new(
                value.span(),
                format!("unknown layout {:?}\nhelp: expected one of `{known}`", value.value()),
            )
        })?;
        Ok(())
    }
}

fn until_comma(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}
