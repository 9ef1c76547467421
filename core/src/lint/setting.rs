//! Refuses changes of the settings by which the server reads the statements that follow.

use crate::sql::{DISCARD_LESS, Fault, Statement, TokenKind};

/// A `SET` or a call of `set_config` with its name written out.
pub(crate) struct Setting {
    /// In lower case, because the names of settings have none.
    pub(crate) name: String,
    /// In lower case and without quotes; empty if it is computed.
    value: String,
    /// The token after the name.
    pub(crate) end: usize,
}

impl Setting {
    /// Returns the setting of a `SET`.
    pub(crate) fn of(statement: &Statement<'_>) -> Option<Setting> {
        if !statement.first_is("SET") {
            return None;
        }
        let scoped = ["SESSION", "LOCAL"].iter().any(|word| statement.word_is(1, word));
        let at = if scoped && !matches!(statement.text_of(2), "=" | ".") && !statement.word_is(2, "TO") {
            2
        } else {
            1
        };
        let name = statement.name(at)?;
        let folded = name.folded().to_lowercase();
        if folded == "names" {
            return Some(Setting {
                name: ENCODING.to_owned(),
                value: value(statement, at + 1),
                end: name.next,
            });
        }
        Some(Setting { name: folded, value: value(statement, name.next + 1), end: name.next })
    }

    /// Returns the setting of a call of `set_config` that begins at this token.
    fn called(statement: &Statement<'_>, at: usize) -> Option<Setting> {
        let is_call = statement.word_is(at, "set_config") && statement.text_of(at + 1) == "(";
        let name = value(statement, at + 2);
        is_call.then(|| Setting { name, value: value(statement, at + 4), end: at + 3 })
    }

    /// Returns true if the server reads the statements after it as before.
    fn keeps_reading(&self) -> bool {
        match self.name.as_str() {
            STRINGS => {
                let yes = ["on", "true", "yes", "1"];
                !self.value.is_empty()
                    && yes.iter().any(|yes| yes.starts_with(&*self.value))
                    && self.value != "o"
            }
            ENCODING => {
                let plain: String = self.value.chars().filter(char::is_ascii_alphanumeric).collect();
                matches!(plain.as_str(), "utf8" | "unicode")
            }
            _ => true,
        }
    }
}

/// Returns the string or the word at a token, as a setting takes it.
fn value(statement: &Statement<'_>, at: usize) -> String {
    statement.text_of(at).trim_matches(['\'', '"']).to_lowercase()
}

/// The setting that decides where a string with a backslash ends.
const STRINGS: &str = "standard_conforming_strings";

/// The setting that decides where a character ends: in some encodings a backslash or a quote may be the second half of
/// one.
const ENCODING: &str = "client_encoding";

/// Returns the fault of a statement that makes the server read the statements after it otherwise than they were linted.
/// In a transaction the encoding does not matter: the server reads the whole script before it runs the first statement.
/// Strings would still differ from the file.
pub(crate) fn changed_reading(statement: &Statement<'_>, no_transaction: bool) -> Option<Fault> {
    let matters = |setting: &Setting| !setting.keeps_reading() && (no_transaction || setting.name == STRINGS);
    let calls = || (0..statement.tokens().len()).filter_map(|at| Setting::called(statement, at));
    let set = Setting::of(statement);
    if let Some(setting) = set.iter().find(|set| matters(set)) {
        return Some(refused(statement, setting));
    }
    if let Some(setting) = calls().find(matters) {
        return Some(refused(statement, &setting));
    }
    if !no_transaction || set.is_some() || statement.first_is("SHOW") {
        return None;
    }
    resets(statement).or_else(|| mentions(statement))
}

fn refused(statement: &Statement<'_>, Setting { name, end, .. }: &Setting) -> Fault {
    let (message, help) = if name == STRINGS {
        let message = "the script is always read with `standard_conforming_strings = on`";
        (message, "remove it, and write strings that have escapes as `E'...'`")
    } else {
        ("the statements after it are always sent in UTF-8", "remove it, and keep the file in UTF-8")
    };
    statement.fault(*end, message.to_owned(), help)
}

/// Returns the fault of a statement that resets settings to those of the connection, where the run relies on its own.
fn resets(statement: &Statement<'_>) -> Option<Fault> {
    if statement.begins(&["DISCARD", "ALL"]) {
        return Some(statement.fault(2, "`DISCARD ALL` gives up the run's lock".to_owned(), DISCARD_LESS));
    }
    let all = statement.begins(&["RESET", "ALL"]);
    let named = || {
        statement.name(1).is_some_and(|name| [STRINGS, ENCODING].contains(&&*name.folded().to_lowercase()))
    };
    (statement.first_is("RESET") && (all || named())).then(|| {
        let message = "the server may read the statements after it differently".to_owned();
        statement.fault(2, message, "reset the settings by name that the file has set")
    })
}

/// Returns the fault of a statement that names a setting where the server may change it: in `UPDATE pg_settings`, in
/// `ALTER SYSTEM`, in a body.
fn mentions(statement: &Statement<'_>) -> Option<Fault> {
    let says = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains(STRINGS) || text.contains(ENCODING)
    };
    let token = statement.tokens().iter().find(|token| {
        matches!(token.kind, TokenKind::Word | TokenKind::Identifier | TokenKind::Text)
            && token.end - token.start >= ENCODING.len()
            && says(statement.slice(token.span()))
    })?;
    let message = "the server may read the statements after it differently";
    let help = "move it to a file without `no-transaction`, which is read before it runs";
    Some(Fault::new(message, token.span(), help))
}
