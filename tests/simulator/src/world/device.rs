//! One device: its files, its processes, and its wall clock.

use std::sync::Arc;

use anyhow::Result;
use broken_stores::Planted;
use sync_log_core::ManualClock;
use sync_log_core::{
    Altered, Hlc, LogError, LogOptions, LogStore, Needs, SharedChangeEntry, StoreError, SyncLog,
    Uuid, WriteJob,
};

use super::receiver::Receiver;
use super::truth::Truth;
use super::watching::Watching;
use crate::engine::Engine;
use crate::gate::{Gate, Valve};
use crate::storage::Storage;
use crate::trace::START_MS;

/// Most backups that a device keeps.
const BACKUPS_MAX: usize = 3;

pub(crate) struct Device {
    pub(crate) id: Uuid,
    pub(crate) files: FilesOf,
    pub(crate) wall: Arc<ManualClock>,
    pub(crate) off_by_ms: i64,
    pub(crate) processes: [Option<Process>; 2],
    pub(crate) backups: Vec<FilesOf>,
    /// The fault in its storage, and what that remembers.
    pub(crate) planted: Option<Planted>,
    pub(crate) is_gone: bool,
}

/// The files of a device, and what the oracle knows of them.
pub(crate) struct FilesOf {
    pub(crate) log: Box<dyn Storage>,
    pub(crate) truth: Truth,
    pub(crate) received: Receiver,
}

impl FilesOf {
    pub(crate) fn copy(&self) -> Result<Self> {
        Ok(Self {
            log: self.log.copy()?,
            truth: self.truth.clone(),
            received: self.received.clone(),
        })
    }
}

/// A process that has the log open.
pub(crate) struct Process {
    pub(crate) log: SyncLog,
    pub(crate) valve: Arc<Valve>,
    /// An entry that was stamped and may be appended, perhaps again.
    pub(crate) stamped: Option<SharedChangeEntry>,
    /// A wait for the log to grow, and the last that one told.
    pub(crate) watching: Option<Watching>,
    pub(crate) told: Hlc,
    store: Arc<dyn LogStore>,
}

impl Device {
    pub(crate) fn new(id: Uuid, files: FilesOf, planted: Option<Planted>, off_by_ms: i64) -> Self {
        Self {
            id,
            files,
            wall: Arc::new(ManualClock::new(START_MS)),
            off_by_ms,
            processes: [None, None],
            backups: Vec::new(),
            planted,
            is_gone: false,
        }
    }

    /// What its wall clock shows at `now_ms`.
    pub(crate) fn set_time(&self, now_ms: i64) {
        self.wall.set_ms(now_ms.saturating_add(self.off_by_ms));
    }

    /// Opens the log in a process that does not have it open.
    pub(crate) fn open(
        &mut self,
        engine: &Engine,
        process: usize,
        library_id: Uuid,
        options: LogOptions,
        now_ms: i64,
    ) -> Result<Result<(), LogError>> {
        if self.processes[process].is_some() {
            return Ok(Ok(()));
        }
        let store = self.files.log.open(now_ms)?;
        let valve = Arc::new(Valve::default());
        let gate = Arc::new(Gate::new(Arc::clone(&store), Arc::clone(&valve)));
        let shown: Arc<dyn LogStore> = match &self.planted {
            Some(planted) => planted.open(gate),
            None => gate,
        };
        let opening = SyncLog::open(shown, library_id, self.id, options);
        let log = match engine.finish(opening) {
            Ok(log) => log,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.processes[process] = Some(Process {
            log,
            valve,
            stamped: None,
            watching: None,
            told: Hlc::ZERO,
            store,
        });
        Ok(Ok(()))
    }

    /// Kills a process. What it had sent to the store before is finished first,
    /// as the operating system finishes a write that it was given.
    pub(crate) fn kill(&mut self, engine: &Engine, process: usize) -> Result<bool> {
        let Some(process) = self.processes[process].take() else {
            return Ok(false);
        };
        let Process { store, .. } = process;
        self.left(engine.finish(store.close()))?;
        Ok(true)
    }

    /// Closes the log in both processes; who watched it, each with a handle, because a watch would
    /// end with the last one anyway.
    pub(crate) fn close(&mut self, engine: &Engine) -> Result<Option<Vec<(SyncLog, Watching)>>> {
        let mut watched = None;
        for place in 0..self.processes.len() {
            if let Some(process) = self.processes[place].take() {
                match engine.finish(process.log.close()) {
                    Err(LogError::Store(error)) => self.left(Err(error))?,
                    closed => closed?,
                }
                let watched = watched.get_or_insert(Vec::new());
                watched.extend(process.watching.map(|watching| (process.log, watching)));
            }
        }
        Ok(watched)
    }

    /// How a store was left. If another program removed what a handle committed last, the handle names
    /// that when it is closed.
    fn left(&self, closed: Result<(), StoreError>) -> Result<()> {
        let Err(error) = closed else { return Ok(()) };
        let names_it = error.source_as::<Altered>().is_some();
        if names_it && self.files.truth.has_to_be_adopted() {
            return Ok(());
        }
        Err(error.into())
    }

    /// Waits for what a dropped call left in the store's queue. If another program removed what the handle
    /// committed last, the write that waits finds that.
    pub(crate) fn settle(&self, engine: &Engine, process: usize) -> Result<()> {
        let Some(process) = &self.processes[process] else {
            return Ok(());
        };
        let nothing = WriteJob::new(|_| Needs::default(), |_| Ok(Default::default()));
        match engine.finish(process.store.write(nothing)) {
            Err(LogError::Altered(_)) if self.files.truth.has_to_be_adopted() => Ok(()),
            settled => Ok(settled?),
        }
    }

    pub(crate) fn back_up(&mut self) -> Result<()> {
        if self.backups.len() == BACKUPS_MAX {
            self.backups.remove(0);
        }
        self.backups.push(self.files.copy()?);
        Ok(())
    }
}
