//! Rows to values and back. A row that cannot be read is damage, with its
//! place; it is never skipped.

use std::borrow::Cow;

use sync_log_core::{
    EntrySummary, Hlc, JsonText, LogIdentity, LogState, Mark, Peer, PeerFacts, PeerRow, PeerState,
    RegisteredBy, RetireReason, SharedChangeEntry, StoreError, Tag, Uuid, parse_uuid,
};

use crate::driver::{Argument, Cell, Port, Row, Template, all};
use crate::entity::{StoredValue, identity, peer_acks, peers, shared_changes, state};
use crate::failure::corrupt;
use crate::time;

/// Reads the columns of one row, from left to right. Knows what it reads, so
/// that a column which is not what it should be is damage with a name.
pub(crate) struct Columns<'r, 'a> {
    row: &'r Row<'a>,
    next: usize,
    table: &'static str,
    key: Key,
}

/// Where the key of a row is, to name it.
#[derive(Clone, Copy)]
enum Key {
    Is(&'static str),
    InColumn(usize),
}

impl<'r, 'a> Columns<'r, 'a> {
    /// The columns of a row of `shared_changes`, with those of other tables
    /// before or after them.
    pub(crate) fn of(row: &'r Row<'a>) -> Self {
        Self {
            row,
            next: 0,
            table: "shared_changes",
            key: Key::Is(""),
        }
    }

    /// The columns that follow are of this table, and the next one is the key.
    fn keyed_row_of(&mut self, table: &'static str) {
        self.row_of(table, Key::InColumn(self.next));
    }

    fn row_of(&mut self, table: &'static str, key: Key) {
        self.table = table;
        self.key = key;
    }

    fn cell(&mut self) -> Cell<'a> {
        let cell = self.row.cell(self.next);
        self.next += 1;
        cell
    }

    pub(crate) fn integer(&mut self, column: &str) -> Result<i64, StoreError> {
        match self.cell() {
            Cell::Integer(number) => Ok(number),
            _ => Err(self.damaged(column)),
        }
    }

    fn text(&mut self, column: &str) -> Result<Cow<'a, str>, StoreError> {
        self.text_or_null(column)?
            .ok_or_else(|| self.damaged(column))
    }

    /// Text, or nothing if the row was not joined.
    fn text_or_null(&mut self, column: &str) -> Result<Option<Cow<'a, str>>, StoreError> {
        match self.cell() {
            Cell::Text(text) => Ok(Some(text)),
            Cell::Null => Ok(None),
            _ => Err(self.damaged(column)),
        }
    }

    /// What there is, as SQL would write what is no text; nothing for NULL.
    fn any_or_null(&mut self) -> Option<Cow<'a, str>> {
        match self.cell() {
            Cell::Null => None,
            Cell::Text(text) => Some(text),
            Cell::BrokenText(text) => Some(String::from_utf8_lossy(&text).into_owned().into()),
            Cell::Integer(number) => Some(number.to_string().into()),
            Cell::Real(number) => Some(number.to_string().into()),
            Cell::Bytes(bytes) => {
                let told = bytes.iter().take(TOLD_BYTES);
                let hex: String = told.map(|byte| format!("{byte:02x}")).collect();
                Some(format!("x'{hex}'").into())
            }
        }
    }

    /// Passes over the columns of a row that was not joined.
    fn skip<T>(&mut self, columns: usize) -> Option<T> {
        self.next += columns;
        None
    }

    fn damaged(&self, column: &str) -> StoreError {
        let key = match self.key {
            Key::Is(key) => key.into(),
            Key::InColumn(index) => self.row.text(index).unwrap_or_default(),
        };
        corrupt(self.table, &key, column)
    }
}

