//! The tests of core from outside, all in one binary.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

mod ack_order;
mod acked_by;
mod applying;
mod clocks;
mod dry_run;
mod dry_run_answers;
mod forgetting;
mod frozen_forms;
#[path = "../../../hlc/tests/it/inside_other_types.rs"]
mod inside_other_types;
mod keep;
mod logged;
mod own_writes;
mod peer_rows;
mod plan;
mod proof;
mod prune_steps;
mod reasons;
mod receiving;
mod redeciding;
mod refusals;
mod serde_inside_other_types;
mod showing;
mod snapshot_forms;
mod snapshot_refusals;
mod snapshots;
mod status;
mod status_watches;
mod store_faults;
mod store_steps;
mod upgrading;
mod versions;
mod watches;
mod writing;
