//! The records in memory, behind something that lies.

use broken_stores::RecordFault as Fault;
use sync_log_conformance::core::receive::{
    Found, Move, OwnStore, ReceiverStore, Record, RecordId, RecordStore, RecordWrite,
    SnapshotStore, Standing, Tie, Wanted, WhyNotShown,
};
use sync_log_conformance::core::{
    Cursor, DeviceId, Hlc, JsonText, MAX_DATA_BYTES, SharedChangeEntry, StoreError, StoreFault,
    Uuid,
};
use sync_log_memory::{MemoryRecords, Tables as _};

use crate::database::Tags;

/// The ports in a transaction, with a fault.
pub(super) struct BrokenRecords {
    inner: MemoryRecords<Tags>,
    fault: Option<Fault>,
}

impl BrokenRecords {
    pub(super) const fn new(inner: MemoryRecords<Tags>, fault: Option<Fault>) -> Self {
        Self { inner, fault }
    }

    pub(super) fn into_records(self) -> MemoryRecords<Tags> {
        self.inner
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// The record under whose name this store keeps a record.
    fn named(&self, id: &RecordId) -> RecordId {
        let name = id.model_type.as_str();
        let name = match self.fault {
            Some(Fault::ModelCutAtNul) => name.split('\0').next().unwrap_or_default().to_owned(),
            Some(Fault::ModelInAnyCase) => name.to_lowercase(),
            _ => name.to_owned(),
        };
        RecordId::new(name, id.record_uuid)
    }

    /// Under which device this store keeps a watermark.
    fn origin(&self, origin: DeviceId) -> DeviceId {
        if self.has(Fault::OneWatermark) {
            return DeviceId::from(Uuid::nil());
        }
        origin
    }

    /// What this store keeps for a tie.
    fn tied(&self, tie: &Tie) -> Option<Tie> {
        match tie {
            Tie::Reference(_) if self.has(Fault::ReferencesNotTied) => None,
            Tie::Key {
                model_type, value, ..
            } if self.has(Fault::KeyNameIgnored) => Some(Tie::Key {
                model_type: model_type.clone(),
                name: String::new(),
                value: value.clone(),
            }),
            tie => Some(tie.clone()),
        }
    }

    /// What this store writes for a record, if anything.
    fn written(&self, write: &RecordWrite) -> Option<RecordWrite> {
        let mut written = write.clone();
        written.id = self.named(&write.id);
        let version = &mut written.record.version;
        match self.fault {
            Some(Fault::UpdatesLost) => version.updated.clear(),
            Some(Fault::DataCompacted) => version.data = compacted(&version.data),
            Some(Fault::EmptiedLost) => {
                if let Standing::Shown { emptied } = &mut written.record.standing {
                    emptied.clear();
                }
            }
            Some(Fault::LargestPayloadLost) if version.data.len_bytes() == MAX_DATA_BYTES => {
                return None;
            }
            Some(Fault::FirstVersionStays) if self.inner.records.contains_key(&written.id) => {
                return None;
            }
            Some(Fault::TiesLost) => {
                written.ties.get_or_insert_default();
            }
            _ => {}
        }
        if let Some(ties) = &mut written.ties {
            *ties = ties.iter().filter_map(|tie| self.tied(tie)).collect();
        }
        Some(written)
    }

    /// What this store puts out.
    fn put(&self, entries: &[SharedChangeEntry]) -> Vec<SharedChangeEntry> {
        let mut put = entries.to_vec();
        if self.has(Fault::OutboxReversed) {
            put.reverse();
        }
        if self.has(Fault::GroupsCutUp) {
            put.iter_mut().for_each(|entry| entry.group_end = true);
        }
        put
    }
}

fn compacted(data: &JsonText) -> JsonText {
    JsonText::new(data.as_str().replace(' ', "")).unwrap()
}

impl RecordStore for BrokenRecords {
    async fn look_up(&mut self, wanted: &Wanted) -> Result<Found, StoreError> {
        let mut found = Found::default();
        for id in &wanted.records {
            let stored = self.inner.records.get(&self.named(id));
            found
                .records
                .extend(stored.map(|it| (id.clone(), it.clone())));
        }
        for tie in &wanted.ties {
            let asked = self.tied(tie);
            let ties = self.inner.ties.iter();
            let ties = ties.filter(|(stored, _)| Some(stored) == asked.as_ref());
            found
                .tied
                .extend(ties.map(|(_, id)| (tie.clone(), id.clone())));
        }
        Ok(found)
    }

    async fn write(&mut self, records: &[RecordWrite]) -> Result<(), StoreError> {
        let written: Vec<_> = records.iter().filter_map(|it| self.written(it)).collect();
        let ties = self.inner.ties.clone();
        self.inner.write(&written).await?;
        if self.has(Fault::OldTiesStay) {
            self.inner.ties.extend(ties);
        }
        Ok(())
    }

    async fn change(&mut self, steps: &[Move]) -> Result<Vec<(RecordId, String)>, StoreError> {
        let mut steps = steps.to_vec();
        if self.has(Fault::ShownBeforeHidden) {
            steps.sort_by_key(|step| matches!(step, Move::Hide(_)));
        }
        if self.has(Fault::RefusalHalfDone) {
            let each = steps.chunks(1);
            return Ok(each
                .flat_map(|step| self.inner.tables.change(step))
                .collect());
        }
        let mut refused = self.inner.change(&steps).await?;
        if self.has(Fault::RefusalIsFailure) && !refused.is_empty() {
            return Err(StoreError::new(StoreFault::Io, "show records"));
        }
        if self.has(Fault::FirstRefusalAlone) {
            refused.truncate(1);
        }
        Ok(refused)
    }
}

impl OwnStore for BrokenRecords {
    async fn mark(&mut self) -> Result<Hlc, StoreError> {
        if self.has(Fault::MarkOfTheOutbox) {
            let last = self.inner.outbox.last().map(|last| last.hlc);
            return Ok(last.max(self.inner.observed).unwrap_or(Hlc::ZERO));
        }
        self.inner.mark().await
    }

