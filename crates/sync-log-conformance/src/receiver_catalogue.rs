//! The list of the receiver's cases, each with the clauses that it proves.

use std::time::Duration;

use crate::catalogue::{Case, Runnable, list};
use crate::records_harness::RecordsHarness;
use crate::runtime::{Start, run_within};

/// Passes the list of the receiver's cases to the macro `$then`, after `$arguments`.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_receiver_case {
    ($then:path, $($arguments:tt)*) => {
        $then! { [$($arguments)*]
            own_store {
                entries_reach_the_log_as_they_were_put_out [W1 W2];
                what_was_put_out_raises_the_mark [W1 W2];
                what_was_received_raises_the_mark [W1 W2 X2];
            }
            receiver_store {
                pages_of_every_size_hold_every_record_once [X6 B1];
                only_what_the_app_cannot_read_is_unreadable [X4];
                every_origin_has_its_own_watermark [X1 X2];
                entries_wait_until_they_are_taken_back [X2];
                deleted_records_are_listed_by_stamp [X4];
                what_is_forgotten_leaves_its_stamp_alone [X4 B1];
            }
            record_store {
                a_version_comes_back_as_it_was_written [X4];
                a_payload_of_the_largest_size_comes_back [X4];
                a_record_is_looked_up_as_it_was_written_last [X4];
                a_record_is_found_by_its_own_model_and_id [X4];
                a_tie_finds_the_records_that_have_it_and_no_other [X6];
                ties_are_replaced_if_they_changed [X6];
            }
            rows {
                steps_are_taken_in_their_order [X6];
                a_row_that_is_refused_is_an_answer [X6];
            }
            snapshot_store {
                all_watermarks_are_listed [B1];
                the_mark_of_what_was_forgotten_only_rises [B1];
                own_changes_are_missing_until_they_have_versions [B1];
            }
            transactions {
                what_was_committed_is_there_after_a_restart [X2 W2];
                a_rollback_leaves_nothing [X2 W1 W2];
                of_two_transactions_one_waits_for_the_other [X2 W1 W2];
            }
        }
    };
}

for_each_receiver_case!(
    list,
    RECEIVERS,
    "The receiver's cases.",
    functions_on,
    RecordsHarness,
    receiver_cases
);

/// Every case of the receiver's contract.
pub const RECEIVER_CASES: &[Case] = RECEIVERS;

/// Every case of [`RECEIVER_CASES`], in its order.
pub fn receiver_cases_on<H: RecordsHarness>() -> Vec<Runnable> {
    let functions = functions_on::<H>().into_iter();
    RECEIVER_CASES.iter().copied().zip(functions).collect()
}
