//! The end of a run: everything is delivered, and all devices have to show the same.

use super::step::{Edit, How, Model, References};
use super::world::{World, failed};
use crate::invariants::Violation;

/// Longer than any wall clock was ahead.
const LONG_MS: i64 = 1000 * 3_600_000;

/// How often every device reads every other one, at most.
const ROUNDS_MAX: usize = 6;

/// How many entries a page has then.
const LARGE: usize = 1000;

/// Clocks are right, nothing is lost any more, and every device reads everything and acknowledges it.
/// Then nothing waits, what is shown follows from all changes, and the logs are empty.
pub(crate) fn heal(world: &mut World) -> Result<(), Violation> {
    world.network.lose_all();
    for number in world.numbers() {
        world.jump(number, 0);
    }
    world.wait(LONG_MS);
    for number in world.numbers() {
        world.drain_now(number, None)?;
    }
    deliver_everything(world)?;
    speak_up(world)?;
    deliver_everything(world)?;
    everybody_has_everything(world)?;
    same_release_same_rows(world)?;
    devices_agree(world)?;
    for number in world.numbers() {
        world.forget(number)?;
    }
    logs_are_empty(world)
}

/// Each device makes one more change: a group that waits for a record which no device ever wrote is
/// applied once every device is past it.
fn speak_up(world: &mut World) -> Result<(), Violation> {
    for number in world.numbers() {
        let last_words = Edit {
            model: Model::Note,
            record: number,
            how: How::Insert,
            values: [number, 1, 1],
        };
        world.write(number, &[last_words], References::Unchecked, None)?;
    }
    Ok(())
}

fn deliver_everything(world: &mut World) -> Result<(), Violation> {
    for _ in 0..ROUNDS_MAX {
        let mut is_moved = false;
        for reader in world.numbers() {
            for origin in world.numbers() {
                if reader != origin {
                    is_moved |= read(world, reader, origin)?;
                }
            }
        }
        if !is_moved {
            return Ok(());
        }
    }
    broken("the devices still read new changes".to_owned())
}

fn broken(what: String) -> Result<(), Violation> {
    Err(Violation::new("everything_arrives", what))
}

/// Reads one page. Returns whether it brought something; then its ack is lost, and the next page, which
/// brings nothing, has to be acknowledged.
fn read(world: &mut World, reader: u8, origin: u8) -> Result<bool, Violation> {
    let after = world.asked_from(reader, origin, 0)?;
    let page = world.serve(reader, origin, after, LARGE);
    if page.is_err() && !world.has_joined(reader, origin) {
        world.snapshot(reader, origin)?;
        return Ok(true);
    }
    let page = page.map_err(|error| Violation::new("everything_arrives", error.to_string()))?;
    let ack = world.receive(reader, origin, &page, None)?;
    if page.next != after {
        return Ok(true);
    }
    if let Some(at) = ack {
        world.take_ack(reader, origin, at)?;
    }
    world.prune(origin)?;
    Ok(false)
}

/// Each device is at the head of each other one, and nothing waits. That it shows what follows from
/// what it has was checked after each page.
fn everybody_has_everything(world: &World) -> Result<(), Violation> {
    for device in &world.found {
        for (origin, history) in &world.histories {
            let watermark = device.watermark(*origin);
            if *origin != device.id && watermark.hlc() != history.head() {
                return broken(format!("{} is at {watermark} of {origin}", device.id));
            }
        }
        if let Some(hlc) = device.waiting.first() {
            return broken(format!("{} lets {hlc} wait for ever", device.id));
        }
    }
    Ok(())
}

fn same_release_same_rows(world: &World) -> Result<(), Violation> {
    for one in &world.found {
        for other in &world.found {
            if one.release == other.release && one.rows != other.rows {
                return broken(format!("{} and {} show other rows", one.id, other.id));
            }
        }
    }
    Ok(())
}

/// What each device says of its records is what was found.
fn devices_agree(world: &mut World) -> Result<(), Violation> {
    for number in world.numbers() {
        let found = world.found(number).clone();
        let agreed = world.device(number).agrees_with(&found);
        agreed.map_err(failed("devices_say_what_they_have"))?;
    }
    Ok(())
}

fn logs_are_empty(world: &World) -> Result<(), Violation> {
    for device in &world.found {
        if let Some(entry) = device.log.entries.first() {
            let what = format!("the log of {} keeps {}", device.id, entry.hlc);
            return Err(Violation::new("logs_are_empty", what));
        }
    }
    Ok(())
}