    async fn mark_and_look_up(&mut self, wanted: &Wanted) -> Result<(Hlc, Found), StoreError> {
        let mark = self.mark().await?;
        if self.has(Fault::FoundWithoutMark) {
            return Ok((mark, Found::default()));
        }
        Ok((mark, self.look_up(wanted).await?))
    }

    async fn put_out(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        let entries = self.put(entries);
        self.inner.put_out(&entries).await
    }

    async fn write_and_put_out(
        &mut self,
        records: &[RecordWrite],
        entries: &[SharedChangeEntry],
    ) -> Result<(), StoreError> {
        if !self.has(Fault::RecordsLostWithEntries) {
            self.write(records).await?;
        }
        self.put_out(entries).await
    }
}

impl ReceiverStore for BrokenRecords {
    async fn records(
        &mut self,
        after: Option<&RecordId>,
        limit: usize,
    ) -> Result<Vec<(RecordId, Record)>, StoreError> {
        if self.has(Fault::PageLimitIgnored) {
            return self.inner.records(after, usize::MAX).await;
        }
        self.inner.records(after, limit).await
    }

    async fn has_unreadable(&mut self) -> Result<bool, StoreError> {
        let mut standings = self.inner.records.values().map(|record| &record.standing);
        match self.fault {
            Some(Fault::NewerModelIsReadable) => {
                Ok(standings.any(|it| *it == Standing::NotShown(WhyNotShown::UnknownModel)))
            }
            Some(Fault::HiddenIsUnreadable) => {
                Ok(standings.any(|it| matches!(it, Standing::NotShown(_))))
            }
            _ => self.inner.has_unreadable().await,
        }
    }

    async fn watermark(&mut self, origin: DeviceId) -> Result<Cursor, StoreError> {
        let origin = self.origin(origin);
        self.inner.watermark(origin).await
    }

    async fn move_watermark(&mut self, origin: DeviceId, to: Cursor) -> Result<(), StoreError> {
        let origin = self.origin(origin);
        self.inner.move_watermark(origin, to).await
    }

    async fn waiting(&mut self) -> Result<Vec<SharedChangeEntry>, StoreError> {
        let mut waiting = self.inner.waiting().await?;
        if self.has(Fault::WaitingDescends) {
            waiting.reverse();
        }
        Ok(waiting)
    }

    async fn set_aside(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        self.inner.set_aside(entries).await
    }

    async fn take_back(&mut self, entries: &[SharedChangeEntry]) -> Result<(), StoreError> {
        if self.has(Fault::AllTakenBack) {
            self.inner.waiting.clear();
        }
        self.inner.take_back(entries).await
    }

    async fn deleted(
        &mut self,
        after: Option<&(RecordId, Hlc)>,
        up_to: Hlc,
        limit: usize,
    ) -> Result<Vec<(RecordId, Hlc)>, StoreError> {
        if self.has(Fault::DeletedUpToIgnored) {
            let highest = Hlc::new(u64::MAX, u64::MAX, Uuid::max());
            return self.inner.deleted(after, highest, limit).await;
        }
        let mut deleted = self.inner.deleted(after, up_to, limit).await?;
        if self.has(Fault::DeletedByRecord) {
            deleted.sort();
        }
        Ok(deleted)
    }

    async fn forget(&mut self, deleted: &[(RecordId, Hlc)]) -> Result<(), StoreError> {
        let ties = self.inner.ties.clone();
        let before = self.inner.forgotten;
        self.inner.forget(deleted).await?;
        if self.has(Fault::ForgottenTiesStay) {
            self.inner.ties = ties;
        }
        if self.has(Fault::LastForgottenStored) {
            self.inner.forgotten = before.max(deleted.last().map(|(_, hlc)| *hlc));
        }
        Ok(())
    }

    async fn observe(&mut self, highest: Hlc) -> Result<(), StoreError> {
        match self.fault {
            Some(Fault::ReceivedNotStored) => {}
            Some(Fault::MarkFalls) => self.inner.observed = Some(highest),
            _ => self.inner.observe(highest).await?,
        }
        Ok(())
    }
}

impl SnapshotStore for BrokenRecords {
    async fn watermarks(&mut self) -> Result<Vec<(DeviceId, Cursor)>, StoreError> {
        let mut watermarks = self.inner.watermarks().await?;
        if self.has(Fault::LastWatermarkNotListed) {
            watermarks.pop();
        }
        Ok(watermarks)
    }

    async fn forgotten(&mut self) -> Result<Hlc, StoreError> {
        self.inner.forgotten().await
    }

    async fn raise_forgotten(&mut self, to: Hlc) -> Result<(), StoreError> {
        if self.has(Fault::ForgottenFalls) {
            self.inner.forgotten = None;
        }
        self.inner.raise_forgotten(to).await
    }

    async fn unversioned(&mut self) -> Result<Hlc, StoreError> {
        self.inner.unversioned().await
    }

    async fn set_versioned(&mut self) -> Result<(), StoreError> {
        if self.has(Fault::VersionedNotStored) {
            return Ok(());
        }
        self.inner.set_versioned().await
    }
}
