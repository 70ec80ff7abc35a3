//! The fleet of apps of the simulator, on `SharedRecords` and files.
//!
//! The scenarios, the oracle and what drives the devices are those of `simulator::apps`, and the devices
//! are apps with the tables and entities of its models. Each device of a seed draws its layout and the
//! journal of its database. A process is killed by copying its files at a statement of the product, and
//! the next process starts on the copy. The database is busy because another connection holds a lock.
//!
//! ```sh
//! FLEET_SEEDS=500 cargo test --release -p app --test it -- fleet:: --nocapture
//! ```
//!
//! Half of the seeds start at 0, and half at one that is drawn for the run. `FLEET_FIRST_SEED` chooses
//! where all of them start. `FLEET_SHRINK=1` looks for the few steps with which a seed fails.

mod device;
mod editing;
mod fault;
mod folder;
mod look;
mod moment;
mod plan;
mod releases;
mod said;

use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::time::Instant;

use anyhow::Result;
use fastrand::Rng;
use simulator::apps::{self, AppFault, Release, Scenario, run_on, run_telling_on};
use simulator::run::Outcome;
use simulator::seeds::{Summary, run_each};
use simulator::shrink::shrink_by;

use crate::shared::device::Layout;
use device::{Device, Setup};
use fault::Fault;
use folder::Journal;

const STEPS: usize = 200;

/// Seeds in CI.
const FEW: u64 = 20;

/// Seeds within which a planted fault is found.
const ENOUGH: u64 = 100;

/// What is wrong with a fleet.
#[derive(Debug, Clone, Copy)]
enum Planted {
    /// With how an app uses the handle.
    App(Fault),
    /// With what drives the devices.
    Driver(AppFault),
}

fn number(variable: &str) -> Option<u64> {
    let number = std::env::var(variable).ok();
    number.map(|number| number.parse().unwrap())
}

/// Runs a scenario, in which each device draws its setup from the seed.
fn run(scenario: &Scenario, seed: u64, planted: Option<Planted>, tells: Tells) -> Result<Outcome> {
    let mut rng = Rng::with_seed(!seed);
    let setups = scenario.releases.iter().map(|_| Setup {
        layout: rng.choice([Layout::Outbox, Layout::Attached]).unwrap(),
        journal: rng
            .choice([Journal::Rollback, Journal::WriteAhead])
            .unwrap(),
        fault: match planted {
            Some(Planted::App(fault)) => Some(fault),
            _ => None,
        },
    });
    let setups: Vec<_> = setups.collect();
    let make = |number: u8, release: Release| {
        let device = Device::new(number, release, setups[usize::from(number)])?;
        Ok(Box::new(device) as Box<dyn apps::Device>)
    };
    let fault = match planted {
        Some(Planted::Driver(fault)) => Some(fault),
        _ => None,
    };
    match tells {
        Tells::Nothing => run_on(scenario, &make, fault),
        Tells::Everything => run_telling_on(scenario, &make, fault),
    }
}

#[derive(Clone, Copy)]
enum Tells {
    Nothing,
    Everything,
}

fn run_seeds(seeds: Range<u64>) -> Summary {
    let run = |seed| {
        let scenario = Scenario::generate(seed, STEPS);
        run(&scenario, seed, None, Tells::Nothing)
    };
    run_each(seeds, 1, |_| {}, run).unwrap()
}

/// What it takes for a seed to fail, and what happens then.
fn describe(seed: u64) -> String {
    let mut scenario = Scenario::generate(seed, STEPS);
    if number("FLEET_SHRINK").is_some() {
        let run = |candidate: &Scenario| run(candidate, seed, None, Tells::Nothing);
        scenario = shrink_by(&scenario, run).unwrap();
    }
    let outcome = run(&scenario, seed, None, Tells::Everything).unwrap();
    format!(
        "seed {seed}: {:?}\n{:#?}\n{:#?}",
        outcome.broken, scenario, outcome.lines
    )
}

