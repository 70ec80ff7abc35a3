//! A snapshot of another device that is being taken, and whether what it brings can be right (`B1`).

use std::collections::BTreeMap;

use hlc::Hlc;
use uuid::Uuid;

use super::apply::Receiving;
use super::record::RecordId;
use super::snapshot::{Snapshot, SnapshotPage, bytes_of};
use super::snapshot_error::{RecordFault, SnapshotError};
use super::version::Version;
use crate::limits::{MAX_DATA_BYTES, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::judge::{self, EntryFault};
use crate::model::{Altered, ChainFault, Cursor, DeviceId, LogIdentity, SharedChangeEntry};

/// A snapshot of another device that is being taken: what that device read first, and how far its records
/// were merged.
///
/// Nothing of it is stored. A snapshot that was interrupted is begun again, which is harmless: what was
/// merged is merged again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    own: LogIdentity,
    pub(super) snapshot: Snapshot,
    reached: Option<RecordId>,
    has_all: bool,
}

impl Taking {
    /// Begins to take the snapshot of `receiving.origin`, on the device with the log `own`.
    ///
    /// # Errors
    /// Nothing of the snapshot may be taken. In this order: [`SnapshotError::OtherDonor`],
    /// [`SnapshotError::BadEntry`], [`SnapshotError::Altered`]: the other device's program is faulty.
    /// [`SnapshotError::Clock`]: a clock is wrong, or this device was restored.
    pub fn begin(
        own: LogIdentity,
        receiving: &Receiving<'_>,
        snapshot: Snapshot,
    ) -> Result<Self, SnapshotError> {
        let donor = receiving.origin;
        let found = snapshot.donor;
        if found != donor || donor == own.device_id {
            return Err(SnapshotError::OtherDonor { donor, found });
        }
        refuse_bad_entries(donor, &snapshot.waiting)?;
        let taking = Self {
            own,
            snapshot,
            reached: None,
            has_all: false,
        };
        (receiving.check)(&taking.stamps())?;
        Ok(taking)
    }

    /// The last record that was merged: the next page begins after it.
    #[must_use]
    pub const fn after(&self) -> Option<&RecordId> {
        self.reached.as_ref()
    }

    /// Whether the last page was merged.
    #[must_use]
    pub const fn has_all(&self) -> bool {
        self.has_all
    }

    /// Goes on after a page, once [`merge_snapshot`](super::merge_snapshot) is committed.
    pub fn go_on(&mut self, page: &SnapshotPage) {
        self.has_all = page.next.is_none();
        self.reached = page.last().or(self.reached.as_ref()).cloned();
    }

    pub(super) const fn own(&self) -> DeviceId {
        self.own.device_id
    }

    pub(super) const fn own_log_id(&self) -> Uuid {
        self.own.log_id
    }

    /// How far the donor has come with the log of each device but this one.
    pub(super) fn cursors(&self) -> BTreeMap<DeviceId, Cursor> {
        let mut cursors = self.snapshot.watermarks.clone();
        cursors.insert(self.snapshot.donor, self.snapshot.head);
        cursors.remove(&self.own.device_id);
        cursors
    }

    /// The stamps that are not of records. Own changes have to be above them from now on.
    pub(super) fn stamps(&self) -> Vec<Hlc> {
        let cursors = self.cursors().into_values().map(|cursor| cursor.hlc());
        let waiting = self.snapshot.waiting.iter().map(|entry| entry.hlc);
        let forgotten = [self.snapshot.forgotten];
        let stamps = cursors.chain(waiting).chain(forgotten);
        stamps.filter(|hlc| !hlc.is_zero()).collect()
    }

    /// Refuses to finish before the last page was merged.
    pub(super) fn refuse_unfinished(&self) -> Result<(), SnapshotError> {
        if self.has_all {
            return Ok(());
        }
        Err(self.missing_page())
    }

