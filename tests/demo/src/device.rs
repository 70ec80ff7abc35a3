//! One device: a library folder with its log and its records, and an app that
//! makes changes, serves them, and applies what others made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use sync_log_core::{
    Ack, AckOutcome, Change, Cursor, Hlc, LogError, Page, ReadLimits, UnknownPeers, Uuid,
};
use sync_log_core::{DriftLimits, ManualClock};
use sync_log_sqlite::SyncDb;

use crate::database::Database;
use crate::halt::Halt;
use crate::ids;
use crate::script::Ending;

/// Most entries in a page. Small, so that a sync after an absence takes several.
const PAGE_ENTRIES: usize = 100;

/// A device.
pub(crate) struct Device {
    pub(crate) number: u8,
    pub(crate) id: Uuid,
    pub(crate) wall: Arc<ManualClock>,
    folder: PathBuf,
    drift: DriftLimits,
    files: Option<Files>,
}

/// What its program holds open.
struct Files {
    log: SyncDb,
    database: Database,
}

impl Device {
    /// Makes the device's library in `parent` and opens it.
    pub(crate) async fn create(
        number: u8,
        parent: &Path,
        wall: Arc<ManualClock>,
        drift: DriftLimits,
    ) -> Result<Self, Halt> {
        let folder = parent.join(format!("device-{number}.sdlibrary"));
        std::fs::create_dir(&folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
        let mut device = Self {
            number,
            id: ids::device(number),
            wall,
            folder,
            drift,
            files: None,
        };
        device.open().await?;
        Ok(device)
    }

    /// The library's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    async fn open(&mut self) -> Result<(), Halt> {
        let options = SyncDb::options()
            .unknown_peers(UnknownPeers::Refuse)
            .drift(self.drift)
            .wall_clock(Arc::clone(&self.wall));
        let log = options.open(ids::library(), self.id, &self.folder);
        let database = Database::open(&self.folder);
        self.files = Some(Files {
            log: log.await.map_err(Halt::on_open)?,
            database: database.map_err(Halt::on_database(&self.folder))?,
        });
        Ok(())
    }

    /// The program ends, and starts again with nothing but what its files hold.
    pub(crate) async fn restart(&mut self, ending: Ending) -> Result<(), Halt> {
        match ending {
            Ending::Closed => self.close().await?,
            Ending::Dropped => self.files = None,
        }
        self.open().await
    }

    /// Closes log and records.
    pub(crate) async fn close(&mut self) -> Result<(), Halt> {
        match self.files.take() {
            Some(files) => files
                .log
                .close()
                .await
                .map_err(self.refused("close its log")),
            None => Ok(()),
        }
    }

    /// Makes a change: first the log, which stamps it, then the record with
    /// that stamp.
    pub(crate) async fn make(&self, change: &Change) -> Result<Hlc, Halt> {
        let recorded = self.log().record(change.clone()).await;
        let hlc = recorded.map_err(self.refused("record a change"))?;
        self.database().put_own(&change.clone().stamped(hlc))?;
        Ok(hlc)
    }

    /// Registers `peer` in the log.
    pub(crate) async fn register(&self, peer: &Self) -> Result<(), Halt> {
        let registered = self.log().register_peer(peer.id).await;
        registered.map_err(self.refused("register a peer"))?;
        Ok(())
    }

    /// Whether `peer` is registered and active in the log.
    pub(crate) async fn counts(&self, peer: &Self) -> Result<bool, Halt> {
        let peers = self.log().peers().await;
        let peers = peers.map_err(self.refused("list its peers"))?;
        let mut trusted = peers.iter().flatten();
        Ok(trusted.any(|row| row.device_id == peer.id && row.is_active()))
    }

    /// Reads the next page of the log of `origin`, from where this device is.
    pub(crate) async fn read(&self, origin: &Self) -> Result<Page, Halt> {
        let cursor = self.database().cursor(origin.id)?;
        let limits = ReadLimits::entries(PAGE_ENTRIES);
        let page = origin.log().read_for(self.id, cursor, limits).await;
        page.map_err(origin.refused("serve a page"))
    }

    /// Applies a page of `origin`: the clock first, then the records with the
    /// cursor. Returns what had been applied before.
    pub(crate) async fn apply(&self, origin: &Self, page: &Page) -> Result<Vec<Hlc>, Halt> {
        let stamps: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
        let observed = self.log().observe_all(&stamps).await;
        observed.map_err(self.refused("observe the stamps of a page"))?;
        Ok(self.database().apply(origin.id, &page.entries, page.next)?)
    }

    /// Takes the ack of `peer`. Whether it moved anything.
    pub(crate) async fn take_ack(&self, peer: &Self, cursor: Cursor) -> Result<bool, Halt> {
        let outcome = self.log().acknowledge(Ack::new(peer.id, cursor)).await;
        let outcome = outcome.map_err(self.refused("take an ack"))?;
        Ok(outcome == AckOutcome::Advanced)
    }

    /// Deletes what every peer has; returns how many entries that were.
    pub(crate) async fn prune(&self) -> Result<usize, Halt> {
        let pruned = self.log().prune_acked().await;
        pruned.map_err(self.refused("prune its log"))
    }

    fn refused(&self, call: &str) -> impl FnOnce(LogError) -> Halt {
        Halt::on(format!("device {} was to {call}", self.number))
    }

    fn log(&self) -> &SyncDb {
        &self.files().log
    }

    fn database(&self) -> &Database {
        &self.files().database
    }

    fn files(&self) -> &Files {
        let files = self.files.as_ref();
        files.expect("a device acts only while its program runs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn device(number: u8, parent: &Path) -> Device {
        let wall = Arc::new(ManualClock::new(1_000));
        let device = Device::create(number, parent, wall, DriftLimits::default());
        device.await.unwrap()
    }

    #[tokio::test]
    async fn a_device_that_was_never_registered_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let one = device(1, parent.path()).await;
        let two = device(2, parent.path()).await;
        let halt = two.read(&one).await.unwrap_err();
        let Halt::Refused(call) = halt else {
            panic!("{halt:?}");
        };
        assert!(call.contains("device 1 was to serve a page"), "{call}");
    }

    #[tokio::test]
    async fn a_peer_counts_from_its_registration_until_it_is_retired() {
        let parent = tempfile::tempdir().unwrap();
        let one = device(1, parent.path()).await;
        let two = device(2, parent.path()).await;
        assert!(!one.counts(&two).await.unwrap());
        one.register(&two).await.unwrap();
        assert!(one.counts(&two).await.unwrap());
        one.log().retire(two.id).await.unwrap();
        assert!(!one.counts(&two).await.unwrap());
    }
}
