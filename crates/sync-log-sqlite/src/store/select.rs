//! The statements that read.

use rusqlite::{Connection, Params};
use sync_log_core::{
    EntrySummary, Extent, Hlc, LogState, PeerRow, ReadRequest, SharedChangeEntry, StoreError,
    StoreErrorKind, Uuid,
};

use crate::failure::failed;
use crate::rows::{self, Columns, ENTRY_COLUMNS, PEER_COLUMNS, STATE_COLUMNS, STATE_TABLES};
use crate::statement::prepare;

/// Reads the rows one after another, as long as `read` goes on. Not one more of
/// them is in memory.
fn each(
    db: &Connection,
    sql: &str,
    values: impl Params,
    doing: &'static str,
    mut read: impl FnMut(&mut Columns<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let failed = |error| failed(doing, error);
    let mut query = prepare(db, sql).map_err(failed)?;
    let mut rows = query.query(values).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        if !read(&mut Columns::of(row))? {
            break;
        }
    }
    Ok(())
}

/// All rows.
pub(super) fn all<T>(
    db: &Connection,
    sql: &str,
    values: impl Params,
    doing: &'static str,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    each(db, sql, values, doing, |columns| {
        found.push(read(columns)?);
        Ok(true)
    })?;
    Ok(found)
}

/// The first row.
fn first<T>(
    db: &Connection,
    sql: &str,
    values: impl Params,
    doing: &'static str,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut found = None;
    each(db, sql, values, doing, |columns| {
        found = Some(read(columns)?);
        Ok(false)
    })?;
    Ok(found)
}

/// The first row, which has to be there.
fn one<T>(
    db: &Connection,
    sql: &str,
    values: impl Params,
    doing: &'static str,
    read: impl Fn(&mut Columns<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    first(db, sql, values, doing, read)?
        .ok_or_else(|| StoreError::new(StoreErrorKind::Corrupt, format!("{doing}: no row")))
}

/// A number of rows as SQLite takes it.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

pub(crate) fn state(db: &Connection) -> Result<LogState, StoreError> {
    let sql = format!("SELECT {STATE_COLUMNS} FROM {STATE_TABLES}");
    one(db, &sql, [], "read the state", rows::state)
}

/// All that a reader is judged by.
pub(super) struct Standing {
    pub(super) state: LogState,
    pub(super) at: Option<SharedChangeEntry>,
    pub(super) peer: Option<PeerRow>,
}

pub(super) fn standing(db: &Connection, request: &ReadRequest) -> Result<Standing, StoreError> {
    let sql = format!(
        "SELECT {STATE_COLUMNS}, {ENTRY_COLUMNS}, {PEER_COLUMNS} FROM {STATE_TABLES} \
         LEFT JOIN shared_changes ON hlc = ?1 \
         LEFT JOIN peer_acks AS a ON a.peer_device_id = ?2 \
         LEFT JOIN sync_log_peers AS p ON p.peer_device_id = ?2"
    );
    let peer = request.peer.map(|peer| peer.hyphenated().to_string());
    let after = request.after.to_text();
    let values = (after.as_str(), peer);
    one(db, &sql, values, "read where the log stands", |columns| {
        Ok(Standing {
            state: rows::state(columns)?,
            at: rows::entry(columns)?,
            peer: rows::peer(columns)?,
        })
    })
}

/// The retained entry of a stamp.
pub(super) fn entry(db: &Connection, hlc: Hlc) -> Result<Option<SharedChangeEntry>, StoreError> {
    let sql = format!("SELECT {ENTRY_COLUMNS} FROM shared_changes WHERE hlc = ?1");
    let hlc = hlc.to_text();
    let found = first(db, &sql, [hlc.as_str()], "look up an entry", rows::entry)?;
    Ok(found.flatten())
}

pub(super) fn peer(db: &Connection, peer: Uuid) -> Result<Option<PeerRow>, StoreError> {
    // Not the full join of all peers: an ack must not cost more with more of them.
    let sql = format!(
        "SELECT {PEER_COLUMNS} FROM (SELECT ?1 AS id) AS wanted \
         LEFT JOIN peer_acks AS a ON a.peer_device_id = wanted.id \
         LEFT JOIN sync_log_peers AS p ON p.peer_device_id = wanted.id"
    );
    let peer = peer.hyphenated().to_string();
    one(db, &sql, [peer], "read a peer", rows::peer)
}

pub(crate) fn peers(db: &Connection) -> Result<Vec<PeerRow>, StoreError> {
    let sql = format!(
        "SELECT {PEER_COLUMNS} FROM peer_acks AS a \
         FULL JOIN sync_log_peers AS p ON p.peer_device_id = a.peer_device_id \
         ORDER BY COALESCE(a.peer_device_id, p.peer_device_id)"
    );
    let found = all(db, &sql, [], "read the peers", rows::peer)?;
    Ok(found.into_iter().flatten().collect())
}

/// The oldest entries, without payload.
pub(super) fn oldest(db: &Connection, count: usize) -> Result<Vec<EntrySummary>, StoreError> {
    let sql = "SELECT hlc, created_at FROM shared_changes ORDER BY hlc LIMIT ?1";
    all(db, sql, [limit(count)], "list entries", rows::summary)
}

/// The entries of one page. The one that would exceed it is looked at, and dropped.
pub(super) fn page(
    db: &Connection,
    request: &ReadRequest,
) -> Result<Vec<SharedChangeEntry>, StoreError> {
    let sql =
        format!("SELECT {ENTRY_COLUMNS} FROM shared_changes WHERE hlc > ?1 ORDER BY hlc LIMIT ?2");
    let after = request.after.to_text();
    let values = (after.as_str(), limit(request.max_entries));
    let mut entries = Vec::new();
    let mut bytes = 0_usize;
    each(db, &sql, values, "read a page", |columns| {
        let Some(entry) = rows::entry(columns)? else {
            return Ok(true);
        };
        bytes = bytes.saturating_add(entry.content_bytes());
        let fits = entries.is_empty() || bytes <= request.max_bytes;
        if fits {
            entries.push(entry);
        }
        Ok(fits)
    })?;
    Ok(entries)
}

pub(super) fn extent(db: &Connection, place: Hlc) -> Result<Extent, StoreError> {
    let place = place.to_text();
    let sql = "SELECT COUNT(*), COALESCE(SUM(octet_length(model_type) + octet_length(data)), 0) \
               FROM shared_changes WHERE hlc > ?1";
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let sums = one(db, sql, [place.as_str()], "sum up entries", |columns| {
        Ok((columns.take("hlc")?, columns.take("data")?))
    });
    let (entries, bytes) = sums?;
    let sql = "SELECT hlc, created_at FROM shared_changes WHERE hlc > ?1 ORDER BY hlc LIMIT 1";
    let doing = "find the oldest entry";
    let oldest = first(db, sql, [place.as_str()], doing, rows::summary)?;
    Ok(Extent {
        entries: count(entries),
        bytes: count(bytes),
        oldest_created_at_ms: oldest.map(|oldest| oldest.created_at_ms),
    })
}
