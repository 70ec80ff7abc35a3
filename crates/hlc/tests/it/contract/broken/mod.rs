//! The checks on trial: each clause has faults planted for it, and its checks have to find them.

use std::collections::BTreeSet;
use std::panic;
use std::thread;

use super::*;

mod faults_in_drift;
mod faults_in_text;
mod faults_in_time;
mod faults_under_threads;

/// Something wrong with the clock or the text, and the clause that it breaks.
#[derive(Clone, Copy)]
struct Fault {
    clause: &'static str,
    /// What the faulty one does.
    what: &'static str,
    plant: fn(&mut Bench),
}

impl Fault {
    fn planted(&self) -> Bench {
        let mut bench = Bench::slow();
        (self.plant)(&mut bench);
        bench
    }
}

const fn fault(clause: &'static str, what: &'static str, plant: fn(&mut Bench)) -> Fault {
    Fault {
        clause,
        what,
        plant,
    }
}

const FAULTS: [&[Fault]; 4] = [
    faults_in_time::FAULTS,
    faults_in_drift::FAULTS,
    faults_in_text::FAULTS,
    faults_under_threads::FAULTS,
];

/// Then it is the fault that a check finds below, and not that the clock is made in another way.
#[test]
fn without_a_fault_every_check_accepts_the_slow_clock() {
    for check in checks() {
        assert!(accepts(check, &Bench::slow()), "{}", check.name);
    }
}

#[test]
fn every_planted_fault_is_found_by_a_check_of_its_clause_and_every_check_finds_one() {
    let mut survivors = Vec::new();
    let mut useful = BTreeSet::new();
    let mut clauses = BTreeSet::new();
    silence_trials();
    let mut faults: Vec<&Fault> = FAULTS.into_iter().flatten().collect();
    faults.sort_by_key(|fault| fault.clause);
    for fault in faults {
        let found_by = found_by(fault);
        for name in &found_by {
            println!("{} {:<60}{name}", fault.clause, fault.what);
        }
        if found_by.is_empty() {
            survivors.push(fault.what);
        }
        useful.extend(found_by);
        clauses.insert(fault.clause);
    }
    assert_eq!(survivors, [""; 0], "no check of the clause finds these");
    let names = checks().map(|check| check.name).collect();
    assert_eq!(useful, names, "left: checks that found a fault, right: all");
    let all = checks().map(|check| check.clause).collect();
    assert_eq!(clauses, all, "left: clauses with a fault, right: all");
}

/// Those that compare with another clock know nothing of clauses: they have to notice whatever is
/// wrong in a history of calls.
#[test]
fn the_model_and_the_small_states_find_every_planted_fault_in_time_and_drift() {
    silence_trials();
    let faults = [faults_in_time::FAULTS, faults_in_drift::FAULTS].concat();
    for check in [&model::CHECKS[0], &small_states::CHECKS[0]] {
        let survivors = faults
            .iter()
            .filter(|fault| accepts(check, &fault.planted()));
        let survivors: Vec<&str> = survivors.map(|fault| fault.what).collect();
        // With a wall clock that is set by hand, one reading is as good as many.
        assert_eq!(
            survivors,
            ["reads the wall clock for each stamp of a batch"],
            "{}",
            check.name
        );
    }
}

fn checks() -> impl Iterator<Item = &'static Check> {
    CHECKS.into_iter().flatten()
}

/// The checks of its clause that find the fault.
fn found_by(fault: &Fault) -> Vec<&'static str> {
    let bench = fault.planted();
    let of_clause = checks().filter(|check| check.clause == fault.clause);
    let finding = of_clause.filter(|check| !accepts(check, &bench));
    finding.map(|check| check.name).collect()
}

fn accepts(check: &Check, bench: &Bench) -> bool {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(ON_TRIAL.to_owned());
        let trial = thread.spawn_scoped(scope, || (check.run)(bench)).unwrap();
        trial.join().is_ok()
    })
}

/// The threads that panic because a check has found something, which needs no message.
const ON_TRIAL: &str = "on trial";

fn silence_trials() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some(ON_TRIAL) {
            usual(info);
        }
    }));
}
