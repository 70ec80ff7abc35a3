//! Rows to values and back. A row that cannot be read is damage, with its
//! place; it is never skipped.

use sea_orm::{ActiveValue::Set, DbErr, QueryResult, TryGetable};
use sync_log_core::{
    EntrySummary, Hlc, JsonText, LogIdentity, LogState, Mark, Peer, PeerFacts, PeerRow, PeerState,
    RegisteredBy, RetireReason, SharedChangeEntry, StoreError, StoredEntry, Tag, Uuid, parse_uuid,
};

use crate::entities::{peer, peer_ack, shared_change};
use crate::failure::corrupt;
use crate::time;

/// Columns of one entry, in the order that [`entry`] reads them.
pub(crate) const ENTRY_COLUMNS: &str = "hlc, model_type, record_uuid, change_type, data";

/// Reads the columns of one row, from left to right. Knows what it reads, so
/// that a column which is not what it should be is damage with a name.
pub(crate) struct Columns<'a> {
    row: &'a QueryResult,
    next: usize,
    table: &'static str,
    key: String,
}

impl<'a> Columns<'a> {
    /// The columns of a row of `shared_changes`, with those of other tables
    /// before or after them.
    pub(crate) fn of(row: &'a QueryResult) -> Self {
        let (table, key) = ("shared_changes", String::new());
        Self {
            row,
            next: 0,
            table,
            key,
        }
    }

    /// The columns that follow are of this row.
    fn row_of(&mut self, table: &'static str, key: &str) {
        self.table = table;
        key.clone_into(&mut self.key);
    }

    pub(crate) fn take<T: TryGetable>(&mut self, column: &str) -> Result<T, StoreError> {
        let value = self.row.try_get_by_index(self.next);
        self.next += 1;
        value.map_err(|error: DbErr| self.damaged(column).with_source(error))
    }

    /// Text, or nothing if the row was not joined.
    fn text(&mut self, column: &str) -> Result<Option<String>, StoreError> {
        self.take(column)
    }

    /// Passes over the columns of a row that was not joined.
    fn skip<T>(&mut self, columns: usize) -> Option<T> {
        self.next += columns;
        None
    }

    fn damaged(&self, column: &str) -> StoreError {
        corrupt(self.table, &self.key, column)
    }
}

/// The columns of [`ENTRY_COLUMNS`]; `None` if the row was not joined.
pub(crate) fn entry(columns: &mut Columns<'_>) -> Result<Option<SharedChangeEntry>, StoreError> {
    columns.row_of("shared_changes", "");
    let Some(key) = columns.text("hlc")? else {
        return Ok(columns.skip(4));
    };
    columns.row_of("shared_changes", &key);
    let model_type = columns.take("model_type")?;
    let (record_uuid, change_type): (String, String) =
        (columns.take("record_uuid")?, columns.take("change_type")?);
    let data: String = columns.take("data")?;
    let damaged = |column| columns.damaged(column);
    Ok(Some(SharedChangeEntry {
        hlc: key.parse().map_err(|_| damaged("hlc"))?,
        model_type,
        record_uuid: parse_uuid(&record_uuid).ok_or_else(|| damaged("record_uuid"))?,
        change_type: change_type.parse().map_err(|_| damaged("change_type"))?,
        data: JsonText::new(data).map_err(|_| damaged("data"))?,
    }))
}

/// The stamp of an entry, and when it was written.
pub(crate) fn summary(columns: &mut Columns<'_>) -> Result<EntrySummary, StoreError> {
    let text: String = columns.take("hlc")?;
    columns.row_of("shared_changes", &text);
    let hlc = text.parse().map_err(|_| columns.damaged("hlc"))?;
    let created_at: String = columns.take("created_at")?;
    let created_at_ms = created_at_ms(&created_at, hlc);
    Ok(EntrySummary { hlc, created_at_ms })
}

/// When an entry was written. One whose time cannot be read is dated by its
/// stamp: it has to have some age, and nothing else depends on it.
fn created_at_ms(text: &str, hlc: Hlc) -> i64 {
    time::from_text(text).unwrap_or_else(|| i64::try_from(hlc.timestamp).unwrap_or(i64::MAX))
}

pub(crate) fn entry_model(stored: &StoredEntry) -> shared_change::ActiveModel {
    let entry = &stored.entry;
    shared_change::ActiveModel {
        hlc: Set(entry.hlc.to_string()),
        model_type: Set(entry.model_type.clone()),
        record_uuid: Set(entry.record_uuid.hyphenated().to_string()),
        change_type: Set(entry.change_type.as_str().to_owned()),
        data: Set(entry.data.as_str().to_owned()),
        created_at: Set(time::to_text(stored.created_at_ms)),
    }
}

/// Columns that [`state`] reads.
pub(crate) const STATE_COLUMNS: &str =
    "i.library_id, i.device_id, i.log_id, s.head, s.floor, s.floor_tag, s.high_water, s.solo";

/// Where the one row of each comes from.
pub(crate) const STATE_TABLES: &str =
    "sync_log_identity AS i JOIN sync_log_state AS s ON s.id = i.id";

pub(crate) fn state(columns: &mut Columns<'_>) -> Result<LogState, StoreError> {
    let identity = identity(columns)?;
    columns.row_of("sync_log_state", "1");
    let head = stamp(columns, "head")?;
    let floor = stamp(columns, "floor")?;
    let tag: String = columns.take("floor_tag")?;
    let tag: Tag = tag.parse().map_err(|_| columns.damaged("floor_tag"))?;
    let high_water = stamp(columns, "high_water")?;
    let solo = columns.take::<i64>("solo")? != 0;
    Ok(LogState {
        identity,
        head,
        floor: Mark { hlc: floor, tag },
        high_water,
        solo,
    })
}

