//! A device: the place of its log, on one of two stores, and its wall clock.

use std::path::Path;
use std::sync::Arc;

use sync_log_memory::MemoryStore;
use sync_log_memory::core::{Birth, LogIdentity, LogOptions};
use sync_log_sqlite::{
    Change, ChangeType, Hlc, JsonText, LogError, ManualClock, SyncDb, SyncLog, UnknownPeers, Uuid,
};
use tempfile::TempDir;

pub(crate) const LIBRARY: Uuid = Uuid::from_u128(0x11);
pub(crate) const PHONE: Uuid = Uuid::from_u128(0xa0);
pub(crate) const LAPTOP: Uuid = Uuid::from_u128(0xb0);
pub(crate) const TABLET: Uuid = Uuid::from_u128(0xc0);
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;

pub(crate) struct Device {
    store: Store,
    pub(crate) wall: Arc<ManualClock>,
}

enum Store {
    Memory(MemoryStore),
    File(TempDir),
}

impl Device {
    pub(crate) fn in_memory() -> Self {
        let identity = LogIdentity {
            library_id: LIBRARY.into(),
            device_id: PHONE.into(),
            log_id: Uuid::from_u128(0xf11e),
        };
        let store = MemoryStore::new(identity, NOW_MS, Birth::Alone);
        Self::on(Store::Memory(store))
    }

    pub(crate) fn in_a_file() -> Self {
        Self::on(Store::File(tempfile::tempdir().unwrap()))
    }

    fn on(store: Store) -> Self {
        let wall = Arc::new(ManualClock::new(NOW_MS));
        Self { store, wall }
    }

    /// The folder of its file.
    pub(crate) fn folder(&self) -> &Path {
        match &self.store {
            Store::File(folder) => folder.path(),
            Store::Memory(_) => panic!("a log in memory has no folder"),
        }
    }

    /// Opens the log of the phone as the next start of the app would.
    pub(crate) async fn open(&self) -> SyncLog {
        match &self.store {
            Store::Memory(file) => {
                let mut options = LogOptions::new(Arc::clone(&self.wall));
                options.unknown_peers = UnknownPeers::Refuse;
                let opened = SyncLog::open(file.reopen(), LIBRARY, PHONE, options).await;
                opened.unwrap()
            }
            Store::File(folder) => {
                let options = SyncDb::options()
                    .unknown_peers(UnknownPeers::Refuse)
                    .wall_clock(Arc::clone(&self.wall));
                let opened = options.open(LIBRARY, PHONE, folder.path()).await;
                (*opened.unwrap()).clone()
            }
        }
    }

    /// Opens the log with these peers.
    pub(crate) async fn open_with_peers(&self, peers: &[Uuid]) -> SyncLog {
        let log = self.open().await;
        for peer in peers {
            log.register_peer(*peer).await.unwrap();
        }
        log
    }
}

pub(crate) fn change(number: u128) -> Change {
    Change {
        model_type: "tag".into(),
        record_uuid: Uuid::from_u128(number),
        change_type: ChangeType::Update,
        data: JsonText::from(serde_json::json!({ "number": number.to_string() })),
        model_version: 0,
    }
}

pub(crate) async fn record(log: &SyncLog, count: u128) -> Vec<Hlc> {
    let mut stamps = Vec::new();
    for number in 0..count {
        stamps.push(log.record(change(number)).await.unwrap());
    }
    stamps
}

/// The stamps of everything that is pending.
pub(crate) async fn pending(log: &SyncLog) -> Vec<Hlc> {
    let entries = log.get_since(None, usize::MAX).await.unwrap();
    entries.iter().map(|entry| entry.hlc).collect()
}

/// Asserts that a call was refused in that way.
pub(crate) fn refused<T>(answer: Result<T, LogError>, is_expected: impl Fn(&LogError) -> bool) {
    match answer {
        Ok(_) => panic!("it was accepted"),
        Err(error) => assert!(is_expected(&error), "{error:?}"),
    }
}
