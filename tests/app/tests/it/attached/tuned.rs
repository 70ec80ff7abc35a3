//! The contract, on a log in a database of an app that chose speed: several connections, and commits
//! that are not on disk.

use std::time::Duration;

use sync_log_conformance::{CASES, Case, cases_on, model};

use super::harness::{AppDatabase, Pool};
use super::pools::{Settings, TUNED};

/// The groups on which a pool has a say: calls that overlap, calls that are dropped, and what another
/// handle, a restart or a restored file shows. In the others one call follows another.
const GROUPS: [&str; 9] = [
    "anywhere",
    "append",
    "cancelled",
    "concurrent",
    "handles",
    "prune_races",
    "restart",
    "restored",
    "watching",
];

/// No case takes this long; a case that does hangs.
const WATCHDOG: Duration = Duration::from_secs(180);

struct Tuned;

impl Pool for Tuned {
    const SETTINGS: Settings = TUNED;
}

fn has_a_say(case: &Case) -> bool {
    GROUPS.contains(&case.group)
}

fn run(is_chosen: fn(&Case) -> bool) {
    for (case, run) in cases_on::<AppDatabase<Tuned>>() {
        if is_chosen(&case) {
            eprintln!("{}::{}", case.group, case.name); // shown if the case fails
            run(WATCHDOG);
        }
    }
}

#[test]
fn the_cases_on_which_a_pool_has_a_say_hold() {
    for group in GROUPS {
        let is_a_group = CASES.iter().any(|case| case.group == group);
        assert!(is_a_group, "{group}");
    }
    run(has_a_say);
}

#[test]
#[ignore = "the full scope of CI runs it: the pool of one runs the same cases in every scope"]
fn the_other_cases_and_the_model_hold() {
    run(|case| !has_a_say(case));
    model::run::<AppDatabase<Tuned>>();
}
