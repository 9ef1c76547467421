//! The conformance suite, which holds with every driver. A driver runs it with `conformance!(TheDriver);`.

mod adopting;
mod applying;
mod baselines;
mod coding;
mod contradicting;
mod failing;
mod forgotten;
mod histories;
mod late;
mod racing;
mod repairing;
mod returning;
mod stepwise;
mod surveying;
mod trying;

use gapless::{Error, MigrationSet, Report};

use crate::driver::Driver;

const SET: &str = "SELECT version, name FROM applied_migrations ORDER BY version";

/// Versions that a report or an error says were applied.
fn versions(applied: &[gapless::Applied]) -> Vec<i64> {
    applied.iter().map(|applied| applied.version().number()).collect()
}

fn run<D: Driver>(client: &mut D::Client, set: &MigrationSet) -> Result<Report, Error> {
    D::run(client, set.runner())
}

fn rows<D: Driver>(client: &mut D::Client, sql: &str) -> Vec<String> {
    D::sql(client, sql).unwrap_or_else(|error| panic!("{error} in {sql}"))
}

/// The journal's rows, without those of single statements where every script that holds DDL has some.
fn outcomes<D: Driver>(client: &mut D::Client, columns: &str) -> Vec<String> {
    let steps = if D::DDL_COMMITS { "event IN ('started', 'statement_begun', 'statement')" } else { "1 = 0" };
    let sql = format!("SELECT {columns} FROM applied_migrations_journal WHERE NOT ({steps}) ORDER BY id");
    rows::<D>(client, &sql)
}

/// A plan in words that all databases share: where DDL commits at once, most migrations run statement by statement.
fn shown(plan: &gapless::Plan) -> String {
    plan.to_string().replace(" (statement by statement)", "")
}

/// The session is as it should be after any run: outside of a transaction, and able to run again.
fn assert_clean<D: Driver>(client: &mut D::Client) {
    D::sql(client, "BEGIN").expect("no transaction is open");
    D::sql(client, "ROLLBACK").expect("a transaction is ended");
}

macro_rules! suite {
    (($d:tt) $($module:ident: $($case:ident)*;)*) => {
        /// Runs one case.
        pub fn case<D: Driver>(name: &str) {
            match name {
                $($(stringify!($case) => $module::$case::<D>(),)*)*
                _ => panic!("no case {name}"),
            }
        }

        /// A test for each case, with this driver.
        #[macro_export]
        macro_rules! conformance {
            ($d driver:ty) => {
                $($(
                    #[test]
                    fn $case() {
                        $crate::conformance::case::<$d driver>(stringify!($case));
                    }
                )*)*
            };
        }
    };
}

