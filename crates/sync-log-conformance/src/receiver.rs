//! The database that a case of the receiver's contract starts from.

use std::collections::BTreeMap;

use sync_log_core::receive::{
    Found, OwnStore as _, ReceiverStore as _, Record, RecordId, RecordStore as _, RecordWrite,
    SnapshotStore as _, Tie, Wanted,
};
use sync_log_core::{Cursor, DeviceId, Hlc, SharedChangeEntry, StoreError, Uuid};

use crate::records_harness::{End, RecordsHarness};

/// A receiver's database, as the cases use it.
#[derive(Debug)]
pub struct Receiver<H>(H);

/// Everything that a receiver keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// All records.
    pub records: Vec<(RecordId, Record)>,
    /// The watermark of each origin.
    pub watermarks: BTreeMap<DeviceId, Cursor>,
    /// The entries that wait.
    pub waiting: Vec<SharedChangeEntry>,
    /// The highest stamp that was given out or received.
    pub mark: Hlc,
    /// The highest stamp of a deleted record that was forgotten.
    pub forgotten: Hlc,
    /// The stamp up to which own changes are missing.
    pub unversioned: Hlc,
    /// The names that the app's table shows.
    pub rows: BTreeMap<Uuid, String>,
    /// What the log has once the outbox was drained.
    pub log: Vec<SharedChangeEntry>,
}

impl<H: RecordsHarness> Receiver<H> {
    /// A new database.
    pub async fn new() -> Self {
        Self(H::create().await)
    }

    /// The same database after a restart of the app.
    pub async fn reopened(self) -> Self {
        Self(self.0.reopen().await)
    }

    /// The harness, for what no port says.
    pub const fn harness(&self) -> &H {
        &self.0
    }

    /// Runs `work` in a transaction that is committed.
    pub async fn commit<T>(
        &self,
        work: impl AsyncFnOnce(&mut H::Store<'_>) -> Result<T, StoreError>,
    ) -> T {
        self.0.transaction(End::Commit, work).await.unwrap()
    }

    /// Runs `work` in a transaction that is rolled back.
    pub async fn roll_back<T>(
        &self,
        work: impl AsyncFnOnce(&mut H::Store<'_>) -> Result<T, StoreError>,
    ) -> T {
        self.0.transaction(End::RollBack, work).await.unwrap()
    }

    /// Writes records.
    pub async fn write(&self, records: &[RecordWrite]) {
        self.commit(async |store| store.write(records).await).await;
    }

    /// The stored records among these.
    pub async fn records(
        &self,
        ids: impl IntoIterator<Item = RecordId>,
    ) -> Vec<(RecordId, Record)> {
        let wanted = Wanted {
            records: ids.into_iter().collect(),
            ..Wanted::default()
        };
        self.found(&wanted).await.records
    }

    /// The records that these ties tie.
    pub async fn tied(&self, ties: impl IntoIterator<Item = Tie>) -> Vec<(Tie, RecordId)> {
        let wanted = Wanted {
            ties: ties.into_iter().collect(),
            ..Wanted::default()
        };
        self.found(&wanted).await.tied
    }

    async fn found(&self, wanted: &Wanted) -> Found {
        let found = self.commit(async |store| store.look_up(wanted).await);
        let mut found = found.await;
        found.records.sort_by(|(one, _), (other, _)| one.cmp(other));
        found.tied.sort();
        found
    }

    /// Everything that is kept.
    pub async fn kept(&self) -> Kept {
        let log = self.0.drain().await;
        let rows = self.0.rows().await;
        self.commit(async |store| {
            Ok(Kept {
                records: store.records(None, usize::MAX).await?,
                watermarks: store.watermarks().await?.into_iter().collect(),
                waiting: store.waiting().await?,
                mark: store.mark().await?,
                forgotten: store.forgotten().await?,
                unversioned: store.unversioned().await?,
                rows,
                log,
            })
        })
        .await
    }
}
