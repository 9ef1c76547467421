//! The names of the rules, which are on, and which of squawk's are left out.

use std::collections::BTreeSet;

use squawk_linter::Rule;

use super::advice::advice;
use super::own;

/// Rules of squawk that contradict how gapless runs a file, and why.
pub(crate) const DROPPED: [(&str, &str); 7] = [
    ("ban-concurrent-index-creation-in-transaction", "the build refuses it, and names `no-transaction`"),
    ("ban-uncommitted-transaction", "the build refuses `BEGIN`; the run commits each file"),
    ("prefer-repack", "it needs the `REPACK` of Postgres 19"),
    (
        "prefer-robust-stmts",
        "a failed file leaves nothing behind, and outside of a transaction each statement is journaled; \
         `IF NOT EXISTS` would take an invalid index for a sound one",
    ),
    (
        "require-lock-timeout",
        "ours of the same name knows the directive `lock-timeout`, and tables that are new",
    ),
    ("require-timeout-settings", "it stands for the two rules about timeouts"),
    ("transaction-nesting", "the build refuses `BEGIN` and `COMMIT`; the run has a transaction of its own"),
];

/// Every rule that may be named, in alphabetical order.
pub(crate) fn all() -> BTreeSet<&'static str> {
    let squawk = NAMES.iter().copied().filter(|name| !is_dropped(name));
    own::RULES.iter().map(|(name, ..)| *name).chain(squawk).collect()
}

/// True if the rule is one of squawk's that are left out.
pub(super) fn is_dropped(name: &str) -> bool {
    DROPPED.iter().any(|(dropped, _)| *dropped == name)
}

/// The page that explains a rule of squawk's.
pub(super) fn url(name: &str) -> Option<String> {
    let own = own::RULES.iter().any(|(own, ..)| *own == name);
    (!own).then(|| format!("https://squawkhq.com/docs/{name}"))
}

/// The row of a rule in the list of rules: its name, its level, and `on` or `off`.
pub(crate) fn row(name: &str) -> [String; 3] {
    let own = own::RULES.iter().find(|(own, ..)| *own == name);
    let level = own.map_or_else(|| advice(name).0, |(_, level, _)| *level);
    let on = if own.is_some() || !is_optional(name) { "on" } else { "off" };
    [name.to_owned(), level.to_string(), on.to_owned()]
}

/// True if a rule of squawk's is off by default. How long a statement may take, only its table can say.
fn is_optional(name: &str) -> bool {
    name == "require-statement-timeout" || Rule::try_from(name).is_ok_and(|rule| rule.is_opt_in())
}

/// The rules that are on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Rules of squawk that are off by default.
    pub(crate) include: Vec<String>,
    pub(crate) except: Vec<String>,
}

impl Selection {
    /// Returns the first name that is no rule.
    pub(crate) fn unknown(&self) -> Option<&str> {
        let known = all();
        let mut named = self.include.iter().chain(&self.except).map(String::as_str);
        named.find(|name| !known.contains(name))
    }

    /// True if the rule is on.
    pub(super) fn has(&self, rule: &str) -> bool {
        let own = own::RULES.iter().any(|(own, ..)| *own == rule);
        let named = |list: &[String]| list.iter().any(|name| name == rule);
        !named(&self.except) && (own || (!is_dropped(rule) && (!is_optional(rule) || named(&self.include))))
    }

    /// The rules of squawk that are on.
    pub(super) fn squawk(&self) -> impl Iterator<Item = Rule> {
        let on = NAMES.iter().filter(|name| !is_dropped(name) && self.has(name));
        on.filter_map(|name| Rule::try_from(*name).ok())
    }
}

/// The rules of squawk 2.68, which has no list of their names.
const NAMES: [&str; 77] = [
    "adding-field-with-default",
    "adding-foreign-key-constraint",
    "adding-not-nullable-field",
    "adding-required-field",
    "adding-serial-primary-key-field",
    "ban-add-column",
    "ban-add-composite-attribute",
    "ban-add-enum-value",
    "ban-alter-database-options",
    "ban-alter-domain-with-add-constraint",
    "ban-alter-extension",
    "ban-alter-function-options",
    "ban-alter-generated-expression",
    "ban-alter-identity",
    "ban-alter-policy-condition",
    "ban-alter-policy-roles",
    "ban-alter-role-options",
    "ban-alter-row-level-security",
    "ban-alter-sequence-values",
    "ban-alter-system-options",
    "ban-alter-view-options",
    "ban-char-field",
    "ban-concurrent-index-creation-in-transaction",
    "ban-create-domain-with-constraint",
    "ban-create-policy",
    "ban-detach-inheritance",
    "ban-disable-trigger",
    "ban-drop-column",
    "ban-drop-constraint",
    "ban-drop-database",
    "ban-drop-default",
    "ban-drop-domain",
    "ban-drop-extension",
    "ban-drop-function",
    "ban-drop-generated-expression",
    "ban-drop-index",
    "ban-drop-not-null",
    "ban-drop-policy",
    "ban-drop-schema",
    "ban-drop-sequence",
    "ban-drop-table",
    "ban-drop-trigger",
    "ban-drop-type",
    "ban-drop-view",
    "ban-duplicate-column-assignments",
    "ban-new-write-restriction",
    "ban-replace-view-function",
    "ban-replica-identity",
    "ban-revoke",
    "ban-set-default",
    "ban-set-schema",
    "ban-truncate-cascade",
    "ban-uncommitted-transaction",
    "changing-column-type",
    "constraint-missing-not-valid",
    "disallowed-unique-constraint",
    "identifier-too-long",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-repack",
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "renaming-column",
    "renaming-object",
    "renaming-table",
    "require-concurrent-index-creation",
    "require-concurrent-index-deletion",
    "require-concurrent-partition-detach",
    "require-concurrent-reindex",
    "require-enum-value-ordering",
    "require-lock-timeout",
    "require-statement-timeout",
    "require-table-schema",
    "require-timeout-settings",
    "transaction-nesting",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_rule_of_squawk() {
        for name in NAMES {
            let rule = Rule::try_from(name).expect("squawk knows the name");
            assert_eq!(rule.to_string(), name);
        }
        for (name, _) in DROPPED {
            assert!(NAMES.contains(&name) || own::RULES.iter().any(|(own, ..)| *own == name), "{name}");
        }
    }
}
