//! The start of every case: one storage, a clock set by hand, open logs.

use std::fmt::Debug;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use sync_log_core::ManualClock;
use sync_log_core::{
    Ack, Birth, Cause, Cursor, Hlc, LogError, LogOptions, LogStore, Mark, Page, ReadLimits, Remedy,
    SharedChangeEntry, SyncLog, UnknownPeers, Uuid, Verdict, VerdictKind,
};

use crate::harness::{Harness, Tampering};
use crate::sample::{self, DEVICE, LIBRARY, START_MS};
use crate::snapshot::Snapshot;

/// One storage of the backend under test, and a clock that is set by hand.
pub struct Rig<H> {
    /// The storage.
    pub storage: H,
    /// The wall clock of every log that is opened here.
    pub wall: Arc<ManualClock>,
}

impl<H: Harness> Rig<H> {
    /// A fresh storage.
    pub async fn new() -> Self {
        Self::born(Birth::Alone).await
    }

    /// A fresh storage, whose log is made as `birth` says.
    pub async fn born(birth: Birth) -> Self {
        Self {
            storage: H::create(LIBRARY, DEVICE, birth).await,
            wall: Arc::new(ManualClock::new(START_MS)),
        }
    }

    /// The default options, on the clock of this rig.
    pub fn options(&self) -> LogOptions {
        LogOptions::new(Arc::clone(&self.wall))
    }

    /// Opens the log, beside those that are open already.
    pub async fn open(&self) -> Log {
        self.open_with(self.options()).await
    }

    /// Opens the log, and registers the first `count` sample peers.
    pub async fn open_with_peers(&self, count: u128) -> Log {
        let log = self.open().await;
        log.register_peers(count).await;
        log
    }

    /// Opens the log so that it refuses unknown peers.
    pub async fn open_refusing(&self) -> Log {
        let mut options = self.options();
        options.unknown_peers = UnknownPeers::Refuse;
        self.open_with(options).await
    }

    /// Opens the log with other options.
    pub async fn open_with(&self, options: LogOptions) -> Log {
        let store = self.storage.open(LIBRARY, DEVICE).await.unwrap();
        Log::on(store, options).await
    }

    /// Closes `log` and opens the storage again.
    pub async fn reopen(&self, log: Log) -> Log {
        log.close().await.unwrap();
        self.open().await
    }

    /// Opens the storage once more and then closes `log`, so that no call of `log` is
    /// in flight any more.
    pub async fn hand_over(&self, log: Log) -> Log {
        let next = self.open().await;
        log.close().await.unwrap();
        next
    }
}

impl<H: Tampering> Rig<H> {
    /// Closes `log` and copies the storage.
    pub async fn back_up(&self, log: Log) -> (Log, H::Backup) {
        log.close().await.unwrap();
        let backup = self.storage.backup().await;
        (self.open().await, backup)
    }

    /// Closes `log` and restores an earlier copy of the storage.
    pub async fn restore(&self, log: Log, backup: &H::Backup) -> Log {
        log.close().await.unwrap();
        self.storage.restore(backup).await;
        self.open().await
    }
}

/// An open log, and the store under it.
#[derive(Clone)]
pub struct Log {
    log: SyncLog,
    store: Arc<dyn LogStore>,
}

impl Deref for Log {
    type Target = SyncLog;

    fn deref(&self) -> &SyncLog {
        &self.log
    }
}

impl Log {
    /// Opens the log that `store` holds.
    pub async fn on(store: Arc<dyn LogStore>, options: LogOptions) -> Self {
        let log = SyncLog::open(Arc::clone(&store), LIBRARY, DEVICE, options)
            .await
            .unwrap();
        Self { log, store }
    }

    /// The store under it.
    pub fn store(&self) -> Arc<dyn LogStore> {
        Arc::clone(&self.store)
    }

    /// Everything it holds.
    pub async fn snapshot(&self) -> Snapshot {
        Snapshot::of(&*self.store).await
    }

    /// Awaits `call`, which must fail with `expected` and change nothing.
    pub async fn refuses<T: Debug>(
        &self,
        clause: &str,
        expected: LogError,
        call: impl Future<Output = Result<T, LogError>>,
    ) {
        let before = self.snapshot().await;
        let error = call.await.expect_err(clause);
        assert_eq!(
            format!("{error:?}"),
            format!("{expected:?}"),
            "{clause}: refused with another error"
        );
        assert_eq!(
            self.snapshot().await,
            before,
            "{clause}: a refusal changes nothing"
        );
    }

    /// Reads for `peer` after `cursor`, which must be refused with `expected` and change nothing.
    pub async fn refuses_to_read(
        &self,
        clause: &str,
        peer: Uuid,
        cursor: Cursor,
        expected: LogError,
    ) {
        let read = self.read_for(peer, cursor, ReadLimits::default());
        self.refuses(clause, expected, read).await;
    }