/// The texts of a query that has one column, `column` of `table`.
pub(crate) async fn texts(
    db: &impl Port,
    query: &Template,
    arguments: &[Argument<'_>],
    (table, column): (&str, &str),
) -> Result<Vec<String>, StoreError> {
    all(db, query, arguments, |row| {
        let text = row.text(0).ok_or_else(|| corrupt(table, "", column))?;
        Ok(text.into_owned())
    })
    .await
}

/// The columns that [`entry`] reads.
pub(crate) const ENTRY: [shared_changes::Column; 5] = [
    shared_changes::Column::Hlc,
    shared_changes::Column::ModelType,
    shared_changes::Column::RecordUuid,
    shared_changes::Column::ChangeType,
    shared_changes::Column::Data,
];

/// An entry; `None` if the row was not joined.
pub(crate) fn entry(
    columns: &mut Columns<'_, '_>,
) -> Result<Option<SharedChangeEntry>, StoreError> {
    columns.keyed_row_of("shared_changes");
    let Some(hlc) = columns.text_or_null("hlc")? else {
        return Ok(columns.skip(4));
    };
    let model_type = columns.text("model_type")?;
    let record_uuid = columns.text("record_uuid")?;
    let change_type = columns.text("change_type")?;
    let data = columns.text("data")?;
    let damaged = |column| columns.damaged(column);
    Ok(Some(SharedChangeEntry {
        hlc: hlc.parse().map_err(|_| damaged("hlc"))?,
        model_type: model_type.into_owned(),
        record_uuid: parse_uuid(&record_uuid).ok_or_else(|| damaged("record_uuid"))?,
        change_type: change_type.parse().map_err(|_| damaged("change_type"))?,
        data: JsonText::new(data).map_err(|_| damaged("data"))?,
    }))
}

/// The columns that [`summary`] reads.
pub(crate) const SUMMARY: [shared_changes::Column; 2] = [
    shared_changes::Column::Hlc,
    shared_changes::Column::CreatedAt,
];

/// The stamp of an entry, and when it was written.
pub(crate) fn summary(columns: &mut Columns<'_, '_>) -> Result<EntrySummary, StoreError> {
    columns.keyed_row_of("shared_changes");
    let text = columns.text("hlc")?;
    let hlc = text.parse().map_err(|_| columns.damaged("hlc"))?;
    let created_at_ms = created_at_ms(&columns.text("created_at")?, hlc);
    Ok(EntrySummary { hlc, created_at_ms })
}

/// When an entry was written. One whose time cannot be read is dated by its
/// stamp: it has to have some age, and nothing else depends on it.
fn created_at_ms(text: &str, hlc: Hlc) -> i64 {
    time::from_text(text).unwrap_or_else(|| i64::try_from(hlc.timestamp).unwrap_or(i64::MAX))
}

/// The columns that [`identity`] reads, and of which [`state`] reads the first.
pub(crate) const IDENTITY: [identity::Column; 3] = [
    identity::Column::LibraryId,
    identity::Column::DeviceId,
    identity::Column::LogId,
];

/// The columns that [`state`] reads after those of [`IDENTITY`].
pub(crate) const STATE: [state::Column; 7] = [
    state::Column::Head,
    state::Column::Floor,
    state::Column::FloorTag,
    state::Column::HighWater,
    state::Column::Solo,
    state::Column::PeersDeclared,
    state::Column::ForeignWrite,
];

pub(crate) fn state(columns: &mut Columns<'_, '_>) -> Result<LogState, StoreError> {
    let identity = identity(columns)?;
    columns.row_of("sync_log_state", Key::Is("1"));
    let head = stamp(columns, "head")?;
    let floor = stamp(columns, "floor")?;
    let tag = columns.text("floor_tag")?;
    let tag: Tag = tag.parse().map_err(|_| columns.damaged("floor_tag"))?;
    let high_water = stamp(columns, "high_water")?;
    let solo = columns.integer("solo")? != 0;
    let peers_declared = columns.integer("peers_declared")? != 0;
    let foreign_write = columns.cell() != Cell::Null;
    Ok(LogState {
        identity,
        head,
        floor: Mark { hlc: floor, tag },
        high_water,
        solo,
        peers_declared,
        foreign_write,
    })
}

pub(crate) fn identity(columns: &mut Columns<'_, '_>) -> Result<LogIdentity, StoreError> {
    columns.row_of("sync_log_identity", Key::Is("1"));
    Ok(LogIdentity {
        library_id: id(columns, "library_id")?,
        device_id: id(columns, "device_id")?,
        log_id: id(columns, "log_id")?,
    })
}

fn id(columns: &mut Columns<'_, '_>, column: &str) -> Result<Uuid, StoreError> {
    let text = columns.text(column)?;
    parse_uuid(&text).ok_or_else(|| columns.damaged(column))
}

fn stamp(columns: &mut Columns<'_, '_>, column: &str) -> Result<Hlc, StoreError> {
    let text = columns.text(column)?;
    text.parse().map_err(|_| columns.damaged(column))
}

/// The columns of an ack that [`peer`] reads.
pub(crate) const ACK: [peer_acks::Column; 3] = [
    peer_acks::Column::PeerDeviceId,
    peer_acks::Column::LastAckedHlc,
    peer_acks::Column::AckedAt,
];

/// The columns of a peer's facts, which [`peer`] reads after those of [`ACK`].
pub(crate) const PEER: [peers::Column; 9] = [
    peers::Column::PeerDeviceId,
    peers::Column::State,
    peers::Column::Admission,
    peers::Column::RegisteredBy,
    peers::Column::RegisteredAt,
    peers::Column::RetiredAt,
    peers::Column::RetiredReason,
    peers::Column::Hold,
    peers::Column::Verified,
];

/// A peer's row in either table; `None` if neither was joined.
pub(crate) fn peer(columns: &mut Columns<'_, '_>) -> Result<Option<PeerRow>, StoreError> {
    // Whoever wrote this row: core judges it, and says so of what cannot be relied on.
    let acked_by = columns.any_or_null();
    let last_acked_hlc = columns.any_or_null().unwrap_or_default();
    // Only told, never decided on: a time that cannot be read is the epoch.
    let acked_at = columns.any_or_null();
    columns.keyed_row_of("sync_log_peers");
    let known_as = columns.text_or_null("peer_device_id")?;
    let facts = match known_as {
        Some(ref key) => Some(facts(columns, key)?),
        None => columns.skip(8),
    };
    Ok(acked_by.or(known_as).map(|peer_device_id| PeerRow {
        peer_device_id: peer_device_id.into_owned(),
        last_acked_hlc: last_acked_hlc.into_owned(),
        acked_at_ms: acked_at
            .as_deref()
            .and_then(time::from_text)
            .unwrap_or_default(),
        facts,
    }))
}

fn facts(columns: &mut Columns<'_, '_>, key: &str) -> Result<PeerFacts, StoreError> {
    let state = columns.text("state")?;
    let admission = columns.integer("admission")?;
    let registered_by = columns.text("registered_by")?;
    let registered_at = columns.text("registered_at")?;
    let retired_at = columns.text_or_null("retired_at")?;
    let retired_reason = columns.text_or_null("retired_reason")?;
    let hold = columns.text_or_null("hold")?;
    let verified = columns.integer("verified")? != 0;
    let damaged = |column| columns.damaged(column);
    parse_uuid(key).ok_or_else(|| damaged("peer_device_id"))?;
    let since_ms = retired_at.as_deref().and_then(time::from_text);
    let reason = retired_reason
        .as_deref()
        .and_then(RetireReason::from_stored);
    Ok(PeerFacts {
        state: match &*state {
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
        verified,
    })
}

/// At most so many bytes of what is no text are told.
const TOLD_BYTES: usize = 64;

/// The values of [`ACK`].
pub(crate) fn ack_values(peer: &Peer) -> [StoredValue; 3] {
    [
        peer.peer.hyphenated().to_string().into(),
        peer.acked.to_string().into(),
        time::to_text(peer.acked_at_ms).into(),
    ]
}

/// The values of [`PEER`].
pub(crate) fn peer_values(peer: &Peer) -> [StoredValue; 9] {
    let facts = &peer.facts;
    let (state, retired) = match facts.state {
        PeerState::Active => ("active", None),
        PeerState::Retired { since_ms, reason } => ("retired", Some((since_ms, reason))),
    };
    [
        peer.peer.hyphenated().to_string().into(),
        state.to_owned().into(),
        i64::from(facts.admission).into(),
        facts.registered_by.as_str().to_owned().into(),
        time::to_text(facts.registered_at_ms).into(),
        retired.map(|(since_ms, _)| time::to_text(since_ms)).into(),
        retired.map(|(_, reason)| reason.as_str().to_owned()).into(),
        facts.hold.map(|hold| hold.to_string()).into(),
        i64::from(facts.verified).into(),
    ]
}
