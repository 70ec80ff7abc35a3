//! One run of devices with an app, from its first step to the end of its healing.

use anyhow::Result;

use super::device::Device;
use super::fault::AppFault;
use super::heal::heal;
use super::memory::MemoryDevice;
use super::past::Start;
use super::scenario::Scenario;
use super::world::World;
use crate::run::{Outcome, live};
use crate::trace::Trace;

/// Makes the device of a number.
pub type Make<'a> = &'a dyn Fn(u8, &Start) -> Result<Box<dyn Device>>;

/// Runs `scenario` in memory.
pub fn run(scenario: &Scenario, fault: Option<AppFault>) -> Result<Outcome> {
    run_on(scenario, &in_memory(fault), fault)
}

/// Runs `scenario` in memory, and keeps a line for each event.
pub fn run_telling(scenario: &Scenario, fault: Option<AppFault>) -> Result<Outcome> {
    run_telling_on(scenario, &in_memory(fault), fault)
}

fn in_memory(fault: Option<AppFault>) -> impl Fn(u8, &Start) -> Result<Box<dyn Device>> {
    move |number, start| Ok(Box::new(MemoryDevice::new(number, start, fault)?))
}

/// Runs `scenario` on devices of another kind. Of the faults, those of what drives the devices can be
/// planted there: `MaximumOverPeers`, `AckBeforeApply`, `AckFromEntry` and `DuplicateNotAcked`.
pub fn run_on(scenario: &Scenario, make: Make<'_>, fault: Option<AppFault>) -> Result<Outcome> {
    run_with(scenario, make, fault, Trace::default())
}

/// The same, and keeps a line for each event.
pub fn run_telling_on(
    scenario: &Scenario,
    make: Make<'_>,
    fault: Option<AppFault>,
) -> Result<Outcome> {
    run_with(scenario, make, fault, Trace::with_lines())
}

fn run_with(
    scenario: &Scenario,
    make: Make<'_>,
    fault: Option<AppFault>,
    trace: Trace,
) -> Result<Outcome> {
    let starts = (0..).zip(&scenario.starts);
    let devices = starts.map(|(number, start)| make(number, start));
    let devices = devices.collect::<Result<_>>()?;
    let end = |world: World| (world.device_steps, world.trace);
    let world = World::new(devices, &scenario.starts, fault, trace)?;
    Ok(live(world, &scenario.steps, World::take, heal, end))
}
