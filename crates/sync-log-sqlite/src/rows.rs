//! Rows to values and back. A row that cannot be read is damage, with its
//! place; it is never skipped.

use sea_orm::{ActiveValue::Set, DbErr, QueryResult, TryGetable};
use sync_log_core::{
    Hlc, LogIdentity, LogState, Mark, Peer, PeerFacts, PeerRow, PeerState, RegisteredBy,
    RetireReason, SharedChangeEntry, StoreError, StoredEntry, Tag, Uuid, parse_uuid,
};

use crate::entities::{peer, peer_ack, shared_change};
use crate::failure::{corrupt, failed};
use crate::time;

/// Columns of one entry, in the order that [`entry`] reads them.
pub(crate) const ENTRY_COLUMNS: &str = "hlc, model_type, record_uuid, change_type, data";

/// Reads the columns of one row, from left to right.
pub(crate) struct Columns<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Columns<'a> {
    pub(crate) fn of(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    pub(crate) fn take<T: TryGetable>(&mut self) -> Result<T, StoreError> {
        let value = self.row.try_get_by_index(self.next);
        self.next += 1;
        value.map_err(|error: DbErr| failed(format!("read column {}", self.next), error))
    }

    /// Text, or nothing if the row was not joined.
    pub(crate) fn text(&mut self) -> Result<Option<String>, StoreError> {
        self.take()
    }
}

/// The columns of [`ENTRY_COLUMNS`]; `None` if the row was not joined.
pub(crate) fn entry(columns: &mut Columns<'_>) -> Result<Option<SharedChangeEntry>, StoreError> {
    let (hlc, model_type) = (columns.text()?, columns.text()?);
    let (record_uuid, change_type) = (columns.text()?, columns.text()?);
    let data = columns.text()?;
    let Some(key) = hlc else { return Ok(None) };
    let damaged = |column| corrupt("shared_changes", &key, column);
    Ok(Some(SharedChangeEntry {
        hlc: key.parse().map_err(|_| damaged("hlc"))?,
        model_type: model_type.ok_or_else(|| damaged("model_type"))?,
        record_uuid: record_uuid
            .as_deref()
            .and_then(parse_uuid)
            .ok_or_else(|| damaged("record_uuid"))?,
        change_type: change_type
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| damaged("change_type"))?,
        data: data
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| damaged("data"))?,
    }))
}

/// The stamp of an entry's row.
pub(crate) fn entry_hlc(text: &str) -> Result<Hlc, StoreError> {
    text.parse()
        .map_err(|_| corrupt("shared_changes", text, "hlc"))
}

/// When an entry was written. One whose time cannot be read is dated by its
/// stamp: it has to have some age, and nothing else depends on it.
pub(crate) fn created_at_ms(text: &str, hlc: Hlc) -> i64 {
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
    let identity = LogIdentity {
        library_id: id(columns, "library_id")?,
        device_id: id(columns, "device_id")?,
        log_id: id(columns, "log_id")?,
    };
    let head = stamp(columns, "head")?;
    let floor = stamp(columns, "floor")?;
    let tag: String = columns.take()?;
    let tag: Tag = tag
        .parse()
        .map_err(|_| corrupt("sync_log_state", "1", "floor_tag"))?;
    let high_water = stamp(columns, "high_water")?;
    let solo = columns.take::<i64>()? != 0;
    Ok(LogState {
        identity,
        head,
        floor: Mark { hlc: floor, tag },
        high_water,
        solo,
    })
}

fn id(columns: &mut Columns<'_>, column: &str) -> Result<Uuid, StoreError> {
    let text: String = columns.take()?;
    parse_uuid(&text).ok_or_else(|| corrupt("sync_log_identity", "1", column))
}

fn stamp(columns: &mut Columns<'_>, column: &str) -> Result<Hlc, StoreError> {
    let text: String = columns.take()?;
    text.parse()
        .map_err(|_| corrupt("sync_log_state", "1", column))
}

/// Columns that [`peer`] reads.
pub(crate) const PEER_COLUMNS: &str = "a.peer_device_id, a.last_acked_hlc, a.acked_at, \
     p.peer_device_id, p.state, p.admission, p.registered_by, p.registered_at, p.retired_at, \
     p.retired_reason, p.hold";

/// A peer's row in either table; `None` if neither was joined.
pub(crate) fn peer(columns: &mut Columns<'_>) -> Result<Option<PeerRow>, StoreError> {
    let (acked_by, last_acked_hlc, acked_at) = (columns.text()?, columns.text()?, columns.text()?);
    let known_as = columns.text()?;
    let facts = known_as
        .as_deref()
        .map(|key| facts(columns, key))
        .transpose()?;
    let Some(peer_device_id) = acked_by.or(known_as) else {
        return Ok(None);
    };
    Ok(Some(PeerRow {
        peer_device_id,
        last_acked_hlc: last_acked_hlc.unwrap_or_default(),
        acked_at_ms: acked_at
            .as_deref()
            .and_then(time::from_text)
            .unwrap_or_default(),
        facts,
    }))
}

fn facts(columns: &mut Columns<'_>, key: &str) -> Result<PeerFacts, StoreError> {
    let damaged = |column| corrupt("sync_log_peers", key, column);
    let state = columns.text()?.ok_or_else(|| damaged("state"))?;
    let admission = columns.take::<i64>()?;
    let registered_by = columns
        .text()?
        .as_deref()
        .and_then(RegisteredBy::from_stored);
    let registered_at = columns.text()?.as_deref().and_then(time::from_text);
    let retired_at = columns.text()?.as_deref().and_then(time::from_text);
    let reason = columns
        .text()?
        .as_deref()
        .and_then(RetireReason::from_stored);
    let hold = columns
        .text()?
        .map(|text| text.parse().map_err(|_| damaged("hold")));
    Ok(PeerFacts {
        state: match state.as_str() {
            "active" => PeerState::Active,
            "retired" => PeerState::Retired {
                since_ms: retired_at.ok_or_else(|| damaged("retired_at"))?,
                reason: reason.ok_or_else(|| damaged("retired_reason"))?,
            },
            _ => return Err(damaged("state")),
        },
        registered_by: registered_by.ok_or_else(|| damaged("registered_by"))?,
        registered_at_ms: registered_at.ok_or_else(|| damaged("registered_at"))?,
        admission: u32::try_from(admission).map_err(|_| damaged("admission"))?,
        hold: hold.transpose()?,
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
