//! Many seeds, on a few threads.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Result, bail};

use crate::run::{Make, Outcome, run};
use crate::scenario::Scenario;
use crate::trace::Coverage;

/// What many runs add up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub seeds: u64,
    pub device_steps: u64,
    pub coverage: Coverage,
    /// The hashes of all runs together, in whatever order they ended.
    pub hash: u64,
    /// The lowest of the seeds that failed.
    pub failed: Option<u64>,
}

impl Summary {
    fn add(&mut self, seed: u64, outcome: &Outcome) {
        self.seeds += 1;
        self.device_steps += outcome.device_steps;
        self.hash = self.hash.wrapping_add(outcome.hash);
        for (kind, count) in &outcome.coverage {
            *self.coverage.entry(kind).or_default() += count;
        }
        if outcome.broken.is_some() {
            self.failed = Some(self.failed.map_or(seed, |failed| failed.min(seed)));
        }
    }
}

/// Runs seeds until one fails, and those below it. `tell` hears how many are done.
pub fn run_all(
    seeds: Range<u64>,
    steps: usize,
    make: Make,
    jobs: usize,
    tell: impl Fn(u64) + Sync,
) -> Result<Summary> {
    let run = |seed| run(&Scenario::generate(seed, steps), make);
    run_each(seeds, jobs, tell, run)
}

/// The same for runs of any kind, where `run` makes the run of a seed.
pub fn run_each(
    seeds: Range<u64>,
    jobs: usize,
    tell: impl Fn(u64) + Sync,
    run: impl Fn(u64) -> Result<Outcome> + Sync,
) -> Result<Summary> {
    let next = AtomicU64::new(seeds.start);
    let stop = AtomicBool::new(false);
    let summary = Mutex::new(Summary::default());
    let work = || -> Result<()> {
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let outcome = run(seed)?;
            let mut summary = summary.lock().unwrap();
            summary.add(seed, &outcome);
            tell(summary.seeds);
            if outcome.broken.is_some() {
                stop.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.max(1)).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| match worker.join() {
                Ok(result) => result,
                Err(_) => bail!("a run panicked; see above"),
            })
    })?;
    Ok(summary.into_inner().unwrap())
}
