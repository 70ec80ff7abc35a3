//! The one list of cases, each with the clauses that it proves.
//!
//! From this list come the tests of every backend and [`CASES`]. A function of
//! [`cases`](crate::cases) that is missing here fails a test of this crate.

use std::time::Duration;

use crate::harness::{Harness, Tampering};
use crate::runtime::{Start, run_within};

/// One case of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// The module of [`cases`](crate::cases) that it is in.
    pub group: &'static str,
    /// The name of the function: what the case proves.
    pub name: &'static str,
    /// The clauses that it proves, wholly or in part. `Handle` is what
    /// [`SyncLog`](sync_log_core::SyncLog) says about handles.
    pub clauses: &'static [&'static str],
}

/// Passes the list of cases to the macro `$then`, after `$arguments`.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_case {
    ($then:path, $($arguments:tt)*) => {
        $then! { [$($arguments)*]
            plain {
                acks {
                    an_ack_advances_repeats_or_is_stale [K2];
                    an_ack_by_cursor_advances_repeats_or_is_stale [K2];
                    an_ack_at_zero_is_unchanged_at_zero_and_stale_above [K2];
                    the_floor_can_be_acknowledged [K3];
                    an_ack_above_the_head_is_refused [K3];
                    an_ack_between_two_entries_is_refused_not_rounded [K3];
                    an_ack_by_cursor_must_match_log_and_content [K3];
                    an_ack_of_another_devices_stamp_is_refused [K3];
                    a_retired_peer_is_refused_before_the_position [K3];
                    stale_goes_before_unknown [K3];
                }
                admitted {
                    an_admitted_peer_counts_and_has_acknowledged_nothing [K6 K1];
                    an_ack_under_another_admission_is_refused [K6 K3];
                    every_admission_has_its_own_number [K6];
                    who_is_not_retired_is_not_admitted [K6];
                    an_admitted_peer_goes_through_a_snapshot [K6 R2];
                    an_admission_ends_solo [K6 P2];
                    a_higher_admission_of_another_log_is_no_sign [K6];
                    a_higher_admission_leaves_a_verdict [K6];
                }
                anywhere {
                    a_registration_at_any_step_of_a_prune_counts [P4 K1];
                    a_registration_while_a_prune_is_under_way_counts [P4 K1];
                    a_write_at_any_step_of_a_record_keeps_the_order [A1];
                    a_record_while_a_record_is_under_way_keeps_the_order [A1];
                    a_prune_at_any_step_of_a_rewound_read_leaves_no_hole [K2 R2 P4];
                }
                append {
                    stamps_ascend_in_commit_order [A1 A4];
                    an_entry_not_above_the_head_is_refused [A1];
                    an_append_may_lie_below_the_high_water [A1 A5];
                    an_appended_stamp_raises_clock_and_high_water [A5 A1];
                    a_record_is_not_late_when_another_writer_was_first [A1];
                    a_record_is_above_what_another_handle_observed [A1];
                    an_append_is_checked_under_the_lock [A1];
                }
                batch {
                    a_batch_is_stamped_in_its_order [A2];
                    one_bad_entry_refuses_its_whole_batch [A2];
                    a_batch_that_begins_below_the_head_is_refused [A1 A2];
                }
                born {
                    a_new_log_is_settled_before_its_first_stamp [R2];
                    beside_records_no_reader_starts_at_zero [R2];
                    beside_records_a_snapshot_is_read_on_from [R2 P3];
                    an_append_from_before_the_log_was_made_is_refused [A1];
                    own_stamps_from_before_the_log_was_made_are_no_sign [H7];
                }
                cancelled {
                    a_dropped_record_is_there_or_not [A7];
                    a_dropped_batch_is_there_as_a_whole_or_not [A7];
                    a_dropped_append_is_there_as_a_whole_or_not [A7];
                    a_dropped_tick_or_observation_is_committed_or_not [A7];
                    a_dropped_ack_is_taken_or_not [A7];
                    a_dropped_registration_or_retirement_is_made_or_not [A7];
                    a_dropped_declaration_is_made_or_not [A7];
                    a_dropped_prune_has_deleted_a_whole_chunk_or_nothing [A7];
                    a_prune_dropped_between_chunks_goes_on_later [A7 P3];
                    a_dropped_read_of_a_rewound_peer_holds_or_not [A7];
                    a_handle_goes_on_after_dropped_calls [A1 A7 A2];
                }
                chain {
                    tags_follow_from_the_entries_alone [R4];
                    the_tags_of_pruned_entries_are_deleted_with_them [R4 P3 K3];
                    a_page_that_came_as_it_was_sent_is_sound [R4];
                    a_page_that_was_altered_on_the_way_is_found_out [R4];
                }
                clocks {
                    own_stamps_are_taken_however_far_the_wall_clock_was_set_back [H5];
                    keep_for_prunes_what_is_dated_after_now [P6];
                    a_clock_that_was_ahead_is_named_on_its_own_device [H9 P7];
                    a_wall_clock_that_reads_1970_is_to_be_set [H9];
                    own_stamps_of_a_lost_log_name_the_clock_too [H7 H9];
                }
                concurrent {
                    writers_on_two_handles_never_share_a_stamp [A1];
                    ticks_on_two_handles_are_unique [A1];
                    readers_see_every_entry_once_while_it_is_pruned [A1 R1 R2 P1 P4];
                    every_read_shows_one_committed_state [R1 A2 P3];
                    a_look_that_others_interrupt_shows_one_committed_state [R1 P3];
                    the_floor_stands_still_once_a_registration_is_ok [P4 P3];
                    refusals_do_not_touch_their_neighbours [A2 A1];
                }
                cursors {
                    every_retained_entry_and_the_floor_are_positions [P3 R2];
                    a_cursor_of_another_log_is_refused_first [R2];
                    another_file_of_the_same_device_is_another_log [R2];
                    a_cursor_below_the_floor_is_compacted [R2];
                    a_cursor_above_the_head_is_ahead_of_it [R2];
                    a_cursor_that_names_no_entry_diverged [R2];
                    head_and_floor_are_cursors_at_every_stage [R2];
                    reading_never_registers [R2];
                }
                explain {
                    every_peer_that_lags_is_named_worst_first [P7];
                    a_lag_counts_from_the_oldest_entry_that_is_lacked [P7];
                    explaining_changes_nothing [P7];
                }
                groups {
                    a_page_goes_back_to_the_start_of_a_group_that_it_would_cut [R1];
                    a_page_that_is_full_of_bytes_goes_back_too [R1];
                    a_first_group_larger_than_the_limits_is_served_whole [R1];
                    a_reader_inside_a_group_gets_the_rest_of_it [R1];
                    changes_that_are_recorded_each_are_a_group_each [R1 A2];
                    a_batch_without_a_group_end_is_refused [R1];
                }
                handles {
                    every_call_on_every_clone_is_closed_after_close [Handle];
                    closing_one_handle_leaves_the_others_open [Handle];
                    clones_share_one_clock_and_one_log [Handle A1];
                    close_waits_for_what_is_in_flight [Handle A3];
                    a_record_that_a_close_overtakes_is_done_or_refused [Handle A3];
                }
                identity {
                    it_does_not_open_as_another [I1];
                    its_identity_is_made_once [I1];
                }
                keep {
                    keep_for_keeps_what_is_younger [P6];
                    keep_for_never_overrules_a_peer [P1 P6];
                    keep_entries_works_across_chunks [P6];
                }
                observe {
                    the_highest_stamp_becomes_the_high_water [A5 A4];
                    a_stamp_from_the_past_writes_nothing [A5];
                    an_echo_is_fine_and_an_own_stamp_ahead_is_not [H7 H2];
                    a_stamp_of_another_handle_is_an_echo [H7];
                    own_stamps_that_the_log_knows_are_no_sign [H7];
                }
                pages {
                    pages_of_every_size_hold_every_entry_once [R1];
                    a_page_is_bounded_by_count [R1];
                    a_page_is_bounded_by_bytes [R1];
                    a_page_never_skips_an_entry_to_fit_the_next [R1];
                    an_empty_page_leaves_the_reader_where_it_is [R1];
                    a_page_tells_head_and_floor [R1];
                    the_owner_reads_from_anywhere_between_floor_and_head [R1];
                    the_owners_list_is_bounded_by_count_alone [R1];
                }
                payload {
                    text_is_kept_byte_for_byte [A6];
                    the_model_version_is_kept [A6];
                    the_largest_entry_is_taken [A6];
                }
                prune {
                    nothing_goes_that_one_active_peer_lacks [P1];
                    pruning_follows_the_slowest_peer [K2 P1];
                    a_prune_with_nothing_to_delete_changes_nothing [P1];
                    the_floor_moves_with_the_delete [P3 A5];
                    more_entries_than_one_chunk_go_in_one_call [P1 P3];
                    exactly_one_chunk_goes_as_a_whole [P1 P4];
                    on_ack_is_an_ack_and_a_prune [P1];
                }
                prune_races {
                    a_registration_right_before_the_delete_counts [P4];
                    a_registration_between_two_chunks_counts [P4 P3];
                    a_rewind_right_before_the_delete_counts [P4];
                    an_append_right_before_the_delete_stays [P4];
                    an_ack_right_before_the_delete_is_safe [P4 P3];
                    a_prune_right_before_the_delete_is_safe [P4 P3];
                    the_first_registration_right_before_the_delete_ends_solo [P4 P2];
                    a_registration_right_before_the_declaration_counts [P2];
                    an_ack_is_judged_after_the_prune_that_was_first [K3 P4];
                }
                registration {
                    a_registered_peer_starts_at_zero [K1];
                    a_peer_that_never_acked_blocks_pruning [K1];
                    registering_again_changes_nothing [K1];
                    this_device_and_nobody_cannot_be_registered [K1];
                    peers_are_listed_in_the_order_of_their_ids [K1];
                    an_ack_of_an_unknown_peer_registers_it_and_prunes_nothing [K4];
                    a_refused_ack_registers_nobody [K4];
                    an_ack_of_an_unknown_peer_is_refused_under_refuse [K4];
                    an_ack_moves_only_the_peer_that_gave_it [K5];
                    a_newcomer_is_registered_then_given_the_head_cursor [K1 K3 R2 P1];
                    a_newcomer_of_an_empty_log_is_given_the_floor [K3 R2];
                }
                restart {
                    everything_is_there_after_a_restart [A3];
                    nothing_that_was_ok_is_lost_without_close [A3];
                    an_empty_log_stamps_above_its_past_with_the_wall_clock_set_back [A5];
                    a_tick_is_never_issued_again_after_a_restart [A5];
                    what_was_observed_counts_after_a_restart [A5];
                    a_wall_clock_that_reads_nonsense_stops_nothing [A5 P7 P1];
                }
                retired {
                    retiring_only_writes_the_marker [P6];
                    a_retired_peer_is_refused_everywhere [K6];
                    an_unknown_peer_cannot_be_retired [K6];
                }
                retry {
                    an_identical_entry_is_ok_again [A1];
                    another_entry_at_a_retained_stamp_is_refused [A1];
                    a_retry_of_a_pruned_entry_is_refused [A1];
                    a_batch_that_is_all_there_is_ok_again [A2];
                    a_batch_that_mixes_retained_and_new_entries_is_refused [A2];
                    a_batch_whose_beginning_was_pruned_is_refused [A2];
                }
                rewound {
                    reading_below_the_own_ack_holds_pruning_there [K2];
                    reading_from_the_very_start_holds_everything [K2];
                    the_hold_only_moves_down [K2];
                    stale_acks_do_not_move_the_hold [K2];
                    an_ack_at_the_old_position_lifts_the_hold [K2];
                    a_read_that_is_refused_holds_nothing [K2];
                    explain_shows_a_rewound_peer [K2 P7];
                    a_prune_that_gets_in_before_the_hold_is_told [K2 P4];
                    the_hold_is_committed_before_the_page_is_returned [K2 P4];
                    a_deeper_read_that_gets_in_before_the_hold_keeps_its_hold [K2];
                    a_retirement_that_gets_in_before_the_hold_is_told [K2];
                }
                solo {
                    without_peers_nothing_is_deleted [P2];
                    with_retired_peers_alone_nothing_is_deleted [P2];
                    a_solo_library_prunes_everything [P2 P3];
                    a_library_with_active_peers_cannot_be_declared_solo [P2];
                    the_first_registration_ends_solo [P2 R2 P7];
                    an_ack_that_registers_ends_solo [K4 P2];
                    a_refused_ack_does_not_end_solo [P2];
                }
                taken_over {
                    what_was_put_out_is_taken_whatever_the_clock_reads [W2];
                    what_was_taken_before_is_skipped [W2];
                    a_change_below_the_head_that_is_not_there_is_refused [W2];
                    a_change_without_its_record_is_refused_after_that [W2];
                }
                watching {
                    a_watch_that_nobody_polls_holds_up_nobody [R3];
                    a_commit_wakes_who_waits [R3];
                    what_was_committed_before_is_told_at_once [R3];
                    heads_that_are_told_go_up [R3];
                    what_adds_nothing_is_not_told [R3];
                    a_wait_that_is_dropped_loses_nothing [R3];
                    closing_ends_a_watch [R3];
                }
            }
            tampering {
                adopted {
                    adopted_acks_release_nothing [I3 P7];
                    before_the_peers_are_declared_nothing_goes [I3];
                    declared_peers_release_what_all_have_acknowledged [I3 K1];
                    an_ack_below_an_adopted_one_is_taken [I3];
                    reading_below_an_adopted_ack_is_not_a_rewind [I3];
                    an_operator_may_trust_adopted_acks [I3];
                    solo_declares_the_peers_of_an_adopted_log [I3 P2];
                    a_retained_entry_from_before_is_a_retry [A1 I3];
                }
                altered {
                    a_changed_entry_is_not_served [R4 R2 I4];
                    nobody_is_led_past_a_deleted_entry [R4 R2 I4];
                    a_log_of_which_everything_was_deleted_is_not_empty [R4 R2 I4];
                    an_inserted_entry_is_not_served [R4 I4];
                    an_entry_with_another_tag_is_not_served [R4 I4];
                    an_entry_that_lost_its_tag_is_not_served [R4 I4];
                    a_prune_over_a_broken_chain_deletes_nothing [R4 I4];
                    an_entry_that_comes_back_below_the_floor_is_found [R4];
                    a_retry_of_an_entry_that_was_deleted_is_altered [R4 A1];
                    once_damage_was_found_every_call_answers_the_same [I4 R4 P7];
                    a_missing_newest_entry_is_an_error_not_an_end [R2 R4];
                }
                restored {
                    a_restored_file_is_behind_its_peer [R2 K3];
                    a_restored_file_that_went_on_never_serves_a_peer_that_was_further [R2 K3];
                    a_restored_file_that_pruned_its_new_entries_is_compacted [R2];
                    a_restored_file_pruned_to_the_peers_stamp_diverged [R2];
                    a_peer_that_was_not_further_reads_on [R2];
                    the_same_entry_after_another_past_is_another_position [R4 R2 K3];
                    the_same_entries_after_the_same_past_are_the_same_positions [R4];
                }
                untrusted {
                    every_fault_of_a_row_counts_as_it_must [P5];
                    every_fault_of_a_row_is_named [P5 P7];
                    a_mirror_above_the_own_ack_is_never_believed [P5];
                    an_operator_may_trust_what_a_mirror_claims [P5 I3];
                    a_mirror_that_claims_what_cannot_be_is_not_trusted [P5];
                    a_strangers_row_makes_a_peer_that_acknowledged_nothing [P5 K1];
                    a_strangers_row_blocks_a_solo_library [P5 P2];
                    a_row_whose_id_is_no_devices_blocks_nothing [P5];
                    a_retired_peer_stays_retired_whatever_its_mirror_says [P5 K6];
                    a_peer_may_read_whatever_is_wrong_with_its_rows [P5];
                    a_strangers_row_is_named_beside_the_others [P7 P5];
                    the_status_counts_what_is_there [P7];
                }
                verdicts {
                    a_reader_that_was_further_leaves_a_verdict_that_stays [R2 P7];
                    a_verdict_is_dismissed_and_comes_back_if_it_is_still_true [R2];
                    a_sign_that_is_found_during_a_dismissal_stays [R2];
                    another_history_leaves_a_verdict [R2];
                    an_own_stamp_that_this_log_does_not_know_leaves_a_verdict [H7];
                }
                ways_out {
                    registering_a_peer_writes_its_rows_again [P5];
                    retiring_a_peer_writes_its_rows_again [P5];
                    admitting_a_peer_writes_its_rows_again [P5];
                    an_ack_writes_the_rows_of_its_peer_again [P5];
                    an_ack_that_says_nothing_writes_them_again_too [P5];
                    a_rewound_read_writes_them_again_too [P5 K2];
                    acks_of_before_the_rows_were_spoiled_are_refused [P5 K6];
                }
            }
        }
    };
}