fn holds(seeds: Range<u64>) {
    let start = Instant::now();
    let summary = run_seeds(seeds.clone());
    let first = seeds.start;
    let took = start.elapsed().as_secs_f64();
    eprintln!(
        "{} seeds from {first}: {} device-steps in {took:.1} s: {:?}",
        summary.seeds, summary.device_steps, summary.coverage
    );
    if let Some(seed) = summary.failed {
        panic!(
            "FLEET_FIRST_SEED={seed} FLEET_SEEDS=1 repeats this: {}",
            describe(seed)
        );
    }
    assert_hits(&summary);
}

/// What a run has to have done to prove something.
const OFTEN: &[&str] = &[
    "apply",
    "crash",
    "deleted",
    "drain",
    "forget",
    "group waits",
    "killed in a page",
    "killed in a write",
    "not shown: duplicate",
    "not shown: missing record",
    "not shown: newer model",
    "page refused: drift",
    "page rolled back",
    "prune",
    "upgrade",
    "write",
    "write rolled back",
];

/// What a long run has to have done, too.
const SELDOM: &[&str] = &[
    "killed before the ack",
    "killed in a drain",
    "not shown: refused",
    "not shown: unknown model",
    "page refused: altered",
    "page refused: diverged",
    "page refused: other log",
    "page refused: out of order",
    "shown with an empty reference",
];

fn assert_hits(summary: &Summary) {
    let (often, seldom) = match summary.seeds {
        0..10 => return,
        10..100 => (OFTEN, &[][..]),
        _ => (OFTEN, SELDOM),
    };
    let kinds = often.iter().chain(seldom);
    let missing = kinds.filter(|kind| !summary.coverage.contains_key(**kind));
    let missing: Vec<_> = missing.collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

#[test]
fn apps_that_share_their_records_show_what_follows_from_their_changes() {
    let seeds = number("FLEET_SEEDS").unwrap_or(FEW);
    if let Some(first) = number("FLEET_FIRST_SEED") {
        return holds(first..first + seeds);
    }
    let fresh = RandomState::new().hash_one(()) % 1_000_000_000_000;
    holds(0..seeds.div_ceil(2));
    holds(fresh..fresh + seeds / 2);
}

/// The invariants of which a fault may break the first one that is checked.
fn broken_by(planted: Planted) -> &'static [&'static str] {
    match planted {
        Planted::App(Fault::RowWithoutRecord) => &["writes_are_whole"],
        Planted::App(Fault::RecordWithoutRow) => &["rows_follow_from_what_it_has"],
        Planted::App(Fault::RecordAfterCommit) => &["rows_follow_from_what_it_has"],
        Planted::App(Fault::DrainLeftOut) => &["everything_arrives"],
        Planted::App(Fault::PeersLeftOut) => {
            &["deletions_are_forgotten_late", "everything_arrives"]
        }
        Planted::Driver(AppFault::AckBeforeApply | AppFault::AckFromEntry) => &["ack_is_applied"],
        Planted::Driver(AppFault::DuplicateNotAcked) => &["logs_are_empty"],
        Planted::Driver(_) => &["everything_arrives"],
    }
}

#[test]
fn a_fault_in_how_an_app_uses_the_handle_is_found() {
    let of_drivers = [
        AppFault::AckBeforeApply,
        AppFault::AckFromEntry,
        AppFault::MaximumOverPeers,
        AppFault::DuplicateNotAcked,
    ];
    let of_drivers = of_drivers.map(Planted::Driver);
    let of_apps = Fault::ALL.map(Planted::App);
    for planted in of_apps.into_iter().chain(of_drivers) {
        let broken = (0..ENOUGH).find_map(|seed| {
            let scenario = Scenario::generate(seed, STEPS);
            let outcome = run(&scenario, seed, Some(planted), Tells::Nothing);
            Some((seed, outcome.unwrap().broken?))
        });
        let (seed, (step, violation)) =
            broken.unwrap_or_else(|| panic!("{planted:?} was not found"));
        eprintln!(
            "{planted:?}: seed {seed}, step {step}: {}",
            violation.invariant
        );
        assert!(
            broken_by(planted).contains(&violation.invariant),
            "{violation}"
        );
    }
}
