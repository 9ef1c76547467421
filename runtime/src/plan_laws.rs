//! Laws of the plan, whatever is embedded and whatever is applied.

use gapless_core::{MigrationSet, Version};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::history::{History, Row};
use crate::options::{Options, Unknown};
use crate::plan::{Plan, plan};

/// Versions that are embedded; what is applied, in order, some of it not embedded.
fn worlds() -> impl Strategy<Value = (Vec<i64>, Vec<i64>)> {
    (btree_set(0i64..20, 0..12), btree_set(0i64..20, 0..12), vec(any::<Index>(), 12)).prop_map(
        |(embedded, applied, order)| {
            let mut rest: Vec<_> = applied.into_iter().collect();
            let mut applied = Vec::new();
            for index in order {
                if !rest.is_empty() {
                    applied.push(rest.remove(index.index(rest.len())));
                }
            }
            (embedded.into_iter().collect(), applied)
        },
    )
}

fn set_of(versions: &[i64]) -> MigrationSet {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("m")).unwrap();
    for version in versions {
        std::fs::write(root.path().join(format!("m/{version}_x.sql")), format!("SELECT {version}")).unwrap();
    }
    let pattern = gapless_core::Pattern::new("m").unwrap();
    MigrationSet::scan(root.path(), &[pattern], gapless_core::Syntax::Shared).unwrap()
}

fn history_of(versions: &[i64]) -> History {
    let row =
        |number: &i64| Row { version: Version::new(*number).unwrap(), name: "x".into(), checksum: None };
    History::new(versions.iter().map(row).collect())
}

fn numbers(plan: &Plan) -> Vec<i64> {
    plan.pending().iter().map(|pending| pending.version().number()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Pending is embedded minus applied, ascending, whatever the order of either.
    #[test]
    fn nothing_is_skipped((embedded, applied) in worlds()) {
        let options = Options { unknown: Unknown::Allow, ..Options::default() };
        let plan = plan(&set_of(&embedded), &history_of(&applied), &options).unwrap();
        let missing: Vec<_> = embedded.iter().copied().filter(|number| !applied.contains(number)).collect();
        prop_assert_eq!(numbers(&plan), missing);
        let highest = applied.iter().max();
        for pending in plan.pending() {
            prop_assert_eq!(pending.out_of_order(), Some(&pending.version().number()) < highest);
        }
        prop_assert_eq!(plan.applied() + plan.pending().len(), embedded.len());
    }

    /// Applying the plan leaves nothing to plan.
    #[test]
    fn one_plan_is_enough((embedded, applied) in worlds()) {
        let options = Options { unknown: Unknown::Allow, ..Options::default() };
        let set = set_of(&embedded);
        let first = plan(&set, &history_of(&applied), &options).unwrap();
        let after: Vec<_> = applied.iter().copied().chain(numbers(&first)).collect();
        prop_assert!(plan(&set, &history_of(&after), &options).unwrap().is_empty());
    }

    /// A release that was there before boots on everything that newer releases, which know all of
    /// its migrations, have added: whatever their versions.
    #[test]
    fn a_rollback_boots(known in btree_set(0i64..20, 1..8), newer in btree_set(0i64..20, 0..8)) {
        let known: Vec<_> = known.into_iter().collect();
        let later = newer.into_iter().filter(|number| !known.contains(number));
        let applied: Vec<_> = known.iter().copied().chain(later).collect();
        let plan = plan(&set_of(&known), &history_of(&applied), &Options::default());
        prop_assert!(plan.unwrap().is_empty());
    }

    /// A target holds back what is beyond it, and nothing else.
    #[test]
    fn a_target_splits_the_plan((embedded, applied) in worlds(), pick in any::<Index>()) {
        prop_assume!(!embedded.is_empty());
        let target = embedded[pick.index(embedded.len())];
        let set = set_of(&embedded);
        let history = history_of(&applied);
        let all = plan(&set, &history, &Options { unknown: Unknown::Allow, ..Options::default() }).unwrap();
        let options = Options { unknown: Unknown::Allow, target: Version::new(target), ..Options::default() };
        let some = plan(&set, &history, &options).unwrap();
        let below: Vec<_> = numbers(&all).into_iter().filter(|number| *number <= target).collect();
        prop_assert_eq!(numbers(&some), below);
        prop_assert_eq!(some.held_back() + some.pending().len(), all.pending().len());
    }
}