suite! {
    ($)
    applying:
        an_empty_database_is_brought_up_to_date
        a_second_run_has_nothing_to_do
        an_empty_set_touches_nothing
        a_late_version_is_applied_and_reported
        a_target_holds_back_what_is_beyond
        names_of_the_tracker_are_quoted
        a_set_without_a_journal_is_accepted
        scripts_may_end_as_they_like
        planning_and_verifying_leave_no_trace
        events_tell_what_happens
        hundreds_are_applied_in_few_messages
    ;
    trying:
        a_dry_run_is_true_and_leaves_no_trace
        a_dry_run_ends_where_it_cannot_try
        a_plan_tells_what_runs_in_one_transaction
    ;
    contradicting:
        an_edited_migration_is_refused
        a_renamed_migration_is_refused
        an_unknown_checksum_is_no_drift
        a_newer_release_may_have_been_here
        a_late_version_of_a_newer_release_is_ahead_too
        a_lost_file_is_refused
        every_conflict_is_reported_at_once
        out_of_order_can_be_refused
        a_foreign_table_is_named
        a_tracker_without_a_key_is_refused
        a_target_must_be_embedded
        impossible_names_are_refused
    ;
    failing:
        a_failure_keeps_what_came_before
        a_syntax_error_keeps_what_came_before
        a_failure_is_shown_with_its_line
        a_refusal_has_the_driver_s_error_as_its_source
        a_fixed_file_is_applied
        a_failed_commit_is_the_migrations_failure
        a_read_only_connection_boots_when_current
        a_transaction_of_the_callers_is_left_alone
        a_set_read_by_other_rules_is_read_again
        a_set_for_other_databases_is_refused
        a_script_that_removes_its_record_fails
        a_recorded_migration_is_not_blamed
        a_failure_gives_the_lock_back
    ;
    adopting:
        a_counter_is_adopted
        a_renamed_counter_counts_by_its_own_numbers
        a_dirty_counter_is_refused
        a_set_is_adopted_through_renames
        an_entry_without_a_file_is_refused
        a_table_of_another_tool_is_named
        nothing_is_adopted_twice
        excepted_versions_are_applied
        the_tools_table_is_created_on_a_fresh_database
        a_table_that_was_created_is_no_history
        a_table_that_is_there_is_not_created
    ;
    forgotten:
        a_history_that_nothing_adopts_is_refused
        a_history_of_something_else_is_ignored_on_demand
        an_empty_table_of_another_tool_is_no_history
        a_tracker_that_is_empty_again_is_ours
        a_reconciled_history_needs_no_adoption
    ;
    late:
        an_answer_about_an_earlier_state_is_refused
        a_rollback_is_the_one_that_was_planned
        a_run_is_the_one_that_was_planned
        a_repair_is_the_one_that_was_planned
    ;
    histories:
        a_name_that_changed_is_recorded
        a_version_that_changed_is_recorded
        a_row_under_both_names_goes
        two_may_change_places
        an_older_release_knows_its_own_names
        a_tombstone_is_safe_everywhere
        existing_tables_are_recorded
        a_renamed_version_is_not_reconciled_again
        some_of_the_tables_are_refused
        an_edit_is_accepted
        a_removed_module_a_renamed_one_and_one_that_was_there
    ;
    returning:
        steps_go_back_and_forth
        a_rollback_to_a_version
        a_migration_without_a_down_file_is_refused_before_anything
        a_later_migration_that_stays_blocks_a_rollback
        a_migration_under_a_half_done_one_stays
        an_unproven_row_is_refused
        an_edited_migration_is_redone
        a_failing_down_script_keeps_the_row
        a_failing_down_script_of_dml_keeps_the_row
        a_rollback_outside_of_a_transaction_is_resumed
    ;
    baselines:
        an_empty_database_begins_at_the_baseline
        a_database_with_history_never_sees_it
        a_squashed_history_is_known
        an_older_release_than_a_baseline_is_refused
        a_late_file_below_the_baseline_is_applied
        a_migration_renamed_below_a_baseline_is_not_run
        a_baseline_is_verified
    ;
    coding:
        code_runs_in_the_migrations_transaction
        code_that_fails_leaves_nothing
        code_that_is_missing_is_an_error
    ;
    racing:
        replicas_rename_and_adopt_once
        cold_starts_do_not_collide
        the_fence_alone_is_enough
        runners_share_a_late_version
    ;
    repairing:
        a_repair_applies_nothing_else
        a_repair_adopts_and_leaves_the_rest_pending
        other_contradictions_do_not_stand_in_the_way
        a_resolved_migration_is_gone_on_with_alone
        a_repair_with_nothing_to_do_writes_nothing
    ;
    stepwise:
        statements_run_one_by_one_and_are_journaled
        steps_begun_under_a_newer_name_are_not_begun_anew
        a_failed_statement_is_where_the_next_run_goes_on
        a_statement_in_doubt_stops_the_next_run
        a_statement_that_a_transaction_takes_is_never_in_doubt
        a_rerunnable_statement_in_doubt_is_repeated
        edits_above_the_stop_are_refused
        transactional_neighbours_keep_their_order
        rolled_back_steps_run_again
        nothing_is_resolved_that_was_not_interrupted
        replicas_do_not_share_steps
        a_failed_statement_can_be_resolved
    ;
    surveying:
        the_status_of_an_empty_database_is_all_pending
        the_status_tells_of_applied_rows
        the_status_shows_contradictions
        the_status_tells_of_late_and_held_back_versions
        the_status_tells_of_tries_that_did_not_end
        the_status_follows_renames
        the_status_knows_baselines
        the_status_knows_a_newer_release
        the_status_does_without_a_journal
    ;
}
