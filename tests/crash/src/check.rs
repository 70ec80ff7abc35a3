//! The file against what was acknowledged.

mod effect;
mod entries;
mod peers;
mod violation;

use sync_log_sqlite::{Hlc, Tag};

use crate::entry::{DEVICE, LIBRARY};
use crate::file::LogFile;
use crate::line::Operation;
use crate::model::{Model, acked};
use effect::{together, whole_if};

pub use effect::Effect;
pub use violation::Violation;

/// What a check found.
#[derive(Debug, Clone)]
pub struct Findings {
    pub violations: Vec<Violation>,
    pub effect: Effect,
}

/// Compares what is in the file with what `model` allows there.
pub fn check(model: &Model, file: Option<&LogFile>) -> Findings {
    let Some(file) = file else {
        let is_missing = model.log_id.is_some();
        return Findings {
            violations: is_missing.then_some(Violation::NoLog).into_iter().collect(),
            effect: Effect::None,
        };
    };
    let mut violations = Vec::new();
    let mut effects = vec![
        entries::check(model, file, &mut violations),
        peers::check(model, file, &mut violations),
    ];
    effects.push(floor(model, file, &mut violations));
    identity(model, file, &mut violations);
    stamps(model, file, &mut violations);
    effects.push(of_stamps(model, file));
    Findings {
        violations,
        effect: together(&effects),
    }
}

fn identity(model: &Model, file: &LogFile, violations: &mut Vec<Violation>) {
    let [library, device, log_id] = file.identity;
    let is_same = model.log_id.is_none_or(|known| known == log_id);
    if [library, device] != [LIBRARY, DEVICE] || !is_same {
        violations.push(Violation::OtherLog);
    }
}

/// Head and high-water. What the operation in flight wrote is above what was
/// acknowledged before it, and only that may be.
fn stamps(model: &Model, file: &LogFile, violations: &mut Vec<Violation>) {
    let newest = file.entries.keys().next_back().copied();
    let expected = model.head.max(newest.unwrap_or(Hlc::ZERO));
    if file.state.head != expected {
        violations.push(Violation::Head {
            found: file.state.head,
            expected,
        });
    }
    let found = file.state.high_water;
    let least = model.high_water.max(expected);
    if found < least {
        violations.push(Violation::HighWater { found, least });
    }
}

/// The effect of an operation that moves the high-water alone.
fn of_stamps(model: &Model, file: &LogFile) -> Option<Effect> {
    let in_flight = model.in_flight.as_ref()?;
    match in_flight.what {
        Operation::Observe { remote } => Some(whole_if(file.state.high_water >= remote)),
        Operation::Ticked if in_flight.ticked.is_none() => {
            // A log that was just made has a high-water that no call gave out.
            let before = model.high_water.max(file.state.settled);
            Some(whole_if(file.state.high_water > before))
        }
        _ => None,
    }
}

/// The floor is where it was, or where a prune in flight may have moved it; and
/// it has the tag of that entry.
fn floor(model: &Model, file: &LogFile, violations: &mut Vec<Violation>) -> Option<Effect> {
    let floor = file.state.floor;
    if !has_the_tag(model, file) {
        violations.push(Violation::FloorTag { floor });
    }
    if floor < model.floor {
        let acknowledged = model.floor;
        violations.push(Violation::FloorBack {
            floor,
            acknowledged,
        });
    }
    let gone = model.gone(floor);
    let watermark = prune_in_flight(model, file);
    let limit = watermark.unwrap_or(model.floor);
    let unacknowledged = gone.iter().filter(|hlc| **hlc > limit);
    violations.extend(unacknowledged.map(|hlc| Violation::PrunedUnacknowledged { hlc: *hlc }));
    let planned = model.gone(watermark?).len();
    if !entries::are_whole_chunks(gone.len(), planned) {
        violations.push(Violation::TornChunk { gone: gone.len() });
    }
    let effect = match gone.len() {
        0 => Effect::None,
        some if some == planned => Effect::Whole,
        _ => Effect::Part,
    };
    (planned > 0).then_some(effect)
}

fn has_the_tag(model: &Model, file: &LogFile) -> bool {
    let (floor, tag) = (file.state.floor, file.state.floor_tag);
    if floor.is_zero() {
        return tag == Tag::ZERO;
    }
    let is_place = floor == model.floor || model.entries.contains_key(&floor);
    is_place && model.tag_at(floor) == tag
}

/// How far a prune in flight may go, if there is one. That of an `on_ack`
/// follows its ack, and an ack that registers its peer prunes nothing.
fn prune_in_flight(model: &Model, file: &LogFile) -> Option<Hlc> {
    match model.in_flight.as_ref()?.what {
        Operation::Prune => Some(Model::watermark(&model.peers)),
        Operation::OnAck { peer, through } => {
            let mut peers = model.peers.clone();
            let row = peers.get_mut(&peer)?;
            *row = acked(*row, through);
            (file.peers == peers).then(|| Model::watermark(&peers))
        }
        _ => None,
    }
}