macro_rules! list {
    ([$name:ident, $list:literal, $functions:ident, $harness:ident, $cases:ident]
        $($group:ident { $($case:ident [$($clause:ident)+];)+ })+) => {
        #[doc = $list]
        const $name: &[Case] = &[$($(Case {
            group: stringify!($group),
            name: stringify!($case),
            clauses: &[$(stringify!($clause)),+],
        }),+),+];

        fn $functions<H: $harness>() -> [fn(Duration); $name.len()] {
            [$($(|watchdog| {
                run_within(watchdog, Start::<H, _>::start(crate::$cases::$group::$case::<H>));
            }),+),+]
        }
    };
}

macro_rules! lists {
    ([] plain { $($plain:tt)+ } tampering { $($tampering:tt)+ }) => {
        list! { [PLAIN, "Cases that any backend can be put to.", plain_on, Harness, cases] $($plain)+ }
        list! {
            [TAMPERED, "Cases that tamper with the storage.", tampered_on, Tampering, cases]
            $($tampering)+
        }
    };
}

pub(crate) use list;

for_each_case!(lists,);

/// Every case.
pub const CASES: &[Case] = &all();

const fn all() -> [Case; PLAIN.len() + TAMPERED.len()] {
    let mut all = [PLAIN[0]; PLAIN.len() + TAMPERED.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < PLAIN.len() {
            PLAIN[at]
        } else {
            TAMPERED[at - PLAIN.len()]
        };
        at += 1;
    }
    all
}

