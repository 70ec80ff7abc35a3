//! The matrix, and what is wrong with it.

use std::collections::BTreeSet;

use broken_stores::Fault;
use sync_log_conformance::{CASES, Case};

use crate::trial::{Outcome, Trial};

/// Clauses of the clock are proven in `hlc`, with faults planted in the clock.
fn is_of_the_clock(clause: &str) -> bool {
    clause
        .strip_prefix('H')
        .is_some_and(|rest| rest.parse::<u8>().is_ok())
}

/// Prints the matrix, and how many complaints there are.
pub(crate) fn print(healthy: &Trial, trials: &[Trial], full: bool, all_faults: bool) -> usize {
    for clause in clauses(trials) {
        print_clause(clause, trials);
    }
    if full {
        print_counts(trials);
        print_idle(trials);
    }
    let mut complaints = complaints_about(healthy);
    for trial in trials
        .iter()
        .filter(|trial| trial.caught_by_its_clause() == 0)
    {
        let fault = trial.fault.unwrap();
        complaints.push(format!("{fault} survives every case of {}", fault.clause()));
    }
    if all_faults {
        complaints.extend(clauses_without_fault());
    }
    print_failures(&complaints)
}

/// Prints complaints, and returns how many there are.
pub(crate) fn print_failures(complaints: &[String]) -> usize {
    for complaint in complaints {
        println!("FAILED: {complaint}");
    }
    complaints.len()
}

fn clauses(trials: &[Trial]) -> Vec<&'static str> {
    let mut clauses: Vec<_> = trials
        .iter()
        .flat_map(|t| t.fault)
        .map(Fault::clause)
        .collect();
    clauses.dedup();
    clauses
}

/// The faults of one clause against its cases.
fn print_clause(clause: &str, trials: &[Trial]) {
    let of_clause = |trial: &&Trial| trial.fault.is_some_and(|fault| fault.clause() == clause);
    let trials: Vec<&Trial> = trials.iter().filter(of_clause).collect();
    println!("{clause}");
    for (letter, trial) in ('a'..).zip(&trials) {
        let fault = trial.fault.unwrap();
        println!("  {letter} {fault}: {}", fault.wrong());
    }
    for (index, case) in CASES.iter().enumerate() {
        if !case.clauses.contains(&clause) {
            continue;
        }
        let marks: String = ('a'..)
            .zip(&trials)
            .map(|(letter, trial)| mark(trial.cases[index], letter))
            .collect();
        println!("  {marks} {}", name(case));
    }
    println!();
}

fn mark(outcome: Outcome, letter: char) -> char {
    match outcome {
        Outcome::NotRun => ' ',
        Outcome::Passed => '.',
        Outcome::Caught => letter,
        Outcome::Hung => '!',
    }
}

fn name(case: &Case) -> String {
    format!("{}::{}", case.group, case.name)
}

/// How many cases catch each fault, its own clause's and others.
fn print_counts(trials: &[Trial]) {
    println!("Caught by its own clause, by all cases, by the model");
    for trial in trials {
        let all = trial
            .cases
            .iter()
            .filter(|outcome| outcome.is_caught())
            .count();
        let model = if trial.model.is_caught() {
            "model"
        } else {
            "-"
        };
        let own = trial.caught_by_its_clause();
        println!("  {own:3} {all:3} {model:5} {}", trial.fault.unwrap());
    }
    println!();
}

/// Cases that no fault trips: what core refuses before it asks the store is
/// beyond what a broken store can do.
fn print_idle(trials: &[Trial]) {
    println!("Cases that catch nothing");
    for (index, case) in CASES.iter().enumerate() {
        if !trials.iter().any(|trial| trial.cases[index].is_caught()) {
            println!("  {} {:?}", name(case), case.clauses);
        }
    }
    println!();
}

fn complaints_about(healthy: &Trial) -> Vec<String> {
    let failed = CASES
        .iter()
        .zip(&healthy.cases)
        .filter(|(_, outcome)| outcome.is_caught());
    let mut complaints: Vec<String> = failed
        .map(|(case, _)| format!("{} fails without a fault", name(case)))
        .collect();
    if healthy.model.is_caught() {
        complaints.push("the model fails without a fault".to_owned());
    }
    complaints
}

fn clauses_without_fault() -> Vec<String> {
    let proven: BTreeSet<&str> = CASES
        .iter()
        .flat_map(|case| case.clauses)
        .copied()
        .collect();
    let is_broken = |clause: &&str| Fault::ALL.iter().any(|fault| fault.clause() == *clause);
    let missing = proven
        .into_iter()
        .filter(|clause| !is_broken(clause) && !is_of_the_clock(clause));
    missing
        .map(|clause| format!("no fault breaks {clause}"))
        .collect()
}
