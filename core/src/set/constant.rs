//! Returns the text of a `Cow` while a constant is evaluated.

use std::borrow::Cow;

#[expect(clippy::panic, reason = "while a crate compiles, a panic is the error that its author sees")]
#[expect(clippy::ptr_arg, reason = "only the Cow tells whether the text is a constant")]
pub(crate) const fn constant(text: &Cow<'static, str>) -> &'static str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(_) => panic!("only sets of `embed_migrations!` are merged at compile time"),
    }
}
