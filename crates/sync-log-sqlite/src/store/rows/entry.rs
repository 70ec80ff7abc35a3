//! Entries, and their links in the chain: rows of `shared_changes` and `sync_log_entries`.

use sync_log_core::judge::{self, FoundChange, FoundData};
use sync_log_core::{EntrySummary, FoundEntry, Hlc, Mark, SharedChangeEntry, StoreError, Tag};

use super::columns::Columns;
use crate::driver::{Cell, Row};
use crate::entity::time;
use crate::entity::{entries, shared_changes};

/// The columns of `shared_changes`, in the order of the table.
pub(crate) const CHANGE: [shared_changes::Column; 6] = [
    shared_changes::Column::Hlc,
    shared_changes::Column::ModelType,
    shared_changes::Column::RecordUuid,
    shared_changes::Column::ChangeType,
    shared_changes::Column::Data,
    shared_changes::Column::CreatedAt,
];

/// The columns of an entry that [`found`] reads first.
pub(crate) const ENTRY: [shared_changes::Column; 5] = [
    shared_changes::Column::Hlc,
    shared_changes::Column::ModelType,
    shared_changes::Column::RecordUuid,
    shared_changes::Column::ChangeType,
    shared_changes::Column::Data,
];

/// The columns that [`found`] reads after those of [`ENTRY`].
pub(crate) const PLACE: [entries::Column; 3] = [
    entries::Column::Tag,
    entries::Column::ModelVersion,
    entries::Column::GroupEnd,
];

/// An entry with its link in the chain, which follows it in the same row.
pub(crate) fn found(columns: &mut Columns<'_, '_>) -> Result<FoundEntry, StoreError> {
    let bare = entry(columns)?;
    Ok(Link::read(columns).of(bare))
}

/// What this program stores about an entry beside its row in `shared_changes`.
///
/// A link that cannot be read counts as none, because this program did not write it. Core then
/// refuses the entry, which has no tag. The parts that can be read are kept.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Link {
    tag: Option<Tag>,
    model_version: Option<u32>,
    group_end: Option<bool>,
}

impl Link {
    /// The link in the columns [`PLACE`].
    pub(crate) fn read(columns: &mut Columns<'_, '_>) -> Self {
        Self {
            tag: tag(columns.cell()),
            model_version: model_version(columns.cell()),
            group_end: group_end(columns.cell()),
        }
    }

    /// The entry that the link belongs to.
    pub(crate) fn of(self, bare: SharedChangeEntry) -> FoundEntry {
        let is_readable = self.model_version.is_some() && self.group_end.is_some();
        FoundEntry {
            entry: SharedChangeEntry {
                model_version: self.model_version.unwrap_or_default(),
                group_end: self.group_end.unwrap_or(true),
                ..bare
            },
            tag: self.tag.filter(|_| is_readable),
        }
    }
}

/// The stamp of a link and the link, from its own row; `None` if the stamp cannot be read.
pub(crate) fn link(columns: &mut Columns<'_, '_>) -> Option<(Hlc, Link)> {
    let hlc = columns.cell();
    let link = Link::read(columns);
    match hlc {
        Cell::Text(hlc) => Some((hlc.parse().ok()?, link)),
        _ => None,
    }
}

/// An entry, as the interchange format has it: a group by itself, of no known version.
pub(crate) fn entry(columns: &mut Columns<'_, '_>) -> Result<SharedChangeEntry, StoreError> {
    columns.entry();
    let hlc = columns.any_text();
    let change = FoundChange {
        model_type: columns.any_text(),
        record_uuid: columns.any_text(),
        change_type: columns.any_text(),
        data: columns.any_text().into(),
    };
    let entry = judge::entry(hlc.as_deref(), change);
    entry.map_err(|fault| columns.damaged(fault.column()))
}

/// The payload in a column, which is not read where it is too long; the next column says so.
pub(crate) fn data<'a>(row: &Row<'a>, column: usize) -> FoundData<'a> {
    match row.text(column) {
        Some(text) => FoundData::Text(text),
        None if row.is_true(column + 1) => FoundData::TooLarge,
        None => FoundData::NotText,
    }
}

/// The columns that [`mark`] reads.
pub(crate) const MARK: [entries::Column; 2] = [entries::Column::Hlc, entries::Column::Tag];

/// A mark in the log; `None` if the row was not joined, or cannot be read.
pub(crate) fn mark(columns: &mut Columns<'_, '_>) -> Option<Mark> {
    let hlc = columns.cell();
    let stored_tag = tag(columns.cell());
    let Cell::Text(hlc) = hlc else { return None };
    Some(Mark {
        hlc: hlc.parse().ok()?,
        tag: stored_tag?,
    })
}

fn tag(cell: Cell<'_>) -> Option<Tag> {
    match cell {
        Cell::Bytes(bytes) => (*bytes).try_into().ok().map(Tag::from_bytes),
        _ => None,
    }
}

fn model_version(cell: Cell<'_>) -> Option<u32> {
    match cell {
        Cell::Integer(number) => number.try_into().ok(),
        _ => None,
    }
}

fn group_end(cell: Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Integer(0) => Some(false),
        Cell::Integer(1) => Some(true),
        _ => None,
    }
}

/// The columns that [`summary`] reads.
pub(crate) const SUMMARY: [shared_changes::Column; 2] = [
    shared_changes::Column::Hlc,
    shared_changes::Column::CreatedAt,
];

/// The stamp of an entry, and when it was written.
pub(crate) fn summary(columns: &mut Columns<'_, '_>) -> Result<EntrySummary, StoreError> {
    columns.entry();
    let hlc = judge::stamp(columns.any_text().as_deref());
    let hlc = hlc.map_err(|fault| columns.damaged(fault.column()))?;
    let created_at_ms = created_at_ms(&columns.text("created_at")?, hlc);
    Ok(EntrySummary { hlc, created_at_ms })
}

/// When an entry was written. If that time cannot be read, the time of the stamp is used: the entry
/// needs some age, and nothing else depends on it.
fn created_at_ms(text: &str, hlc: Hlc) -> i64 {
    time::from_text(text).unwrap_or_else(|| i64::try_from(hlc.timestamp).unwrap_or(i64::MAX))
}
