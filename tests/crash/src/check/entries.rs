//! Acknowledged entries are there; the batch in flight is whole or not.

use std::collections::BTreeMap;

use sync_log_sqlite::Hlc;
use sync_log_sqlite::SMALLEST_PRUNE_CHUNK_ENTRIES;

use super::effect::{Effect, whole_if};
use super::violation::Violation;
use crate::entry::EntryId;
use crate::file::LogFile;
use crate::line::Operation;
use crate::model::{InFlight, Model};

pub(super) fn check(
    model: &Model,
    file: &LogFile,
    violations: &mut Vec<Violation>,
) -> Option<Effect> {
    let floor = file.state.floor;
    for (hlc, id) in model.after(floor.max(model.floor)) {
        match file.entries.get(&hlc) {
            None => violations.push(Violation::Lost { hlc }),
            Some(entry) if *entry != id.stamped(hlc) => {
                violations.push(Violation::Altered { hlc });
            }
            Some(_) => {}
        }
    }
    let mut found = BTreeMap::new();
    for (hlc, entry) in &file.entries {
        if *hlc <= floor {
            violations.push(Violation::BelowFloor { hlc: *hlc });
        }
        if model.entries.contains_key(hlc) {
            continue;
        }
        let index = EntryId::of(entry.record_uuid).and_then(|id| index_in_flight(model, id));
        let content = |at: u32| Some(id_in_flight(model, at)?.stamped(*hlc));
        match index {
            Some(index) if content(index).as_ref() == Some(entry) => {
                found.insert(*hlc, index);
            }
            _ => violations.push(Violation::Unknown { hlc: *hlc }),
        }
    }
    in_flight(model.in_flight.as_ref()?, &found, violations)
}

/// What of the append in flight is there, and whether that may be.
fn in_flight(
    in_flight: &InFlight,
    found: &BTreeMap<Hlc, u32>,
    violations: &mut Vec<Violation>,
) -> Option<Effect> {
    let there = found.len();
    match in_flight.what {
        Operation::Batch { count } => {
            let of = count as usize;
            let is_ascending = found.values().is_sorted();
            if there > 0 && (there != of || !is_ascending) {
                violations.push(Violation::TornBatch { there, of });
            }
            Some(whole_if(there > 0))
        }
        Operation::Ticked => {
            let others = found.keys().filter(|hlc| Some(**hlc) != in_flight.ticked);
            violations.extend(others.map(|hlc| Violation::Unknown { hlc: *hlc }));
            in_flight.ticked.map(|_| whole_if(there > 0))
        }
        // Those that were acknowledged are not among the found ones.
        Operation::Burst { count }
        | Operation::Move { count, .. }
        | Operation::BackUp { count, .. } => Some(match there {
            0 => Effect::None,
            all if all == count as usize => Effect::Whole,
            _ => Effect::Part,
        }),
        _ => None,
    }
}

/// The place of `id` in the append in flight, if it is in it.
fn index_in_flight(model: &Model, id: EntryId) -> Option<u32> {
    (id_in_flight(model, id.index)? == id).then_some(id.index)
}

fn id_in_flight(model: &Model, index: u32) -> Option<EntryId> {
    let in_flight = model.in_flight.as_ref()?;
    let count = match in_flight.what {
        Operation::Batch { count }
        | Operation::Burst { count }
        | Operation::Move { count, .. }
        | Operation::BackUp { count, .. } => count,
        Operation::Ticked => 1,
        _ => return None,
    };
    (index < count).then_some(EntryId {
        child: in_flight.child,
        operation: in_flight.number,
        index,
    })
}

/// A prune goes in chunks, whose sizes are multiples of the smallest; only the last
/// one may be smaller.
pub(super) fn are_whole_chunks(gone: usize, planned: usize) -> bool {
    gone == planned || gone.is_multiple_of(SMALLEST_PRUNE_CHUNK_ENTRIES)
}
