//! Where the planted faults happen that are none of the transaction itself.

use std::collections::BTreeMap;

use sync_log_core::receive::{Applied, ApplyError, Move, ReceiveError, RecordId, Standing, merge};
use sync_log_core::{
    Change, ChangeType, Cursor, DeviceId, Hlc, LogStore as _, Page, SharedChangeEntry, SyncLog,
    take_over,
};
use sync_log_memory::{MemoryRecords, MemoryStore, Tables as _};

use super::fault::AppFault;
use super::forgery::chained;
use super::release::AppModels;
use super::rows::Rows;
use crate::engine::Engine;

/// What a fault can reach on a device.
pub(crate) struct Reach<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) models: AppModels,
    pub(crate) records: &'a mut MemoryRecords<Rows>,
    pub(crate) log: &'a SyncLog,
    pub(crate) store: &'a MemoryStore,
}

impl Reach<'_> {
    fn has(&self, fault: AppFault) -> bool {
        self.models.fault == Some(fault)
    }

    fn watermark(&self, origin: DeviceId) -> Cursor {
        let watermark = self.records.watermarks.get(&origin);
        watermark.copied().unwrap_or(Cursor::ZERO)
    }

    fn merge(&mut self, entries: &[SharedChangeEntry]) {
        let merged = merge(self.records, &self.models, entries);
        let merged = self.engine.finish(merged);
        merged.expect("a database in memory does not fail");
    }

    /// What a restart loses.
    pub(crate) fn at_restart(self) {
        if self.has(AppFault::HiddenForgotten) {
            let is_hidden = |standing: &Standing| standing.why_not_shown().is_some();
            let records = &mut self.records.records;
            records.retain(|_, record| !is_hidden(&record.standing));
            self.records.waiting.clear();
        }
    }

    /// What a refused page leaves behind.
    pub(crate) fn after_refusal(mut self, (origin, page): (DeviceId, &Page), error: &ApplyError) {
        let taken = match error {
            ApplyError::Page(ReceiveError::OtherLog { .. }) => AppFault::OtherLogTaken,
            ApplyError::Page(ReceiveError::Diverged { .. }) => AppFault::ChainBesideWatermark,
            _ => return,
        };
        if !self.has(taken) {
            return;
        }
        let watermark = self.watermark(origin);
        let new = page.entries.iter().filter(|it| it.hlc > watermark.hlc());
        let new: Vec<_> = new.cloned().collect();
        self.merge(&new);
        let page = chained(page.next.log_id(), page.after, page.entries.clone(), page);
        self.records.watermarks.insert(origin, page.next);
    }

    /// What a process that was killed before its commit leaves behind.
    pub(crate) fn killed_before_commit(
        mut self,
        (origin, page): (DeviceId, &Page),
        applied: &Applied,
    ) {
        let watermark = self.watermark(origin);
        if self.has(AppFault::WatermarkOutsideTransaction) {
            self.records.watermarks.insert(origin, applied.watermark);
        }
        let first = page.entries.iter().find(|it| it.hlc > watermark.hlc());
        if let Some(first) = first.filter(|_| self.has(AppFault::HalfGroupVisible)) {
            self.merge(std::slice::from_ref(first));
        }
    }

    /// What follows a page that was committed.
    pub(crate) fn after_commit(self, page: &Page) {
        if self.has(AppFault::ForeignEntryLogged)
            && let Some(entry) = page.entries.last()
        {
            self.log_again(entry);
        }
        if self.has(AppFault::InsertAfterDeleteLost) {
            self.lose_inserts(page);
        }
    }

    /// What a drain does first that begins above `head`.
    pub(crate) fn before_drain(self, head: Hlc) {
        if self.has(AppFault::OutboxAppendedTwice) {
            let appended = self.records.outbox.iter().filter(|it| it.hlc <= head);
            appended.for_each(|entry| self.log_again(entry));
        }
    }

    fn log_again(&self, entry: &SharedChangeEntry) {
        let change = Change {
            model_type: entry.model_type.clone(),
            record_uuid: entry.record_uuid,
            change_type: entry.change_type,
            data: entry.data.clone(),
            model_version: entry.model_version,
        };
        let stamp = self.engine.finish(self.log.tick());
        let stamp = stamp.expect("a log in memory draws a stamp");
        let job = take_over(vec![change.stamped(stamp)], 0);
        let logged = self.engine.finish(self.store.write(job));
        logged.expect("a log in memory takes a change");
    }

    fn lose_inserts(self, page: &Page) {
        let mut deleted: BTreeMap<RecordId, Hlc> = BTreeMap::new();
        for entry in &page.entries {
            let id = RecordId::of(entry);
            if entry.change_type == ChangeType::Delete {
                deleted.insert(id, entry.hlc);
                continue;
            }
            let Some(deleted) = deleted.get(&id) else {
                continue;
            };
            if let Some(record) = self.records.records.get_mut(&id) {
                record.version.change_type = ChangeType::Delete;
                record.version.deleted = *deleted;
                record.standing = Standing::Deleted;
                self.records.tables.change(&[Move::Hide(id)]);
            }
        }
    }
}

/// What an own write commits in the place of `after`, and its changes in the order of their commits.
pub(crate) fn committed(
    fault: Option<AppFault>,
    before: &MemoryRecords<Rows>,
    after: MemoryRecords<Rows>,
    changes: Vec<Change>,
) -> (MemoryRecords<Rows>, Vec<Change>) {
    match fault {
        Some(AppFault::WriteWithoutVersion) => {
            let after = MemoryRecords {
                records: before.records.clone(),
                ties: before.ties.clone(),
                ..after
            };
            (after, changes)
        }
        Some(AppFault::StampedBeforeLock) => overlapping(before.outbox.len(), after, changes),
        _ => (after, changes),
    }
}

/// The first change is made in a transaction of its own, which draws its stamp first and commits last.
fn overlapping(
    pending: usize,
    mut after: MemoryRecords<Rows>,
    mut changes: Vec<Change>,
) -> (MemoryRecords<Rows>, Vec<Change>) {
    let new = &mut after.outbox[pending..];
    if let Some(first) = new.first_mut() {
        first.group_end = true;
        new.rotate_left(1);
        changes.rotate_left(1);
    }
    (after, changes)
}

/// The order in which a drain appends groups.
pub(crate) fn ordered(
    fault: Option<AppFault>,
    mut groups: Vec<Vec<SharedChangeEntry>>,
) -> Vec<Vec<SharedChangeEntry>> {
    if fault == Some(AppFault::OutboxReversed) {
        groups.reverse();
    }
    groups
}

/// Which devices have to be past a deletion.
pub(crate) fn origins_of_forgetting(fault: Option<AppFault>, others: &[DeviceId]) -> &[DeviceId] {
    if fault == Some(AppFault::TombstoneDroppedEarly) {
        return &others[..others.len().min(1)];
    }
    others
}
