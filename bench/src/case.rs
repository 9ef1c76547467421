//! The state of the database when a program starts.

/// How many migrations are applied, and how many the program embeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Applied before.
    pub applied: u64,
    /// In the program.
    pub embedded: u64,
    /// True if it ends as soon as it is connected.
    pub connects_only: bool,
}

impl Case {
    /// A program that connects and ends.
    pub const CONNECT: Case = Case { applied: 0, embedded: 1, connects_only: true };

    /// Nothing to do.
    pub fn current(applied: u64) -> Case {
        Case { applied, embedded: applied, connects_only: false }
    }

    /// Something to do.
    pub fn pending(pending: u64, applied: u64) -> Case {
        Case { applied, embedded: applied + pending, connects_only: false }
    }

    /// How many there are to apply.
    pub fn to_apply(self) -> u64 {
        if self.connects_only { 0 } else { self.embedded - self.applied }
    }

    /// Returns its name in the tables.
    pub fn name(self) -> String {
        match (self.connects_only, self.applied, self.to_apply()) {
            (true, ..) => "connect only".to_owned(),
            (_, applied, 0) => format!("nothing to do, {applied} applied"),
            (_, 0, pending) => format!("{pending} pending, empty database"),
            (_, _, pending) => format!("{pending} pending"),
        }
    }
}
