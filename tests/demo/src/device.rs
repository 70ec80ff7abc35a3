//! One device: a library folder, and an app that makes changes to the records
//! that it shares, serves them, and applies what others made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use sync_log_core::{Ack, AckOutcome, Cursor, DriftLimits, Hlc, ManualClock, Page, ReadLimits};
use sync_log_core::{UnknownPeers, Uuid};
use sync_log_sqlite::records::SyncError;
use sync_log_sqlite::{SyncDb, SyncDbOptions};

use crate::args::Layout;
use crate::halt::Halt;
use crate::history::PastChange;
use crate::ids;
use crate::program::Program;
use crate::script::Ending;

/// Most entries in a page. Small, so that a sync after an absence takes several.
const PAGE_ENTRIES: usize = 100;

/// What the devices have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) layout: Layout,
    pub(crate) drift: DriftLimits,
}

/// A device.
pub(crate) struct Device {
    pub(crate) number: u8,
    pub(crate) id: Uuid,
    pub(crate) wall: Arc<ManualClock>,
    folder: PathBuf,
    kind: Kind,
    program: Option<Program>,
}

impl Device {
    /// Makes the device's library in `parent` and opens it.
    pub(crate) async fn create(
        number: u8,
        parent: &Path,
        wall: Arc<ManualClock>,
        kind: Kind,
    ) -> Result<Self, Halt> {
        let folder = parent.join(format!("device-{number}.sdlibrary"));
        std::fs::create_dir(&folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
        let mut device = Self {
            number,
            id: ids::device(number),
            wall,
            folder,
            kind,
            program: None,
        };
        device.open().await?;
        Ok(device)
    }

    /// The library's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    async fn open(&mut self) -> Result<(), Halt> {
        let options = self.log_options();
        let opened = Program::open(self.kind.layout, &self.folder, self.id, options).await;
        self.program = Some(opened.map_err(self.refused("open its records"))?);
        Ok(())
    }

    fn log_options(&self) -> SyncDbOptions {
        SyncDb::options()
            .unknown_peers(UnknownPeers::Refuse)
            .drift(self.kind.drift)
            .wall_clock(Arc::clone(&self.wall))
    }

    /// The program ends, and starts again with nothing but what its files hold.
    pub(crate) async fn restart(&mut self, ending: Ending) -> Result<(), Halt> {
        match ending {
            Ending::Closed => self.close().await?,
            Ending::Dropped => self.program = None,
        }
        self.open().await
    }

    /// Closes its files.
    pub(crate) async fn close(&mut self) -> Result<(), Halt> {
        match self.program.take() {
            Some(program) => program.close().await.map_err(self.refused("close")),
            None => Ok(()),
        }
    }

    /// Makes a change. Returns its stamp.
    pub(crate) async fn make(&self, change: &PastChange) -> Result<Hlc, Halt> {
        let made = self.program().make(change).await;
        made.map_err(self.refused("make a change"))
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
        let cursor = self.program().records.cursor(origin.id).await;
        let cursor = cursor.map_err(self.refused("look up its cursor"))?;
        let limits = ReadLimits::entries(PAGE_ENTRIES);
        let page = origin.log().read_for(self.id, cursor, limits).await;
        page.map_err(origin.refused("serve a page"))
    }

    /// Applies a page of `origin`. Returns what to acknowledge.
    pub(crate) async fn apply(&self, origin: &Self, page: &Page) -> Result<Cursor, Halt> {
        let applied = self.program().records.apply(origin.id, page).await;
        let applied = applied.map_err(self.refused("apply a page"))?;
        Ok(applied.watermark)
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

    fn refused<E: Into<SyncError>>(&self, call: &str) -> impl FnOnce(E) -> Halt + use<E> {
        Halt::on(format!("device {} was to {call}", self.number))
    }

    fn log(&self) -> &SyncDb {
        self.program().records.log()
    }

    fn program(&self) -> &Program {
        let program = self.program.as_ref();
        program.expect("a device acts only while its program runs")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn device(number: u8, parent: &Path) -> Device {
        let wall = Arc::new(ManualClock::new(1_000));
        let kind = Kind {
            layout: Layout::Outbox,
            drift: DriftLimits::default(),
        };
        Device::create(number, parent, wall, kind).await.unwrap()
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
