//! The fleet of apps of the simulator, on `SharedRecords` and files.
//!
//! The scenarios, the oracle and what drives the devices are those of `simulator::apps`, and the devices
//! are apps with the tables and entities of its models. Each device of a seed draws its layout, the
//! journal of its database, and whether it has one handle or two. A process is killed by copying its files at a statement of the product, and
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
mod faults;
pub(crate) mod folder;
mod look;
pub(crate) mod moment;
mod past;
mod plan;
mod releases;
mod said;

use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::time::Instant;

use anyhow::Result;
use fastrand::Rng;
use simulator::apps::{self, AppFault, Scenario, Start, run_on, run_telling_on};
use simulator::run::Outcome;
use simulator::seeds::{Summary, run_each};
use simulator::shrink::shrink_by;

use crate::common::database::{Journal, Layout};
use device::{Device, Setup};
use fault::Fault;

const STEPS: usize = 200;

/// Seeds in CI, half of which are always the same.
const FEW: u64 = 20;

/// The seeds of that half.
const FEW_OF_A_KIND: u64 = FEW / 2;

/// Seeds within which everything happens, and a planted fault is found.
const ENOUGH: u64 = 200;

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
    let setups = scenario.starts.iter().map(|_| Setup {
        layout: rng.choice(Layout::BOTH).unwrap(),
        handles: rng.choice([1, 1, 2]).unwrap(),
        journal: rng
            .choice([Journal::Rollback, Journal::WriteAhead])
            .unwrap(),
        fault: match planted {
            Some(Planted::App(fault)) => Some(fault),
            _ => None,
        },
    });
    let setups: Vec<_> = setups.collect();
    let make = |number: u8, start: &Start| {
        let device = Device::new(number, start, setups[usize::from(number)])?;
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
    assert_hits(&summary, first);
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
    "page unsynced",
    "shown with an empty reference",
];

/// A run proves something only if it did what it is about. A short one may miss a kind, unless its seeds
/// are always the same.
fn assert_hits(summary: &Summary, first: u64) {
    let (often, seldom) = match summary.seeds {
        ENOUGH.. => (OFTEN, SELDOM),
        FEW_OF_A_KIND.. if first == 0 => (OFTEN, &[][..]),
        _ => return,
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
