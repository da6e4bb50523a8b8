//! What every store must do, whatever database it is made of. A further implementation adds a
//! [`Bench`] and a line of [`conformance!`]; the cases stay as they are.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

mod alerts;
mod answers;
mod import;
mod ledger;
mod ledger_model;
mod model;
mod nodes;
mod payouts;
mod receipts;
mod registrations;
mod registrations_model;
mod samples;
mod settle;
mod settle_model;
mod transfers;

use modregn::domain::Miljoe;
use modregn::store::{SqliteStore, Store};

/// Opens one and the same store as often as it is asked.
trait Bench {
    fn open(&self) -> Box<dyn Store>;

    /// One with a store of its own, with nothing in it.
    fn another(&self) -> Box<dyn Bench>;
}

struct Sqlite(tempfile::TempDir);

impl Bench for Sqlite {
    fn open(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.0.path().join("store.db"), Miljoe::Test).unwrap())
    }

    fn another(&self) -> Box<dyn Bench> {
        Box::new(Self(tempfile::tempdir().unwrap()))
    }
}

/// One test for each case and store.
macro_rules! conformance {
    ($store:ident by $make:expr; $($room:ident: $($case:ident)+;)+) => {
        mod $store {
            $(mod $room {
                $(#[test]
                fn $case() {
                    crate::$room::$case(&$make);
                })+
            })+
        }
    };
}

conformance! {
    sqlite by crate::Sqlite(tempfile::tempdir().unwrap());
    import: new_changed_unchanged_and_removed_are_told_apart every_column_comes_back
        replace_takes_away_what_it_does_not_name a_removed_agreement_can_come_back
        nothing_happens_unless_accepted a_dropped_import_has_not_happened
        an_id_that_stands_twice_is_told_with_its_lines
        agreements_come_in_the_order_of_answers others_may_write_while_one_is_read;
    answers: marks_what_is_active_and_nothing_else transactions_come_in_order_without_gaps
        a_municipality_without_agreements_gets_an_empty_answer
        the_same_request_again_changes_nothing_and_is_owed_again
        another_request_under_a_known_id_changes_nothing
        an_answer_stays_what_it_was_whatever_is_imported
        requests_do_not_mix preview_commits_nothing the_other_miljoe_is_refused
        only_a_fetched_file_is_answered a_visitor_can_stop_the_stream
        an_answer_survives_a_kill a_rule_holds_an_answer_before_anything_is_marked
        a_cancelled_answer_is_owed_again_only_when_released an_agreements_path_is_told;
    model: expectations_are_those_of_a_naive_model;
    settle: every_expectation_gets_its_outcome the_same_report_again_is_known
        corrections_are_applied_in_order a_report_finds_its_expectations
        what_is_objected_to_is_left_out what_stays_out_is_noted_once_and_settled_late
        figures_are_filtered only_a_fetched_report_is_applied
        what_was_reported_of_an_agreement_is_told;
    settle_model: figures_are_those_of_a_naive_model;
    ledger: a_transfer_is_entered_and_answered
        the_same_registration_again_gets_its_first_answer a_dropped_transfer_has_not_happened
        a_known_transfer_is_recognised_and_owed_again only_a_fetched_transfer_is_entered
        what_ends_and_what_waits_is_entered;
    ledger_model: answers_and_restancer_are_those_of_a_naive_model;
    transfers: a_file_is_seen_once_until_it_is_done a_step_is_journalled
        a_step_from_another_state_is_refused an_impossible_step_is_refused
        what_a_step_makes_known_stays_known failed_tries_are_counted_until_asked_for_anew
        the_earlier_file_of_a_place_is_found transfers_are_filtered
        transfers_come_by_page files_are_found_by_the_beginning_of_their_name
        the_census_counts_and_dates a_store_remembers;
    nodes: only_one_process_has_a_file a_listing_from_before_shows_nothing_new
        what_the_dead_had_is_free an_answer_belongs_to_who_made_it_until_it_rests
        an_operators_step_says_who_and_why the_last_look_into_an_inbox_is_remembered
        an_endpoint_is_paused_once_and_resumed_once
        the_log_verifies_as_it_was_written;
    receipts: an_acceptance_owes_the_sender_one_receipt a_rejection_is_told_with_its_reason
        a_delivery_is_known_again the_file_that_a_receipt_means_is_found
        a_receipt_and_what_it_moves_are_one_step;
    payouts: a_payout_is_told_for_all_municipalities_at_once
        files_of_nobody_known_are_told_by_when_they_came what_an_operator_rejected_is_settled
        a_payout_s_mark_changes_with_its_figures the_store_s_mark_grows_with_what_is_counted;
    registrations: one_of_a_konto_leaves_at_a_time a_rejected_one_keeps_the_later_ones_back
        answers_that_were_given_change_nothing a_cancelled_transfer_gives_its_registrations_back
        what_is_wrong_together_is_told figures_say_where_they_stand
        rejected_ones_come_in_pages;
    registrations_model: registrations_go_the_way_of_a_naive_model;
    alerts: an_alert_is_raised_once_and_told_in_the_log an_alert_is_handed_over_by_one_process
        an_alert_is_told_again_until_it_is_sent;
}
