//! The statements that read.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use sync_log_core::{
    Extent, Hlc, LogState, PeerRow, ReadRequest, SharedChangeEntry, StoreError, StoreErrorKind,
    Uuid,
};

use crate::failure::failed;
use crate::rows::{self, Columns, ENTRY_COLUMNS, PEER_COLUMNS, STATE_COLUMNS, STATE_TABLES};

pub(super) async fn all<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
    doing: &'static str,
) -> Result<Vec<QueryResult>, StoreError> {
    let statement = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
    db.query_all_raw(statement)
        .await
        .map_err(|error| failed(doing, error))
}

async fn one<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
    doing: &'static str,
) -> Result<QueryResult, StoreError> {
    let row = all(db, sql, values, doing).await?.into_iter().next();
    row.ok_or_else(|| StoreError::new(StoreErrorKind::Corrupt, format!("{doing}: no row")))
}

/// A number of rows as SQLite takes it.
pub(super) fn limit(rows: usize) -> Value {
    Value::from(i64::try_from(rows).unwrap_or(i64::MAX))
}

pub(super) async fn state<C: ConnectionTrait>(db: &C) -> Result<LogState, StoreError> {
    let sql = format!("SELECT {STATE_COLUMNS} FROM {STATE_TABLES}");
    rows::state(&mut Columns::of(
        &one(db, &sql, [], "read the state").await?,
    ))
}

/// All that a reader is judged by, in one statement and therefore of one state.
pub(super) struct Standing {
    pub(super) state: LogState,
    pub(super) at: Option<SharedChangeEntry>,
    pub(super) peer: Option<PeerRow>,
}

pub(super) async fn standing<C: ConnectionTrait>(
    db: &C,
    request: &ReadRequest,
) -> Result<Standing, StoreError> {
    let sql = format!(
        "SELECT {STATE_COLUMNS}, {ENTRY_COLUMNS}, {PEER_COLUMNS} FROM {STATE_TABLES} \
         LEFT JOIN shared_changes ON hlc = ? \
         LEFT JOIN peer_acks AS a ON a.peer_device_id = ? \
         LEFT JOIN sync_log_peers AS p ON p.peer_device_id = ?"
    );
    let peer = request.peer.map(|peer| peer.hyphenated().to_string());
    let values = [
        request.after.to_string().into(),
        peer.clone().into(),
        peer.into(),
    ];
    let row = one(db, &sql, values, "read where the log stands").await?;
    let mut columns = Columns::of(&row);
    Ok(Standing {
        state: rows::state(&mut columns)?,
        at: rows::entry(&mut columns)?,
        peer: rows::peer(&mut columns)?,
    })
}

pub(super) async fn peer<C: ConnectionTrait>(
    db: &C,
    peer: Uuid,
) -> Result<Option<PeerRow>, StoreError> {
    // Not the full join of all peers: an ack must not cost more with more of them.
    let sql = format!(
        "SELECT {PEER_COLUMNS} FROM (SELECT ? AS id) AS wanted \
         LEFT JOIN peer_acks AS a ON a.peer_device_id = wanted.id \
         LEFT JOIN sync_log_peers AS p ON p.peer_device_id = wanted.id"
    );
    let peer = peer.hyphenated().to_string().into();
    let rows = all(db, &sql, [peer], "read a peer").await?;
    rows.first()
        .map_or(Ok(None), |row| rows::peer(&mut Columns::of(row)))
}

pub(super) async fn peers<C: ConnectionTrait>(db: &C) -> Result<Vec<PeerRow>, StoreError> {
    let sql = format!(
        "{} ORDER BY COALESCE(a.peer_device_id, p.peer_device_id)",
        peers_sql()
    );
    let rows = all(db, &sql, [], "read the peers").await?;
    rows.iter()
        .filter_map(|row| rows::peer(&mut Columns::of(row)).transpose())
        .collect()
}

fn peers_sql() -> String {
    format!(
        "SELECT {PEER_COLUMNS} FROM peer_acks AS a \
         FULL JOIN sync_log_peers AS p ON p.peer_device_id = a.peer_device_id"
    )
}

/// The entries of one page. Sizes are looked at first, so that no more than the
/// page is ever loaded; `octet_length` does not read the payload.
pub(super) async fn page<C: ConnectionTrait>(
    db: &C,
    request: &ReadRequest,
) -> Result<Vec<SharedChangeEntry>, StoreError> {
    let count = if request.max_bytes == usize::MAX {
        request.max_entries
    } else {
        entries_that_fit(db, request).await?
    };
    let sql =
        format!("SELECT {ENTRY_COLUMNS} FROM shared_changes WHERE hlc > ? ORDER BY hlc LIMIT ?");
    let values = [request.after.to_string().into(), limit(count)];
    let rows = all(db, &sql, values, "read a page").await?;
    rows.iter()
        .filter_map(|row| rows::entry(&mut Columns::of(row)).transpose())
        .collect()
}

async fn entries_that_fit<C: ConnectionTrait>(
    db: &C,
    request: &ReadRequest,
) -> Result<usize, StoreError> {
    let sql = "SELECT octet_length(model_type) + octet_length(data) FROM shared_changes \
               WHERE hlc > ? ORDER BY hlc LIMIT ?";
    let values = [request.after.to_string().into(), limit(request.max_entries)];
    let rows = all(db, sql, values, "read the sizes of a page").await?;
    let mut bytes = 0;
    for (index, row) in rows.iter().enumerate() {
        let size: i64 = Columns::of(row).take("data")?;
        bytes += usize::try_from(size).unwrap_or(usize::MAX);
        if index > 0 && bytes > request.max_bytes {
            return Ok(index);
        }
    }
    Ok(rows.len())
}

pub(super) async fn extent<C: ConnectionTrait>(db: &C, place: Hlc) -> Result<Extent, StoreError> {
    let place = place.to_string();
    let sql = "SELECT COUNT(*), COALESCE(SUM(octet_length(model_type) + octet_length(data)), 0) \
               FROM shared_changes WHERE hlc > ?";
    let row = one(db, sql, [place.clone().into()], "sum up entries").await?;
    let mut columns = Columns::of(&row);
    let (entries, bytes): (i64, i64) = (columns.take("hlc")?, columns.take("data")?);
    Ok(Extent {
        entries: u64::try_from(entries).unwrap_or_default(),
        bytes: u64::try_from(bytes).unwrap_or_default(),
        oldest_created_at_ms: oldest_created_at_ms(db, place).await?,
    })
}

async fn oldest_created_at_ms<C: ConnectionTrait>(
    db: &C,
    place: String,
) -> Result<Option<i64>, StoreError> {
    let sql = "SELECT hlc, created_at FROM shared_changes WHERE hlc > ? ORDER BY hlc LIMIT 1";
    let rows = all(db, sql, [place.into()], "find the oldest entry").await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let oldest = rows::summary(&mut Columns::of(row))?;
    Ok(Some(oldest.created_at_ms))
}
