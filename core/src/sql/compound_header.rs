//! Finds where the body of a routine, a trigger or an event of MySQL begins, which need not be a block.

use super::compound::{At, Compound, Kind, Last, Piece};
use super::token::TokenKind;

/// The place in the head of a statement that may have a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// Behind `CREATE` or `ALTER`, before the kind of object.
    Kind,
    /// Behind `DEFINER =`, before the user.
    Definer,
    /// In the name and the parameters of a routine.
    Routine,
    /// In the type and the characteristics of a routine.
    Traits(Expected),
    /// In `FOR EACH ROW`, behind so many of these words.
    Trigger(u8),
    /// Behind `FOR EACH ROW`, where another trigger may be named.
    Order,
    OrderName,
    OrderNamed,
    Event {
        named: bool,
    },
    Package {
        named: bool,
    },
}

/// The token that a characteristic of a routine lets follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Any,
    /// A name or a value.
    Value,
    /// `SET`, behind `CHARACTER`.
    Set,
}

/// The words of a routine's type and characteristics that nothing must follow. None of them can be a label.
const TRAITS: [&str; 24] = [
    "ASCII",
    "BINARY",
    "BYTE",
    "COMMENT",
    "CONTAINS",
    "DATA",
    "DEFINER",
    "DETERMINISTIC",
    "INVOKER",
    "MODIFIES",
    "NATIONAL",
    "NO",
    "NOT",
    "PRECISION",
    "READS",
    "SECURITY",
    "SIGNED",
    "SQL",
    "UNICODE",
    "UNSIGNED",
    "VARBINARY",
    "VARCHAR",
    "VARYING",
    "ZEROFILL",
];

impl Compound {
    pub(super) fn creates(&mut self) {
        self.at = At::Head(Head::Kind);
    }

    pub(super) fn names_routine(&mut self) {
        self.at = At::Head(Head::Routine);
    }

    /// Takes a parenthesis that closes the last one.
    pub(super) fn closed(&mut self) {
        if self.at == At::Head(Head::Routine) {
            self.at = At::Head(Head::Traits(Expected::Any));
        }
    }

    pub(super) fn head(&mut self, piece: Piece<'_>, head: Head) {
        match head {
            Head::Kind => self.kind(piece),
            Head::Definer if piece.may_name() => self.at = At::Head(Head::Kind),
            Head::Definer => {}
            Head::Routine if piece.is("RETURNS") => self.at = At::Head(Head::Traits(Expected::Value)),
            Head::Routine => {}
            Head::Traits(expected) => self.traits(piece, expected),
            Head::Trigger(words) => self.trigger(piece, words),
            Head::Order if piece.is_any(&["FOLLOWS", "PRECEDES"]) => self.at = At::Head(Head::OrderName),
            Head::OrderName => self.at = At::Head(Head::OrderNamed),
            Head::OrderNamed if piece.text == "." => self.at = At::Head(Head::OrderName),
            Head::Order | Head::OrderNamed => self.body(piece),
            Head::Event { named: true } if piece.is("DO") => {
                self.body = true;
                self.at = At::Start;
            }
            Head::Event { named } => {
                let named = named || is_name(piece);
                self.at = At::Head(Head::Event { named });
            }
            Head::Package { named: true }
                if piece.is_any(&["BEGIN", "DECLARE", "END", "FUNCTION", "PROCEDURE"]) =>
            {
                self.start(piece);
            }
            Head::Package { named } => {
                let named = named || (is_name(piece) && !piece.is("BODY"));
                self.at = At::Head(Head::Package { named });
            }
        }
    }

    /// Begins the body.
    fn body(&mut self, piece: Piece<'_>) {
        self.body = true;
        self.start(piece);
    }

    /// Takes what stands before the kind of object: `OR REPLACE`, `AGGREGATE`, `DEFINER = user@host`.
    fn kind(&mut self, piece: Piece<'_>) {
        self.at = match &*piece.word.to_ascii_uppercase() {
            "DEFINER" => At::Head(Head::Definer),
            "FUNCTION" | "PROCEDURE" => At::Head(Head::Routine),
            "TRIGGER" => At::Head(Head::Trigger(0)),
            "EVENT" => At::Head(Head::Event { named: false }),
            "PACKAGE" => {
                return self.open_block(Kind::Package, At::Head(Head::Package { named: false }), piece.token);
            }
            // A host has no word: it follows an `@` or a dot.
            "" | "OR" | "REPLACE" | "AGGREGATE" => At::Head(Head::Kind),
            _ => At::Simple,
        };
    }

    fn traits(&mut self, piece: Piece<'_>, expected: Expected) {
        let next = match expected {
            Expected::Value => Some(Expected::Any),
            Expected::Set if piece.is("SET") => Some(Expected::Value),
            _ if piece.is_any(&["CHARSET", "COLLATE", "LANGUAGE", "OF", "RETURNS"]) => Some(Expected::Value),
            _ if piece.is_any(&["CHAR", "CHARACTER"]) => Some(Expected::Set),
            _ if piece.is_any(&TRAITS) || piece.token.kind == TokenKind::Text => Some(Expected::Any),
            // A part of a qualified name, and the type of `LONG` and `TYPE OF`.
            _ if piece.text == "." || self.last == Last::Qualifier => Some(Expected::Any),
            _ => None,
        };
        // The first word of the type may be the one before `SET`.
        let charset = expected == Expected::Value && piece.is_any(&["CHAR", "CHARACTER"]);
        match next {
            Some(_) if charset => self.at = At::Head(Head::Traits(Expected::Set)),
            Some(next) => self.at = At::Head(Head::Traits(next)),
            None => self.body(piece),
        }
    }

    fn trigger(&mut self, piece: Piece<'_>, words: u8) {
        self.at = At::Head(match words {
            _ if piece.is("FOR") => Head::Trigger(1),
            1 if piece.is("EACH") => Head::Trigger(2),
            2 if piece.is("ROW") => Head::Order,
            _ => Head::Trigger(0),
        });
    }
}

/// Returns true for the name of an object, before which `IF NOT EXISTS` may stand.
fn is_name(piece: Piece<'_>) -> bool {
    piece.may_name() && !piece.is_any(&["IF", "NOT", "EXISTS"])
}
