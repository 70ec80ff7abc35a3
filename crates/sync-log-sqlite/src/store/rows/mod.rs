//! Rows to values and back. A row that cannot be read is damage, with its
//! place; it is never skipped.

mod entry;
mod peer;

use std::borrow::Cow;

use sync_log_core::{
    Altered, ChainFault, Hlc, LogIdentity, LogState, Mark, StoreError, Tag, Uuid, parse_uuid,
};

use crate::driver::failure::corrupt;
use crate::driver::{Cell, Row};
use crate::entity::{identity, state};

pub(crate) use entry::{
    CHANGE, ENTRY, Link, MARK, PLACE, SUMMARY, data, entry, found, link, mark, summary,
};
pub(crate) use peer::{ACK, MIRROR, PEER, ack_values, peer, peer_values};

/// The most bytes of a BLOB that an error message shows.
const TOLD_BYTES: usize = 64;

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
    /// It is the number in this column.
    Number(usize),
    /// The row is an entry, and its stamp is in this column.
    OfEntry(usize),
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

    /// The columns of a row from `first` on, which holds the number that is the key of the row.
    pub(crate) fn keyed(row: &'r Row<'a>, table: &'static str, first: usize) -> Self {
        Self {
            row,
            next: first,
            table,
            key: Key::Number(first),
        }
    }

    /// The columns that follow are of an entry, and the next one is its stamp.
    fn entry(&mut self) {
        self.row_of("shared_changes", Key::OfEntry(self.next));
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

    pub(crate) fn text(&mut self, column: &str) -> Result<Cow<'a, str>, StoreError> {
        self.any_text().ok_or_else(|| self.damaged(column))
    }

    /// The text of the next column; `None` if it is none.
    fn any_text(&mut self) -> Option<Cow<'a, str>> {
        match self.cell() {
            Cell::Text(text) => Some(text),
            _ => None,
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

    fn damaged(&self, column: &str) -> StoreError {
        match self.key {
            Key::Is(key) => corrupt(self.table, key, column),
            Key::Number(index) => {
                let key = self.row.integer(index).map(|key| key.to_string());
                corrupt(self.table, &key.unwrap_or_default(), column)
            }
            Key::OfEntry(index) => {
                let key = self.row.text(index).unwrap_or_default();
                let error = corrupt(self.table, &key, column);
                tracing::error!(%error, "an entry cannot be read");
                error.of_unreadable_entry(key.parse().unwrap_or(Hlc::ZERO))
            }
        }
    }
}

/// The columns that [`identity`] reads, and of which [`state`] reads the first.
pub(crate) const IDENTITY: [identity::Column; 3] = [
    identity::Column::LibraryId,
    identity::Column::DeviceId,
    identity::Column::LogId,
];

/// The columns that [`state`] reads after those of [`IDENTITY`].
pub(crate) const STATE: [state::Column; 10] = [
    state::Column::Head,
    state::Column::HeadTag,
    state::Column::Floor,
    state::Column::FloorTag,
    state::Column::HighWater,
    state::Column::Settled,
    state::Column::Solo,
    state::Column::PeersDeclared,
    state::Column::AlteredAt,
    state::Column::Altered,
];

pub(crate) fn state(columns: &mut Columns<'_, '_>) -> Result<LogState, StoreError> {
    let identity = identity(columns)?;
    columns.row_of("sync_log_state", Key::Is("1"));
    let head = Mark {
        hlc: stamp(columns, "head")?,
        tag: tag(columns, "head_tag")?,
    };
    let floor = Mark {
        hlc: stamp(columns, "floor")?,
        tag: tag(columns, "floor_tag")?,
    };
    let high_water = stamp(columns, "high_water")?;
    let settled = stamp(columns, "settled")?;
    let solo = columns.integer("solo")? != 0;
    let peers_declared = columns.integer("peers_declared")? != 0;
    let altered = altered(columns);
    Ok(LogState {
        identity,
        head,
        floor,
        high_water,
        settled,
        solo,
        peers_declared,
        altered,
    })
}

/// Whatever is there is a note, even one that this program did not write.
fn altered(columns: &mut Columns<'_, '_>) -> Option<Altered> {
    let (at, what) = (columns.any_or_null(), columns.any_or_null());
    (at.is_some() || what.is_some()).then(|| Altered {
        hlc: at.and_then(|at| at.parse().ok()).unwrap_or(Hlc::ZERO),
        fault: what
            .and_then(|what| ChainFault::from_stored(&what))
            .unwrap_or(ChainFault::OtherTag),
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

fn tag(columns: &mut Columns<'_, '_>, column: &str) -> Result<Tag, StoreError> {
    let text = columns.text(column)?;
    text.parse().map_err(|_| columns.damaged(column))
}
