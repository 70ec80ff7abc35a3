//! One scenario, from its first step to the end of its healing.

use anyhow::Result;
use broken_stores::Fault;

use crate::invariants::Violation;
use crate::scenario::Scenario;
use crate::step::Step;
use crate::trace::{Coverage, Trace};
use crate::world::{Store, World};

/// What the devices of a run are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Make {
    pub store: Store,
    pub fault: Option<Fault>,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// A hash over every logical event.
    pub hash: u64,
    /// The invariant that was broken, and after which step; the place behind
    /// the last one is the healing.
    pub broken: Option<(usize, Violation)>,
    /// How often what happened.
    pub coverage: Coverage,
    /// How many steps did something to a device.
    pub device_steps: u64,
    /// What happened, if that was asked for.
    pub lines: Vec<String>,
}

/// Runs `scenario`.
pub fn run(scenario: &Scenario, make: Make) -> Result<Outcome> {
    run_with(scenario, make, Trace::default())
}

/// Runs `scenario` and keeps a line for each event.
pub fn run_telling(scenario: &Scenario, make: Make) -> Result<Outcome> {
    run_with(scenario, make, Trace::with_lines())
}

fn run_with(scenario: &Scenario, make: Make, trace: Trace) -> Result<Outcome> {
    let take = |world: &mut World, step: &Step| world.take(*step);
    let end = |world: World| (world.device_steps, world.trace);
    let world = World::new(scenario, make.store, make.fault, trace)?;
    Ok(live(world, &scenario.steps, take, World::heal, end))
}

/// Takes all steps, and heals. `end` gives how many steps did something to a device, and what happened.
pub(crate) fn live<Fleet, S>(
    mut fleet: Fleet,
    steps: &[S],
    take: impl Fn(&mut Fleet, &S) -> Result<(), Violation>,
    heal: impl Fn(&mut Fleet) -> Result<(), Violation>,
    end: impl Fn(Fleet) -> (u64, Trace),
) -> Outcome {
    let mut all = steps.iter().enumerate();
    let broken = all.find_map(|(place, step)| Some((place, take(&mut fleet, step).err()?)));
    let broken = broken.or_else(|| Some((steps.len(), heal(&mut fleet).err()?)));
    let (device_steps, trace) = end(fleet);
    let hash = trace.hash();
    let (coverage, lines) = trace.into_parts();
    Outcome {
        hash,
        broken,
        coverage,
        device_steps,
        lines,
    }
}
