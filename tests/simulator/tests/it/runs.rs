//! Whole runs: the real stores hold, every planted fault is found, and the same
//! seed is the same run.

use simulator::run::{Make, run, run_telling};
use simulator::scenario::Scenario;
use simulator::seeds::run_all;
use simulator::shrink::shrink;
use simulator::{Fault, PLANTED, Store};

use crate::coverage::assert_all_happened;

const STEPS: usize = 200;

const MEMORY: Make = Make {
    store: Store::Memory,
    fault: None,
};

const SQLITE: Make = Make {
    store: Store::Sqlite,
    fault: None,
};

fn with(fault: Fault) -> Make {
    Make {
        fault: Some(fault),
        ..MEMORY
    }
}

#[test]
fn the_reference_store_holds_on_three_hundred_seeds_in_which_every_kind_of_event_happens() {
    let summary = run_all(0..300, STEPS, MEMORY, 1, |_| {}).unwrap();
    assert_eq!(summary.failed, None);
    assert_all_happened(EVERY_KIND, &summary);
}

#[test]
fn the_shipped_store_holds_on_fifteen_seeds() {
    let summary = run_all(0..15, STEPS, SQLITE, 1, |_| {}).unwrap();
    assert_eq!(summary.failed, None);
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..10 {
        let scenario = Scenario::generate(seed, STEPS);
        assert_eq!(scenario, Scenario::generate(seed, STEPS));
        let once = run_telling(&scenario, MEMORY).unwrap();
        assert_eq!(once, run_telling(&scenario, MEMORY).unwrap());
        assert_eq!(once.hash, run(&scenario, MEMORY).unwrap().hash);
    }
}

#[test]
fn other_seeds_are_other_runs() {
    let hash = |seed| run(&Scenario::generate(seed, STEPS), MEMORY).unwrap().hash;
    let mut hashes: Vec<u64> = (0..20).map(hash).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 20);
}

#[test]
fn both_stores_live_the_same_run() {
    for seed in 2..4 {
        let scenario = Scenario::generate(seed, STEPS);
        let memory = run_telling(&scenario, MEMORY).unwrap();
        let sqlite = run_telling(&scenario, SQLITE).unwrap();
        assert_eq!(memory, sqlite, "seed {seed}");
    }
}

#[test]
fn every_planted_fault_is_found() {
    for fault in PLANTED {
        let summary = run_all(0..500, STEPS, with(fault), 1, |_| {}).unwrap();
        assert!(summary.failed.is_some(), "{fault} was not found");
    }
}

#[test]
fn a_failure_is_shrunk_to_the_few_steps_that_it_takes() {
    let make = with(Fault::NeverAckedNotCounted);
    let seed = run_all(0..500, STEPS, make, 1, |_| {}).unwrap().failed;
    let scenario = Scenario::generate(seed.unwrap(), STEPS);
    let smallest = shrink(&scenario, make).unwrap();
    assert!(smallest.steps.len() <= 20, "{:#?}", smallest.steps);

    let broken = |failing| run(failing, make).unwrap().broken.unwrap().1.invariant;
    assert_eq!(broken(&smallest), broken(&scenario));
    // Nothing of it can be left out.
    for place in 0..smallest.steps.len() {
        let mut less = smallest.clone();
        less.steps.remove(place);
        let still = run(&less, make).unwrap().broken;
        assert!(still.is_none_or(|(_, violation)| violation.invariant != broken(&smallest)));
    }
}

#[test]
fn a_scenario_that_holds_is_left_as_it_is() {
    let scenario = Scenario::generate(1, 20);
    assert_eq!(shrink(&scenario, MEMORY).unwrap(), scenario);
}

/// What has to have happened in some of the seeds: a generator that no longer makes it finds no fault in
/// it either.
const EVERY_KIND: &[&str] = &[
    "ack advanced",
    "ack again",
    "ack registered",
    "ack stale",
    "ack unchanged",
    "admit",
    "admitted",
    "adopt",
    "answer lost of",
    "append",
    "applied",
    "backup",
    "bootstrapped",
    "cancel",
    "cancelled before",
    "cancelled during",
    "clock set",
    "clone",
    "close",
    "crash",
    "crash after",
    "crash before",
    "cut",
    "decided twice in",
    "declare peers",
    "declare solo",
    "empty page",
    "explain",
    "failed: store",
    "foreign ack",
    "foreign append",
    "foreign delete of the newest",
    "foreign delete of the oldest",
    "foreign entry of a stranger",
    "foreign insert",
    "heal",
    "held up after",
    "held up before",
    "join",
    "join with an earlier file",
    "learn",
    "leave",
    "log lost",
    "mended",
    "message doubled",
    "message lost",
    "open",
    "page",
    "pin head",
    "prune",
    "pruned",
    "pruning held",
    "pull",
    "rebuilt file",
    "record",
    "refused: ack beyond head",
    "refused: ahead of head",
    "refused: altered",
    "refused: compacted",
    "refused: diverged",
    "refused: foreign origin",
    "refused: overtaken",
    "refused: not solo",
    "refused: other admission",
    "refused: other log",
    "refused: own peer",
    "refused: peer retired",
    "refused: too far ahead",
    "refused: unknown peer",
    "refused: unknown stamp",
    "register",
    "restore",
    "restore of the log",
    "restore of what was received",
    "resume",
    "retire",
    "review",
    "serve",
    "store fails in",
    "take ack",
    "tick",
    "told",
    "torn in",
    "trust adopted acks",
    "wait",
    "watch",
];
