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
    let mut world = World::new(scenario, make.store, make.fault, trace)?;
    let broken = all_steps(&mut world, &scenario.steps).err();
    let (hash, device_steps) = (world.trace.hash(), world.device_steps);
    let (coverage, lines) = world.trace.into_parts();
    Ok(Outcome {
        hash,
        broken,
        coverage,
        device_steps,
        lines,
    })
}

fn all_steps(world: &mut World, steps: &[Step]) -> Result<(), (usize, Violation)> {
    for (place, step) in steps.iter().enumerate() {
        world.take(*step).map_err(|violation| (place, violation))?;
    }
    world.heal().map_err(|violation| (steps.len(), violation))
}
