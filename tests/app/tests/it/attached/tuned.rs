//! The contract, on a log in a database of an app that chose speed: several connections, and commits
//! that are not on disk.

use std::time::Duration;

use sync_log_conformance::{CASES, cases_on, model};

use super::harness::{AppDatabase, Pool};
use super::pools::{Settings, TUNED};

/// The groups on which a pool has a say: calls that overlap, calls that are dropped, and what another
/// handle, a restart or a restored file shows. In the others one call follows another, so they run only if
/// the environment has `EVERY_CASE`, as in the long form of CI.
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

#[test]
fn the_cases_on_which_a_pool_has_a_say_hold() {
    for group in GROUPS {
        let is_a_group = CASES.iter().any(|case| case.group == group);
        assert!(is_a_group, "{group}");
    }
    let is_every = std::env::var_os("EVERY_CASE").is_some();
    for (case, run) in cases_on::<AppDatabase<Tuned>>() {
        if is_every || GROUPS.contains(&case.group) {
            eprintln!("{}::{}", case.group, case.name); // shown if the case fails
            run(WATCHDOG);
        }
    }
    if is_every {
        model::run::<AppDatabase<Tuned>>();
    }
}
