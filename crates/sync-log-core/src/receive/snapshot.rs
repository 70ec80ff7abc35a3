//! What a device gives to another one that cannot catch up by reading: a snapshot of its records (`B1`).

use std::collections::BTreeMap;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::port::SnapshotStore;
use super::record::RecordId;
use super::snapshot_error::SnapshotError;
use super::version::Version;
use crate::error::StoreError;
use crate::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::{Cursor, DeviceId, SharedChangeEntry};

/// How far a device has come: what it reads first when it gives a snapshot, before the pages of its
/// records. So the records have every change up to these cursors, and maybe later ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The device that gives the snapshot.
    pub donor: DeviceId,
    /// The head of its own log.
    pub head: Cursor,
    /// Up to where it has applied the logs of other devices.
    pub watermarks: BTreeMap<DeviceId, Cursor>,
    /// The entries that it has received and that still wait for a record: whole groups, ascending.
    pub waiting: Vec<SharedChangeEntry>,
    /// The highest stamp of a deleted record that it has forgotten; zero if there was none.
    pub forgotten: Hlc,
}

/// Some of the records of a device, ascending. Deleted records are records, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPage {
    /// The page begins after this record; at the first one if there is none.
    pub after: Option<RecordId>,
    /// The records, with what is left of all their changes.
    pub records: Vec<(RecordId, Version)>,
    /// The last record of the page, after which the next page begins; `None` if this page is the last.
    pub next: Option<RecordId>,
}

impl SnapshotPage {
    /// The last record of the page.
    pub(super) fn last(&self) -> Option<&RecordId> {
        self.records.last().map(|(id, _)| id)
    }
}

/// Reads how far a device has come. `head` is the head of its own log, which is read before that.
///
/// # Errors
/// [`SnapshotError::Incomplete`]: own changes are missing from the records, so the records do not have
/// every change up to `head`. [`SnapshotError::Store`]: try again.
pub async fn snapshot(
    store: &mut impl SnapshotStore,
    donor: DeviceId,
    head: Cursor,
) -> Result<Snapshot, SnapshotError> {
    let unversioned = store.unversioned().await?;
    if !unversioned.is_zero() {
        return Err(SnapshotError::Incomplete { unversioned });
    }
    Ok(Snapshot {
        donor,
        head,
        watermarks: store.watermarks().await?.into_iter().collect(),
        waiting: store.waiting().await?,
        forgotten: store.forgotten().await?,
    })
}

/// Reads a page of records: at most [`MAX_PAGE_ENTRIES`] records and [`MAX_PAGE_BYTES`] bytes, but one
/// record even if it is larger. Read the pages after the [`Snapshot`], each in a transaction of its own.
///
/// # Errors
/// [`StoreError`]: try again.
pub async fn snapshot_page(
    store: &mut impl SnapshotStore,
    after: Option<&RecordId>,
) -> Result<SnapshotPage, StoreError> {
    let mut page = SnapshotPage {
        after: after.cloned(),
        records: Vec::new(),
        next: None,
    };
    let mut bytes = 0;
    loop {
        let found = store.records(page.last().or(after), READ_AT_ONCE);
        let found = found.await?;
        if found.is_empty() {
            return Ok(page);
        }
        for (id, record) in found {
            bytes += bytes_of(&id, &record.version);
            let is_full = page.records.len() == MAX_PAGE_ENTRIES || bytes > MAX_PAGE_BYTES;
            if is_full && !page.records.is_empty() {
                page.next = page.last().cloned();
                return Ok(page);
            }
            page.records.push((id, record.version));
        }
    }
}

/// How many records are read at once: few, because each of them may be large.
const READ_AT_ONCE: usize = 50;

/// Bytes that count against the limit of a page.
pub(super) fn bytes_of(id: &RecordId, version: &Version) -> usize {
    let fields = version.fields.iter().flatten();
    let fields = fields.map(|(name, field)| name.len() + field.value.len_bytes());
    id.model_type.len() + version.data.len_bytes() + fields.sum::<usize>()
}
