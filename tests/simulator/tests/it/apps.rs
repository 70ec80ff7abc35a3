//! Whole runs of devices with an app: the receiver holds, every planted fault is found, and the same seed
//! is the same run.

use simulator::apps::{AppFault, Scenario, run, run_telling};
use simulator::seeds::{Summary, run_each};
use simulator::shrink::shrink_by;

use crate::coverage::assert_all_happened;

const STEPS: usize = 200;

fn run_seeds(seeds: u64, fault: Option<AppFault>) -> Summary {
    let run = |seed| run(&Scenario::generate(seed, STEPS), fault);
    run_each(0..seeds, 1, |_| {}, run).unwrap()
}

#[test]
fn the_receiver_holds_on_five_hundred_seeds() {
    let summary = run_seeds(500, None);
    assert_eq!(summary.failed, None);
    assert_all_happened(EVERY_KIND, &summary);
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..10 {
        let scenario = Scenario::generate(seed, STEPS);
        assert_eq!(scenario, Scenario::generate(seed, STEPS));
        let once = run_telling(&scenario, None).unwrap();
        assert_eq!(once, run_telling(&scenario, None).unwrap());
        assert_eq!(once.hash, run(&scenario, None).unwrap().hash);
    }
}

#[test]
fn other_seeds_are_other_runs() {
    let hash = |seed| run(&Scenario::generate(seed, STEPS), None).unwrap().hash;
    let mut hashes: Vec<u64> = (0..20).map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 20);
}

#[test]
fn every_planted_fault_is_found() {
    for fault in AppFault::ALL {
        let summary = run_seeds(500, Some(*fault));
        assert!(summary.failed.is_some(), "{fault} was not found");
    }
}

#[test]
fn a_failure_is_shrunk_to_the_few_steps_that_it_takes() {
    let fault = Some(AppFault::InsertAfterDeleteLost);
    let seed = run_seeds(500, fault).failed.unwrap();
    let scenario = Scenario::generate(seed, STEPS);
    let smallest = shrink_by(&scenario, |candidate| run(candidate, fault)).unwrap();
    assert!(smallest.steps.len() <= 20, "{:#?}", smallest.steps);

    let broken = |failing| run(failing, fault).unwrap().broken.unwrap().1.invariant;
    assert_eq!(broken(&smallest), broken(&scenario));
}

/// What has to have happened in some of a hundred seeds: a generator that no longer makes it finds no
/// fault in it either.
const EVERY_KIND: &[&str] = &[
    "ack",
    "apply",
    "begin with a past",
    "crash",
    "deleted",
    "drain",
    "duplicate",
    "forge",
    "forget",
    "group waits",
    "jump",
    "killed before the ack",
    "killed before the drain",
    "killed in a drain",
    "killed in a page",
    "killed in a write",
    "lose",
    "not shown: duplicate",
    "not shown: missing record",
    "not shown: newer model",
    "not shown: refused",
    "not shown: unknown model",
    "page refused: altered",
    "page refused: diverged",
    "page refused: drift",
    "page refused: other log",
    "page refused: out of order",
    "page rolled back",
    "power cut",
    "prune",
    "pull",
    "pull ahead",
    "serve",
    "shown",
    "shown with an empty reference",
    "snapshot",
    "snapshot refused: drift",
    "upgrade",
    "wait",
    "write",
    "write nothing",
    "write rolled back",
];
