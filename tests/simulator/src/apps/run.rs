//! One run of devices with an app, from its first step to the end of its healing.

use anyhow::Result;

use super::fault::AppFault;
use super::heal::heal;
use super::scenario::Scenario;
use super::step::Step;
use super::world::World;
use crate::invariants::Violation;
use crate::run::Outcome;
use crate::trace::Trace;

/// Runs `scenario`.
pub fn run(scenario: &Scenario, fault: Option<AppFault>) -> Result<Outcome> {
    run_with(scenario, fault, Trace::default())
}

/// Runs `scenario` and keeps a line for each event.
pub fn run_telling(scenario: &Scenario, fault: Option<AppFault>) -> Result<Outcome> {
    run_with(scenario, fault, Trace::with_lines())
}

fn run_with(scenario: &Scenario, fault: Option<AppFault>, trace: Trace) -> Result<Outcome> {
    let mut world = World::new(scenario, fault, trace)?;
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
        world.take(step).map_err(|violation| (place, violation))?;
    }
    heal(world).map_err(|violation| (steps.len(), violation))
}