/// What [`identity`] reads.
pub(crate) const IDENTITY: &str = "SELECT library_id, device_id, log_id FROM sync_log_identity";

pub(crate) fn identity(columns: &mut Columns<'_>) -> Result<LogIdentity, StoreError> {
    columns.row_of("sync_log_identity", "1");
    Ok(LogIdentity {
        library_id: id(columns, "library_id")?,
        device_id: id(columns, "device_id")?,
        log_id: id(columns, "log_id")?,
    })
}

fn id(columns: &mut Columns<'_>, column: &str) -> Result<Uuid, StoreError> {
    let text: String = columns.take(column)?;
    parse_uuid(&text).ok_or_else(|| columns.damaged(column))
}

fn stamp(columns: &mut Columns<'_>, column: &str) -> Result<Hlc, StoreError> {
    let text: String = columns.take(column)?;
    text.parse().map_err(|_| columns.damaged(column))
}

/// Columns that [`peer`] reads.
pub(crate) const PEER_COLUMNS: &str = "a.peer_device_id, a.last_acked_hlc, a.acked_at, \
     p.peer_device_id, p.state, p.admission, p.registered_by, p.registered_at, p.retired_at, \
     p.retired_reason, p.hold";

/// A peer's row in either table; `None` if neither was joined.
pub(crate) fn peer(columns: &mut Columns<'_>) -> Result<Option<PeerRow>, StoreError> {
    columns.row_of("peer_acks", "");
    let acked_by = columns.text("peer_device_id")?;
    columns.row_of("peer_acks", acked_by.as_deref().unwrap_or_default());
    let last_acked_hlc = columns.text("last_acked_hlc")?.unwrap_or_default();
    // Only told, never decided on: a time that cannot be read is the epoch.
    let acked_at = columns.text("acked_at")?;
    let acked_at_ms = acked_at.as_deref().and_then(time::from_text);
    columns.row_of("sync_log_peers", "");
    let known_as = columns.text("peer_device_id")?;
    let facts = match &known_as {
        Some(key) => Some(facts(columns, key)?),
        None => columns.skip(7),
    };
    Ok(acked_by.or(known_as).map(|peer_device_id| PeerRow {
        peer_device_id,
        last_acked_hlc,
        acked_at_ms: acked_at_ms.unwrap_or_default(),
        facts,
    }))
}

fn facts(columns: &mut Columns<'_>, key: &str) -> Result<PeerFacts, StoreError> {
    columns.row_of("sync_log_peers", key);
    let state: String = columns.take("state")?;
    let admission: i64 = columns.take("admission")?;
    let registered_by: String = columns.take("registered_by")?;
    let registered_at: String = columns.take("registered_at")?;
    let retired_at = columns.text("retired_at")?;
    let retired_reason = columns.text("retired_reason")?;
    let hold = columns.text("hold")?;
    let damaged = |column| columns.damaged(column);
    parse_uuid(key).ok_or_else(|| damaged("peer_device_id"))?;
    let since_ms = retired_at.as_deref().and_then(time::from_text);
    let reason = retired_reason
        .as_deref()
        .and_then(RetireReason::from_stored);
    Ok(PeerFacts {
        state: match state.as_str() {
            "active" => PeerState::Active,
            "retired" => PeerState::Retired {
                since_ms: since_ms.ok_or_else(|| damaged("retired_at"))?,
                reason: reason.ok_or_else(|| damaged("retired_reason"))?,
            },
            _ => return Err(damaged("state")),
        },
        registered_by: RegisteredBy::from_stored(&registered_by)
            .ok_or_else(|| damaged("registered_by"))?,
        registered_at_ms: time::from_text(&registered_at)
            .ok_or_else(|| damaged("registered_at"))?,
        admission: u32::try_from(admission).map_err(|_| damaged("admission"))?,
        hold: hold
            .map(|text| text.parse().map_err(|_| damaged("hold")))
            .transpose()?,
    })
}

pub(crate) fn ack_model(peer: &Peer) -> peer_ack::ActiveModel {
    peer_ack::ActiveModel {
        peer_device_id: Set(peer.peer.hyphenated().to_string()),
        last_acked_hlc: Set(peer.acked.to_string()),
        acked_at: Set(time::to_text(peer.acked_at_ms)),
    }
}

pub(crate) fn peer_model(peer: &Peer) -> peer::ActiveModel {
    let facts = &peer.facts;
    let (state, retired) = match facts.state {
        PeerState::Active => ("active", None),
        PeerState::Retired { since_ms, reason } => ("retired", Some((since_ms, reason))),
    };
    peer::ActiveModel {
        peer_device_id: Set(peer.peer.hyphenated().to_string()),
        state: Set(state.to_owned()),
        admission: Set(facts.admission),
        registered_by: Set(facts.registered_by.as_str().to_owned()),
        registered_at: Set(time::to_text(facts.registered_at_ms)),
        retired_at: Set(retired.map(|(since_ms, _)| time::to_text(since_ms))),
        retired_reason: Set(retired.map(|(_, reason)| reason.as_str().to_owned())),
        hold: Set(facts.hold.map(|hold| hold.to_string())),
    }
}
