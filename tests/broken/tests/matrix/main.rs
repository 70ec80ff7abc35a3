//! The conformance suite is put to the test: every planted fault must be caught
//! by a case of the clause that it breaks, and a store without a fault by none. For
//! the receiver's contract, each fault names the case that must catch it.
//!
//! `cargo test -p broken-stores --test matrix` runs the cases of each fault's
//! clause; with `-- --full` every case on every fault, and the model. The name
//! of a fault or a clause as another argument runs that alone; `--loud` shows
//! what the cases say.

// Everything here is test code: a panic is how a test fails, and what it says
// is printed.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../../../../crates/sync-log-memory/tests/it/database.rs"]
mod database;
#[path = "../../../../crates/sync-log-memory/tests/it/harness.rs"]
mod harness;

mod broken;
mod records;
mod report;
mod trial;

use std::process::ExitCode;
use std::time::Instant;

use broken_stores::{Fault, RecordFault};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let full = arguments.iter().any(|argument| argument == "--full");
    let wanted: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let is_named = |names: [&str; 2]| {
        wanted.is_empty() || wanted.iter().any(|name| names.contains(&name.as_str()))
    };
    let is_wanted = |fault: &Fault| is_named([fault.name(), fault.clause()]);
    // A case that catches something panics; that is what it is for.
    if !arguments.iter().any(|argument| argument == "--loud") {
        std::panic::set_hook(Box::new(|_| {}));
    }
    let start = Instant::now();
    let faults: Vec<Fault> = Fault::ALL.iter().copied().filter(is_wanted).collect();
    let healthy = trial::healthy();
    let caught = trial::all(&faults, full);
    let is_wanted_of_records = |fault: &RecordFault| is_named([fault.name(), fault.case()]);
    let all_of_records = RecordFault::ALL.iter().copied();
    let faults_of_records: Vec<_> = all_of_records.filter(is_wanted_of_records).collect();
    let of_records = records::complaints(&faults_of_records);
    let complaints = report::print(&healthy, &caught, full, wanted.is_empty())
        + report::print_failures(&of_records);
    println!(
        "{} faults in {:.1} s",
        faults.len() + faults_of_records.len(),
        start.elapsed().as_secs_f64()
    );
    match complaints {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
