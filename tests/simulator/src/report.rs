//! Runs what was asked for, and says what became of it.
#![allow(
    clippy::disallowed_methods,
    reason = "how long the runs took is measured here, and nothing depends on it"
)]
#![allow(clippy::print_stdout, reason = "the report is what the command is for")]

use std::ops::Range;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use progress::Progress;
use simulator::Coverage;
use simulator::seeds::{Summary, run_each};

use crate::args::{Args, FirstSeed, Plant, Planted};
use crate::fleet::Fleet;

pub(crate) fn run(args: &Args, first_seed: u64) -> Result<ExitCode> {
    let seeds = first_seed..first_seed.saturating_add(args.seeds);
    if args.first_seed == FirstSeed::Fresh {
        print_fresh(args, first_seed);
    }
    match args.fault {
        Some(Plant::All) => find_all(args, seeds),
        Some(Plant::One(fault)) => find_one(args, seeds, Some(fault)),
        None => find_one(args, seeds, None),
    }
}

/// Before the first run, so that it is printed whatever becomes of the runs.
fn print_fresh(args: &Args, first_seed: u64) {
    let planted = match args.fault {
        Some(Plant::All) => " --fault all".to_owned(),
        Some(Plant::One(fault)) => format!(" --fault {fault}"),
        None => String::new(),
    };
    println!(
        "fresh seeds; {}",
        repeat(args, first_seed, args.seeds, &planted)
    );
}

fn find_one(args: &Args, seeds: Range<u64>, fault: Option<Planted>) -> Result<ExitCode> {
    let start = Instant::now();
    let summary = run_seeds(args, seeds, fault)?;
    print_coverage(&summary.coverage);
    println!(
        "{} seeds of {}, {} steps each on {}: {} device-steps in {:.1} s, trace hash {:016x}",
        summary.seeds,
        args.fleet,
        args.steps,
        args.store,
        summary.device_steps,
        start.elapsed().as_secs_f64(),
        summary.hash
    );
    let Some(seed) = summary.failed else {
        println!("found nothing");
        return Ok(ExitCode::SUCCESS);
    };
    print_failure(args, fault, seed)?;
    Ok(ExitCode::FAILURE)
}

/// Plants one fault after the other; each has to be found.
fn find_all(args: &Args, seeds: Range<u64>) -> Result<ExitCode> {
    let mut missed = 0;
    for fault in Fleet::faults(args.fleet) {
        let summary = run_seeds(args, seeds.clone(), Some(fault))?;
        let Some(seed) = summary.failed else {
            println!("{fault:<27} not found in {} seeds", summary.seeds);
            missed += 1;
            continue;
        };
        let failure = Fleet::new(args, Some(fault))?.failure(seed, args.steps)?;
        let steps = failure.steps.len();
        let what = failure
            .outcome
            .broken
            .map(|(_, violation)| violation.invariant);
        println!(
            "{fault:<27} seed {seed:>3}, {steps:>2} steps: {}",
            what.unwrap_or_default()
        );
    }
    Ok(if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_seeds(args: &Args, seeds: Range<u64>, fault: Option<Planted>) -> Result<Summary> {
    let progress = Progress::new(args.seeds, "seeds");
    let tell = |done| {
        if fault.is_none() {
            progress.show(done);
        }
    };
    let fleet = Fleet::new(args, fault)?;
    let run = |seed| fleet.run(seed, args.steps);
    let summary = run_each(seeds, args.jobs, tell, run);
    progress.finish();
    summary
}

/// The seed, the few steps that it takes, and how to repeat it.
fn print_failure(args: &Args, fault: Option<Planted>, seed: u64) -> Result<()> {
    let failure = Fleet::new(args, fault)?.failure(seed, args.steps)?;
    let outcome = failure.outcome;
    println!(
        "\nseed {seed} fails. What it takes, from {} steps:",
        failure.all_steps
    );
    println!("  {}", failure.setting);
    for (number, step) in (1..).zip(&failure.steps) {
        println!("{number:4}. {step}");
    }
    println!("\nWhat happens then:");
    for line in &outcome.lines {
        println!("  {line}");
    }
    if let Some((place, violation)) = outcome.broken {
        let when = match failure.steps.get(place) {
            Some(_) => format!("after step {}", place + 1),
            None => "when everything heals".to_owned(),
        };
        println!("\nbroken {when}: {violation}");
    }
    let planted = fault.map_or(String::new(), |fault| format!(" --fault {fault}"));
    println!("\n{}", repeat(args, seed, 1, &planted));
    Ok(())
}

/// The command that runs these seeds again.
fn repeat(args: &Args, first_seed: u64, seeds: u64, planted: &str) -> String {
    let (steps, store, fleet) = (args.steps, args.store, args.fleet);
    format!(
        "repeat: cargo xtask sim --fleet {fleet} --seeds {seeds} --first-seed {first_seed} \
         --steps {steps} --store {store}{planted}"
    )
}

fn print_coverage(coverage: &Coverage) {
    println!("what happened, how often:");
    let lines: Vec<String> = coverage
        .iter()
        .map(|(kind, count)| format!("{kind:<28} {count:>9}"))
        .collect();
    let half = lines.len().div_ceil(2);
    for row in 0..half {
        let right = lines.get(half + row).map_or("", String::as_str);
        println!("  {}   {right}", lines[row]);
    }
}