    /// Gives `ack`, which must be refused with `expected` and change nothing.
    pub async fn refuses_ack(&self, clause: &str, ack: Ack, expected: LogError) {
        self.refuses(clause, expected, self.acknowledge(ack)).await;
    }

    /// Awaits `call`, which must succeed with `expected` and change nothing.
    pub async fn changes_nothing<T: Debug + PartialEq>(
        &self,
        clause: &str,
        expected: T,
        call: impl Future<Output = Result<T, LogError>>,
    ) {
        let before = self.snapshot().await;
        assert_eq!(call.await.unwrap(), expected, "{clause}");
        assert_eq!(self.snapshot().await, before, "{clause}: changes nothing");
    }

    /// Records `count` changes one by one.
    pub async fn record_one_by_one(&self, count: usize) -> Vec<Hlc> {
        let mut stamps = Vec::with_capacity(count);
        for number in 0..count {
            stamps.push(self.record(sample::change(number)).await.unwrap());
        }
        stamps
    }

    /// Records `count` changes in one step, as one group: no more than fit one page.
    pub async fn record_group(&self, count: usize) -> Vec<Hlc> {
        let changes = (0..count).map(sample::change).collect();
        self.record_many(changes).await.unwrap()
    }

    /// Records `count` changes in one step, each a group by itself.
    pub async fn record_bulk(&self, count: usize) -> Vec<Hlc> {
        let changes = (0..count).map(sample::change).collect();
        self.record_each(changes).await.unwrap()
    }

    /// Records `count` changes, `step_ms` of `wall` apart.
    pub async fn record_apart(&self, wall: &ManualClock, count: usize, step_ms: i64) -> Vec<Hlc> {
        let mut stamps = Vec::with_capacity(count);
        for number in 0..count {
            stamps.push(self.record(sample::change(number)).await.unwrap());
            wall.advance_ms(step_ms);
        }
        stamps
    }

    /// Registers the first `count` sample peers.
    pub async fn register_peers(&self, count: u128) -> Vec<Uuid> {
        let peers: Vec<Uuid> = (1..=count).map(sample::peer).collect();
        for peer in &peers {
            self.register_peer(*peer).await.unwrap();
        }
        peers
    }

    /// The entry at `hlc`, which is retained.
    pub async fn entry_at(&self, hlc: Hlc) -> SharedChangeEntry {
        let entries = self.snapshot().await.entries;
        entries.into_iter().find(|entry| entry.hlc == hlc).unwrap()
    }

    /// The cursor at `hlc`, which is retained. Its tag is not the stored one: the chain is
    /// followed from the floor.
    pub async fn cursor_at(&self, hlc: Hlc) -> Cursor {
        let snapshot = self.snapshot().await;
        let mut entries = snapshot.entries.iter();
        let last = entries.position(|entry| entry.hlc == hlc).unwrap();
        let through = snapshot.entries[..=last].iter();
        let mark = through.fold(snapshot.state.floor, Mark::then);
        Cursor::new(self.identity().log_id, mark.hlc, mark.tag).unwrap()
    }

    /// The signs that are kept, in full.
    pub async fn verdicts(&self) -> Vec<Verdict> {
        self.status().await.unwrap().verdicts
    }

    /// The signs that are kept, as `status` and `explain` show them.
    pub async fn signs(&self) -> Vec<(VerdictKind, Hlc, Option<Uuid>)> {
        let verdicts = self.verdicts().await;
        let explained = self.explain().await.unwrap().reasons;
        let named: Vec<Verdict> = explained
            .iter()
            .filter_map(|held| match held.cause {
                Cause::Restored(verdict) => {
                    assert_eq!(held.remedy, Some(Remedy::NewIdentity), "P7");
                    assert_eq!((held.peer, held.lag_entries), (verdict.peer, 0), "P7");
                    Some(verdict)
                }
                _ => None,
            })
            .collect();
        assert_eq!(named, verdicts, "P7: both show the same");
        let shown = verdicts.iter();
        shown
            .map(|v| (v.kind, v.hlc, v.peer.map(Uuid::from)))
            .collect()
    }

    /// A page of everything after `cursor`.
    pub async fn page(&self, peer: Uuid, cursor: Cursor) -> Page {
        self.read_for(peer, cursor, ReadLimits::default())
            .await
            .unwrap()
    }

    /// The ack on which pruning may rely for `peer`.
    pub async fn position(&self, peer: Uuid) -> Hlc {
        let peers = self.peers().await.unwrap();
        let found = peers
            .into_iter()
            .flatten()
            .find(|row| row.device_id == peer);
        found.unwrap().position()
    }
}