/// A case, and a function that runs it on a backend and gives up after a time. It is for tests of
/// the suite itself, and for a backend that runs a part of the cases once more in another setting.
pub type Runnable = (Case, fn(Duration));

/// Every case of [`CASES`], in its order.
pub fn cases_on<H: Tampering>() -> Vec<Runnable> {
    let functions = plain_on::<H>().into_iter().chain(tampered_on::<H>());
    CASES.iter().copied().zip(functions).collect()
}

/// Those that do not tamper with the storage.
pub fn plain_cases_on<H: Harness>() -> Vec<Runnable> {
    PLAIN.iter().copied().zip(plain_on::<H>()).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::receiver_catalogue::RECEIVER_CASES;

    #[test]
    fn every_case_that_is_written_is_listed_once() {
        assert_listed("src/cases", CASES);
        assert_listed("src/receiver_cases", RECEIVER_CASES);
    }

    fn assert_listed(folder: &str, cases: &[Case]) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let mut written = Vec::new();
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let group = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(path).unwrap();
            let names = text
                .lines()
                .filter_map(|line| line.strip_prefix("pub async fn "))
                .map(|rest| rest.split('<').next().unwrap());
            written.extend(names.map(|name| format!("{group}::{name}")));
        }
        let mut listed: Vec<String> = cases
            .iter()
            .map(|case| format!("{}::{}", case.group, case.name))
            .collect();
        written.sort();
        listed.sort();
        assert_eq!(written, listed);
    }
}
