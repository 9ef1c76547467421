//! Validates the versions and the code that the caller names.

use std::collections::BTreeMap;

use gapless_core::{MigrationSet, Syntax, Version};

use crate::code::Code;
use crate::report::error::{Error, ErrorKind};
use crate::runner::options::Options;

/// Refuses a set whose `dialect` names other databases: its statements may mean something else here.
pub(super) fn check_dialect(set: Syntax, database: Syntax) -> Result<(), Error> {
    match (set.database(), database.database()) {
        (Some(named), Some(met)) if named != met => {
            Err(Error::new(ErrorKind::OtherDialect { set: named, database: met }))
        }
        _ => Ok(()),
    }
}

/// Fails unless each named version is embedded and fits its option.
pub(super) fn check(
    set: &MigrationSet,
    options: &Options,
    codes: &BTreeMap<Version, Code>,
) -> Result<(), Error> {
    if let Some(target) = options.target.filter(|target| set.find(*target).is_none()) {
        return Err(Error::new(ErrorKind::Target(target)));
    }
    let unknown = |what, version: &Version| {
        let kind = ErrorKind::NotEmbedded { what, version: *version };
        set.find(*version).is_none().then(|| Error::new(kind))
    };
    let named = options.accept.iter().map(|version| ("accept", version));
    let named = named.chain(codes.keys().map(|version| ("code", version)));
    let reconciled = options.reconcile.iter().flat_map(|reconcile| reconcile.versions());
    let mut named = named.chain(reconciled.map(|version| ("reconcile", version)));
    if let Some(error) = named.find_map(|(what, version)| unknown(what, version)) {
        return Err(error);
    }
    let plain = |version: &&Version| set.find(**version).is_some_and(|found| !found.directives().rust());
    if let Some(version) = codes.keys().find(plain) {
        return Err(Error::new(ErrorKind::NotRust(*version)));
    }
    let outside =
        |version: &Version| set.find(*version).is_some_and(|found| found.directives().no_transaction());
    let unfit = |(version, code): &(&Version, &Code)| code.is_outside() != outside(version);
    if let Some((version, code)) = codes.iter().find(unfit) {
        return Err(Error::new(ErrorKind::UnfitCode { version: *version, outside: code.is_outside() }));
    }
    if let Some(reconcile) =
        options.reconcile.iter().find(|one| one.tables.is_empty() || one.versions().is_empty())
    {
        return Err(Error::new(ErrorKind::NothingToReconcile(reconcile.versions().first().copied())));
    }
    let Some((version, _)) = options.resolve else { return Ok(()) };
    // A release may have begun it outside of a transaction, even if it runs in one now.
    match set.find(version) {
        None => Err(Error::new(ErrorKind::Resolve(version, "the version is not embedded"))),
        Some(_) => Ok(()),
    }
}
