//! The fleet finds what is wrong with how an app uses the handle.

use simulator::apps::{AppFault, Scenario};

use super::fault::Fault;
use super::{ENOUGH, Planted, Tells, run};

const STEPS: usize = 100;

/// A planted fault, a seed from which on it is found soon, and the invariants that it may break first.
type Case = (Planted, u64, &'static [&'static str]);

const CASES: [Case; 9] = [
    (
        Planted::App(Fault::RowWithoutRecord),
        0,
        &["writes_are_whole"],
    ),
    (
        Planted::App(Fault::RecordWithoutRow),
        0,
        &["rows_follow_from_what_it_has"],
    ),
    (
        Planted::App(Fault::RecordAfterCommit),
        1,
        &["rows_follow_from_what_it_has"],
    ),
    (
        Planted::App(Fault::DrainLeftOut),
        0,
        &["everything_arrives", "records_follow_from_what_it_has"],
    ),
    (
        Planted::App(Fault::PeersLeftOut),
        0,
        &["everything_arrives", "deletions_are_forgotten_late"],
    ),
    (
        Planted::Driver(AppFault::AckBeforeApply),
        6,
        &["ack_is_applied"],
    ),
    (
        Planted::Driver(AppFault::AckFromEntry),
        6,
        &["ack_is_applied"],
    ),
    (
        Planted::Driver(AppFault::MaximumOverPeers),
        0,
        &["everything_arrives"],
    ),
    (
        Planted::Driver(AppFault::DuplicateNotAcked),
        0,
        &["logs_are_empty"],
    ),
];

#[test]
fn a_fault_in_how_an_app_uses_the_handle_is_found() {
    for (planted, first, invariants) in CASES {
        let broken = (first..first + ENOUGH).find_map(|seed| {
            let scenario = Scenario::generate(seed, STEPS);
            let outcome = run(&scenario, seed, Some(planted), Tells::Nothing);
            Some((seed, outcome.unwrap().broken?))
        });
        let (seed, (step, violation)) =
            broken.unwrap_or_else(|| panic!("{planted:?} was not found"));
        let invariant = violation.invariant;
        eprintln!("{planted:?}: seed {seed}, step {step}: {invariant}");
        assert!(invariants.contains(&invariant), "{planted:?}: {violation}");
    }
}
