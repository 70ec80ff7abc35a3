//! What becomes of the rows of `peer_acks`.

use rusqlite::{Connection, Row, params};
use sync_log_core::{Hlc, LogState, RegisteredBy, StoreError, Uuid, parse_uuid};

use super::changes::UUID_BYTES;
use super::{CHUNK_ROWS, execute};
use crate::failure::failed;
use crate::rows::{text, unless_longer};
use crate::statement::prepare;
use crate::time;

/// The highest stamps in the acks, as far as they are near: an ack can be forged.
pub(super) struct Claimed {
    /// Of any device.
    pub(super) any: Hlc,
    /// Of this one.
    pub(super) own: Hlc,
}

pub(super) fn highest(
    db: &Connection,
    device_id: Uuid,
    is_near: impl Fn(&Hlc) -> bool,
) -> Result<Claimed, StoreError> {
    let mut claimed = Claimed {
        any: Hlc::ZERO,
        own: Hlc::ZERO,
    };
    each_chunk(db, Hlc::ZERO, device_id, |chunk| {
        for hlc in chunk.iter().filter_map(|found| found.hlc).filter(&is_near) {
            claimed.any = claimed.any.max(hlc);
            if hlc.device_id == device_id {
                claimed.own = claimed.own.max(hlc);
            }
        }
        Ok(())
    })?;
    Ok(claimed)
}

/// A row, as it was found.
struct Found {
    row: i64,
    /// Whose it is, if it is somebody's.
    peer: Option<Uuid>,
    /// What it says, if that is a stamp.
    hlc: Option<Hlc>,
    /// The same, or why it cannot be an ack of this log.
    acked: Result<Hlc, &'static str>,
}

/// Keeps the acks that can be acks of this log, as not verified; puts the others
/// aside and gives the peer one that says nothing. Returns how many stay.
pub(super) fn sort(
    db: &Connection,
    adoption: i64,
    state: &LogState,
    head: Hlc,
    now_ms: i64,
) -> Result<i64, StoreError> {
    let mut kept = 0;
    each_chunk(db, head, state.identity.device_id, |chunk| {
        for found in chunk {
            let (Some(peer), Ok(acked)) = (found.peer, found.acked) else {
                put_aside(db, adoption, found)?;
                if let Some(peer) = found.peer {
                    register(db, peer, Hlc::ZERO, now_ms)?;
                }
                continue;
            };
            register(db, peer, acked, now_ms)?;
            kept += 1;
        }
        Ok(())
    })?;
    Ok(kept)
}

/// Shows all rows, some at a time. A value that is longer than it may be is not read.
fn each_chunk(
    db: &Connection,
    head: Hlc,
    device_id: Uuid,
    mut see: impl FnMut(&[Found]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let failed = |error| failed("read acks that are to be adopted", error);
    let sql = format!(
        "SELECT rowid, {peer}, {hlc}, typeof(acked_at) = 'text' FROM peer_acks \
         WHERE rowid >= ?1 ORDER BY rowid LIMIT {CHUNK_ROWS}",
        peer = unless_longer("peer_device_id", UUID_BYTES),
        hlc = unless_longer("last_acked_hlc", Hlc::TEXT_LEN),
    );
    let mut next = Some(i64::MIN);
    while let Some(from) = next {
        let chunk = {
            let mut query = prepare(db, &sql).map_err(failed)?;
            let found = query.query_map([from], |row| judge(row, device_id, head));
            let found: rusqlite::Result<Vec<_>> = found.and_then(Iterator::collect);
            found.map_err(failed)?
        };
        next = chunk.last().and_then(|found| found.row.checked_add(1));
        see(&chunk)?;
    }
    Ok(())
}

fn judge(row: &Row<'_>, device_id: Uuid, head: Hlc) -> rusqlite::Result<Found> {
    let peer = text(row, 1).and_then(parse_uuid);
    let peer = peer.filter(|peer| !peer.is_nil() && *peer != device_id);
    let hlc = text(row, 2).and_then(|text| text.parse::<Hlc>().ok());
    let has_time: bool = row.get(3)?;
    let acked = match hlc {
        _ if peer.is_none() => Err("peer_device_id is not of a peer, in strict form"),
        None => Err("last_acked_hlc is not a stamp in strict form"),
        Some(hlc) if !hlc.is_zero() && hlc.device_id != device_id => {
            Err("last_acked_hlc is a stamp of another device")
        }
        Some(hlc) if hlc > head => Err("last_acked_hlc is above the head"),
        Some(_) if !has_time => Err("acked_at is no text"),
        Some(hlc) => Ok(hlc),
    };
    Ok(Found {
        row: row.get(0)?,
        peer,
        hlc,
        acked,
    })
}

fn put_aside(db: &Connection, adoption: i64, found: &Found) -> Result<(), StoreError> {
    let reason = found.acked.err().unwrap_or_default();
    let sql = "INSERT INTO sync_log_aside_acks (adoption, reason, peer_device_id, \
               last_acked_hlc, acked_at) \
               SELECT ?1, ?2, peer_device_id, last_acked_hlc, acked_at \
               FROM peer_acks WHERE rowid = ?3";
    execute(db, sql, params![adoption, reason, found.row])?;
    execute(db, "DELETE FROM peer_acks WHERE rowid = ?1", [found.row])
}

/// An ack of nothing needs no proof.
fn register(db: &Connection, peer: Uuid, acked: Hlc, now_ms: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO sync_log_peers (peer_device_id, state, registered_by, \
               registered_at, verified) VALUES (?1, 'active', ?2, ?3, ?4) \
               ON CONFLICT (peer_device_id) DO UPDATE SET verified = excluded.verified";
    let values = params![
        peer.hyphenated().to_string(),
        RegisteredBy::Adoption.as_str(),
        time::to_text(now_ms),
        acked.is_zero(),
    ];
    execute(db, sql, values)
}
