//! What opening does to a log that another program wrote to, on values: written from
//! `I3` and `I4`, for the store in memory, which has no files to adopt.

use sync_log_core::CEILING_MS;
use sync_log_core::{
    Contents, Hlc, Mark, OwnRow, PeerFacts, PeerRow, PeerState, RegisteredBy, Tag, Uuid,
};

/// A day.
const NEAR_MS: i128 = 24 * 3_600_000;

/// No log is older.
const YEAR_2020_MS: i64 = 1_577_836_800_000;

/// Adopts `contents` as the log `log_id`.
pub(crate) fn adopt(contents: &mut Contents, log_id: Uuid, now_ms: i64) {
    let own = contents.state.identity.device_id;
    // A reading that no clock takes counts as 0.
    let is_reading = (0..CEILING_MS.cast_signed()).contains(&now_ms);
    let wall_ms = if is_reading { now_ms } else { 0 };
    // What others say is no reason to be far ahead of the time.
    let is_near = |hlc: &Hlc| {
        let ahead = i128::from(hlc.timestamp) - i128::from(wall_ms);
        ahead <= NEAR_MS && hlc.timestamp < CEILING_MS
    };
    // An own row is judged too, where the log did not give it out and the time can be right.
    let reached = contents.state.high_water.max(contents.state.head.hlc);
    let is_possible = (YEAR_2020_MS..CEILING_MS.cast_signed()).contains(&now_ms);
    let is_taken = |hlc: &Hlc| {
        let is_known = hlc.device_id == own && (*hlc <= reached || !is_possible);
        is_near(hlc) || is_known && hlc.timestamp < CEILING_MS
    };
    let acks = contents.peers.values().map(claimed);
    let entries = contents.entries.keys().copied();
    let found: Vec<Hlc> = entries.chain(acks).filter(is_taken).collect();
    let highest = found.iter().copied().max().unwrap_or(Hlc::ZERO);
    let highest_own = found.into_iter().filter(|hlc| hlc.device_id == own).max();
    // The floor never goes back.
    let floor = contents.state.floor.hlc;
    let stays = |hlc: &Hlc| hlc.device_id == own && *hlc > floor && is_taken(hlc);
    contents.entries.retain(|hlc, _| stays(hlc));
    contents.lost.clear();
    let (newest, begin) = bounds(contents, highest_own);
    let begin = Mark {
        hlc: begin,
        tag: Tag::ZERO,
    };
    let head = Mark {
        hlc: newest,
        tag: begin_chain(contents, begin).tag,
    };
    contents
        .peers
        .values_mut()
        .for_each(|row| *row = adopted(row, own.into(), head.hlc, now_ms));
    let state = &mut contents.state;
    state.identity.log_id = log_id;
    state.high_water = state.high_water.max(highest).max(head.hlc);
    // What this device gave out before is up to there.
    state.settled = state.high_water;
    state.head = head;
    state.floor = begin;
    state.solo = false;
    state.peers_declared = false;
    state.altered = None;
}

/// A new chain over what is there, from `floor` on; the newest entry ends its group, whatever
/// it did before. Returns where it ends.
fn begin_chain(contents: &mut Contents, floor: Mark) -> Mark {
    let mut reached = floor;
    let newest = contents.entries.keys().next_back().copied();
    for stored in contents.entries.values_mut() {
        stored.entry.group_end |= Some(stored.entry.hlc) == newest;
        reached = reached.then(&stored.entry);
        stored.tag = Some(reached.tag);
    }
    reached
}

/// The newest entry, and the place just below the oldest; without entries the end of
/// what is known to have been there.
fn bounds(contents: &Contents, highest_own: Option<Hlc>) -> (Hlc, Hlc) {
    let mut stamps = contents.entries.keys();
    if let (Some(oldest), newest) = (stamps.next(), stamps.next_back()) {
        return (newest.copied().unwrap_or(*oldest), just_below(*oldest));
    }
    let lowest = Hlc::new(0, 0, contents.state.identity.device_id.into());
    let end = contents
        .state
        .head
        .hlc
        .max(lowest)
        .max(highest_own.unwrap_or(lowest));
    (end, end)
}

/// The stamp before `hlc`, of the same device.
pub(crate) fn just_below(hlc: Hlc) -> Hlc {
    match hlc.counter.checked_sub(1) {
        Some(counter) => Hlc { counter, ..hlc },
        None => Hlc::new(hlc.timestamp.saturating_sub(1), u64::MAX, hlc.device_id),
    }
}

/// An ack that this log can have given is kept, and not believed; another counts as none.
/// Of a peer that was known the own row counts; what its mirror claims beyond that stays there.
fn adopted(row: &PeerRow, own: Uuid, head: Hlc, now_ms: i64) -> PeerRow {
    let is_possible = |hlc: &Hlc| hlc.device_id == own && *hlc <= head;
    let claim = Some(claimed(row)).filter(is_possible);
    let (acked, facts) = match row.own {
        Some(OwnRow::Known { acked, facts, .. }) => (acked, Some(facts)),
        _ => (claim.unwrap_or(Hlc::ZERO), None),
    };
    let acked = Some(acked).filter(is_possible).unwrap_or(Hlc::ZERO);
    let mut facts = facts.unwrap_or(PeerFacts {
        state: PeerState::Active,
        registered_by: RegisteredBy::Adoption,
        registered_at_ms: now_ms,
        admission: 1,
        hold: None,
        verified: true,
    });
    facts.verified = acked.is_zero();
    let more = claim.filter(|claim| facts.verified && *claim > acked);
    PeerRow {
        peer_device_id: row.peer_device_id.clone(),
        own: Some(OwnRow::Known {
            acked,
            acked_at_ms: now_ms,
            facts,
        }),
        mirror: Some(more.unwrap_or(acked).to_string()),
    }
}

/// What the mirror says.
fn claimed(row: &PeerRow) -> Hlc {
    let said = row.mirror.as_deref().and_then(|text| text.parse().ok());
    said.unwrap_or(Hlc::ZERO)
}