    /// Refuses a page that is not the next one, or that no device gives. Returns the stamps in it.
    pub(super) fn judge(&self, page: &SnapshotPage) -> Result<Vec<Hlc>, SnapshotError> {
        if self.has_all || page.after != self.reached {
            return Err(self.missing_page());
        }
        self.refuse_too_large(page)?;
        let mut stamps = Vec::new();
        let mut before = page.after.as_ref();
        for (id, version) in &page.records {
            let judged = if before < Some(id) {
                judge_version(id, version)
            } else {
                Err(RecordFault::OutOfOrder)
            };
            judged.map_err(|fault| self.bad_record(id, fault))?;
            stamps.extend(stamps_of(version));
            before = Some(id);
        }
        match &page.next {
            Some(next) if page.last() != Some(next) => {
                Err(self.bad_record(next, RecordFault::OutOfOrder))
            }
            _ => Ok(stamps),
        }
    }

    fn refuse_too_large(&self, page: &SnapshotPage) -> Result<(), SnapshotError> {
        let records = page.records.len();
        let sizes = page.records.iter().map(|(id, it)| bytes_of(id, it));
        let bytes = sizes.sum();
        if records > MAX_PAGE_ENTRIES || records > 1 && bytes > MAX_PAGE_BYTES {
            return Err(SnapshotError::PageTooLarge {
                donor: self.snapshot.donor,
                records,
                bytes,
            });
        }
        Ok(())
    }

    fn missing_page(&self) -> SnapshotError {
        SnapshotError::MissingPage {
            donor: self.snapshot.donor,
            expected: self.reached.clone(),
        }
    }

    fn bad_record(&self, record: &RecordId, fault: RecordFault) -> SnapshotError {
        SnapshotError::BadRecord {
            donor: self.snapshot.donor,
            record: record.clone(),
            fault,
        }
    }
}

/// Refuses entries that no log can hold, and those that are not whole groups in order.
fn refuse_bad_entries(donor: DeviceId, entries: &[SharedChangeEntry]) -> Result<(), SnapshotError> {
    let mut open: BTreeMap<Uuid, Hlc> = BTreeMap::new();
    let mut before = Hlc::ZERO;
    let altered = |hlc, fault| SnapshotError::Altered {
        donor,
        altered: Altered { hlc, fault },
    };
    for entry in entries {
        let hlc = entry.hlc;
        judge::of_log(entry, hlc.device_id.into()).map_err(|fault| SnapshotError::BadEntry {
            donor,
            hlc,
            fault,
        })?;
        if hlc <= before {
            return Err(altered(hlc, ChainFault::OutOfOrder));
        }
        before = hlc;
        if entry.group_end {
            open.remove(&hlc.device_id);
        } else {
            open.entry(hlc.device_id).or_insert(hlc);
        }
    }
    match open.into_values().next() {
        Some(hlc) => Err(altered(hlc, ChainFault::OpenGroup)),
        None => Ok(()),
    }
}

fn judge_version(id: &RecordId, version: &Version) -> Result<(), RecordFault> {
    let fields = || version.fields.iter().flatten().map(|(_, field)| field);
    let values = fields().map(|field| &field.value);
    for data in values.chain([&version.data]) {
        let judged = judge::content(&id.model_type, data, MAX_DATA_BYTES);
        judged.map_err(RecordFault::Content)?;
    }
    if !judge::is_below_ceiling(version.source.hlc) {
        return Err(RecordFault::Content(EntryFault::NotFromClock));
    }
    let is_above = |hlc: Hlc| hlc > version.source.hlc;
    let is_deleted = fields().any(|field| field.source.hlc <= version.deleted);
    if is_deleted || stamps_of(version).any(is_above) {
        return Err(RecordFault::Part);
    }
    Ok(())
}

/// The stamps of all changes that are left in a version.
fn stamps_of(version: &Version) -> impl Iterator<Item = Hlc> {
    let fields = version.fields.iter().flatten();
    let fields = fields.map(|(_, field)| field.source.hlc);
    let marks = [version.source.hlc, version.inserted, version.deleted];
    let updated = version.updated.values().copied();
    let stamps = marks.into_iter().chain(updated).chain(fields);
    stamps.filter(|hlc| !hlc.is_zero())
}
