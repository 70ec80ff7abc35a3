//! The receiver's cases are put to the test: the case that a fault names must catch it, and a store without
//! a fault passes all of them.

mod broken;
mod harness;

use std::time::Duration;

use broken_stores::RecordFault;
use sync_log_conformance::{Case, RECEIVER_CASES, receiver_cases_on};

use crate::trial::run_on;
use harness::{BrokenDatabase, FAULT};

/// A case that takes longer is led in circles by the fault.
const WATCHDOG: Duration = Duration::from_secs(20);

/// Runs the cases on these faults, prints who catches what, and returns what is wrong with it.
pub(crate) fn complaints(faults: &[RecordFault]) -> Vec<String> {
    let healthy = caught_by(None);
    let healthy = healthy
        .iter()
        .map(|case| format!("{} fails without a fault", case.name));
    let mut complaints: Vec<String> = healthy.collect();
    for fault in faults.iter().copied() {
        let caught = caught_by(Some(fault));
        println!("{}: {}", fault.name(), fault.wrong());
        for case in &caught {
            println!("  {}::{}", case.group, case.name);
        }
        if !caught.iter().any(|case| case.name == fault.case()) {
            complaints.push(format!("{} survives {}", fault.name(), fault.case()));
        }
    }
    println!();
    complaints.extend(cases_without_fault());
    complaints
}

/// The cases that catch a fault.
fn caught_by(fault: Option<RecordFault>) -> Vec<Case> {
    let cases = receiver_cases_on::<BrokenDatabase>().into_iter();
    let caught = cases.filter(|(_, run)| {
        let run = *run;
        let outcome = run_on(None, move || {
            FAULT.set(fault);
            run(WATCHDOG);
        });
        outcome.is_caught()
    });
    caught.map(|(case, _)| case).collect()
}

fn cases_without_fault() -> impl Iterator<Item = String> {
    let has_fault = |case: &&Case| {
        RecordFault::ALL
            .iter()
            .any(|fault| fault.case() == case.name)
    };
    let without = RECEIVER_CASES.iter().filter(move |case| !has_fault(case));
    without.map(|case| format!("no fault is planted for {}", case.name))
}
