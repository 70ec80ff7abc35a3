//! The rules between any two states of a log, whatever the reference says.

use sync_log_core::{Hlc, Peer};

use crate::snapshot::Snapshot;

fn ensure(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// Compares the states before and after one step that was not a restore.
pub(super) fn check(before: &Snapshot, after: &Snapshot) -> Result<(), String> {
    let (old, new) = (&before.state, &after.state);
    ensure(new.head.hlc >= old.head.hlc, "A5: the head goes back")?;
    ensure(
        new.high_water >= old.high_water,
        "A5: the high-water goes back",
    )?;
    ensure(new.floor.hlc >= old.floor.hlc, "P3: the floor goes back")?;
    ensure(
        new.floor.hlc <= new.head.hlc,
        "P3: the floor is above the head",
    )?;
    ensure(
        new.high_water >= new.head.hlc,
        "A5: the high-water is below the head",
    )?;
    let stamps = after.stamps();
    ensure(stamps.is_sorted_by(|a, b| a < b), "A1: entries ascend")?;
    ensure(
        stamps.iter().all(|stamp| *stamp > new.floor.hlc),
        "P3: an entry is not above the floor",
    )?;
    ensure(
        stamps.last().is_none_or(|last| *last == new.head.hlc),
        "A1: the newest entry is not the head",
    )?;
    check_chain(after)?;
    let gone = before.stamps().into_iter().filter(|s| !stamps.contains(s));
    let Some(newest) = gone.max() else {
        return Ok(());
    };
    ensure(
        new.floor.hlc == newest,
        "P3: the floor is not what went last",
    )?;
    nobody_lacks(newest, after)
}

/// Every tag follows from the one before, from the floor to the head.
fn check_chain(after: &Snapshot) -> Result<(), String> {
    let mut reached = after.state.floor;
    for (entry, tag) in after.entries.iter().zip(&after.tags) {
        reached = reached.then(entry);
        let other = format!("R4: the tag at {} is not that of its past", entry.hlc);
        ensure(*tag == Some(reached.tag), &other)?;
    }
    ensure(
        reached == after.state.head,
        "R4: the head is not where the chain ends",
    )
}

/// Every active peer is at least as far, whatever is wrong with its rows.
fn nobody_lacks(newest: Hlc, after: &Snapshot) -> Result<(), String> {
    let mut active = 0;
    let peers = after.peers.iter().filter_map(|row| row.peer(&after.state));
    for peer in peers.filter(Peer::is_active) {
        active += 1;
        let lacks = format!("P1: pruned {newest}, which {} lacks", peer.device_id);
        ensure(peer.position() >= newest, &lacks)?;
    }
    ensure(active > 0 || after.state.solo, "P2: nobody is active")
}
