//! A device: an app's database, a log beside it, and a process that has both open.

use std::sync::Arc;

use anyhow::Result;
use sync_log_core::receive::{
    Applied, ApplyError, Receiving, WriteError, apply, forget_deleted, redecide, write,
};
use sync_log_core::{
    Ack, AckAt, Birth, Change, Clock, Contents, Cursor, DeviceId, Hlc, LogError, LogIdentity,
    LogOptions, LogStore as _, ManualClock, ObserveError, Page, ReadLimits, SharedChangeEntry,
    StoreError, SyncLog, UnknownPeers, Uuid, WallClock as _, take_over,
};
use sync_log_memory::{MemoryRecords, MemoryStore};

use super::edits;
use super::fault::AppFault;
use super::planted::{self, Reach};
use super::release::{AppModels, Release};
use super::rows::Rows;
use super::step::{Edit, References, Struck};
use super::transaction::Transaction;
use crate::engine::Engine;

/// The library of all devices.
const LIBRARY: Uuid = Uuid::from_u128(1);

/// A device with an app.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    /// The app's database, as it was committed last.
    pub(crate) records: MemoryRecords<Rows>,
    pub(crate) wall: Arc<ManualClock>,
    pub(crate) clock: Clock<Arc<ManualClock>>,
    pub(crate) fault: Option<AppFault>,
    store: MemoryStore,
    log: SyncLog,
}

/// What became of an own write.
pub(crate) enum Written {
    /// The app changed nothing.
    Nothing,
    /// The database was busy: nothing was committed.
    RolledBack,
    /// The process was killed before the commit.
    Killed,
    /// The entries were committed.
    Committed(Vec<SharedChangeEntry>),
}

/// What became of a page.
pub(crate) enum Received {
    /// It was committed.
    Applied(Applied),
    /// It was refused.
    Refused(ApplyError),
    /// The process was killed before the commit.
    Killed,
}

impl Device {
    pub(crate) fn new(
        engine: &Engine,
        number: u8,
        release: Release,
        now_ms: i64,
        fault: Option<AppFault>,
    ) -> Result<Self> {
        let id = id_of(number);
        let identity = LogIdentity {
            library_id: LIBRARY.into(),
            device_id: id,
            log_id: Uuid::from_u64_pair(0x10f, u64::from(number) + 1),
        };
        let store = MemoryStore::new(identity, now_ms, Birth::Alone);
        let wall = Arc::new(ManualClock::new(now_ms));
        let log = open(engine, &store, id, &wall)?;
        let mut records = MemoryRecords::<Rows>::default();
        records.tables.release = release;
        records.tables.keeps_hidden = fault == Some(AppFault::RowStays);
        // The log takes no stamp from before it was made.
        records.observed = Some(store.tamper(|contents| contents.state.settled));
        Ok(Self {
            id,
            records,
            clock: Clock::new(id.as_uuid(), Arc::clone(&wall)),
            wall,
            fault,
            store,
            log,
        })
    }

    pub(crate) fn release(&self) -> Release {
        self.records.tables.release
    }

    pub(crate) fn models(&self) -> AppModels {
        AppModels {
            release: self.release(),
            fault: self.fault,
        }
    }

    pub(crate) fn has(&self, fault: AppFault) -> bool {
        self.fault == Some(fault)
    }

    /// The cursor up to which it has applied the log of an origin.
    pub(crate) fn watermark(&self, origin: DeviceId) -> Cursor {
        let watermark = self.records.watermarks.get(&origin);
        watermark.copied().unwrap_or(Cursor::ZERO)
    }

    /// The process is killed, and starts again: what it kept in memory is lost.
    pub(crate) fn restart(&mut self, engine: &Engine) -> Result<()> {
        self.store = self.store.reopen();
        self.log = open(engine, &self.store, self.id, &self.wall)?;
        self.clock = Clock::new(self.id.as_uuid(), Arc::clone(&self.wall));
        self.reach(engine).at_restart();
        Ok(())
    }

    fn reach<'a>(&'a mut self, engine: &'a Engine) -> Reach<'a> {
        Reach {
            engine,
            models: self.models(),
            records: &mut self.records,
            log: &self.log,
            store: &self.store,
        }
    }

    fn begin(&self, struck: Option<Struck>) -> Transaction {
        let busy_at = match struck {
            Some(Struck::Busy { call }) => Some(call),
            _ => None,
        };
        Transaction::begin(self.records.clone(), busy_at, self.fault)
    }

    /// The app changes its rows and records what it changed, in one transaction.
    pub(crate) fn write(
        &mut self,
        engine: &Engine,
        wanted: &[Edit],
        references: References,
        struck: Option<Struck>,
    ) -> Result<Written, WriteError> {
        let mut transaction = self.begin(struck);
        let rows = &mut transaction.records.tables;
        let changes = wanted.iter().flat_map(|edit| edits::make(rows, *edit));
        let changes: Vec<Change> = changes.collect();
        let is_refused = references == References::Checked && rows.dangling().is_some();
        if changes.is_empty() || is_refused {
            return Ok(Written::Nothing);
        }
        let models = self.models();
        let written = engine.finish(write(&mut transaction, &models, &self.clock, &changes));
        let entries = match written {
            Ok(entries) => entries,
            Err(WriteError::Store(_)) => return Ok(Written::RolledBack),
            Err(other) => return Err(other),
        };
        if struck == Some(Struck::BeforeCommit) {
            return Ok(Written::Killed);
        }
        self.records = planted::committed(self.fault, &self.records, transaction.records);
        Ok(Written::Committed(entries))
    }

    /// Applies a page in one transaction.
    pub(crate) fn receive(
        &mut self,
        engine: &Engine,
        others: &[DeviceId],
        (origin, page): (DeviceId, &Page),
        struck: Option<Struck>,
    ) -> Received {
        let mut transaction = self.begin(struck);
        let check = |stamps: &[Hlc]| self.check(stamps);
        let receiving = Receiving {
            origin,
            origins: others,
            check: &check,
        };
        let models = self.models();
        let applied = engine.finish(apply(&mut transaction, &models, &receiving, page));
        match applied {
            Err(error) => {
                self.reach(engine).after_refusal((origin, page), &error);
                Received::Refused(error)
            }
            Ok(applied) if struck == Some(Struck::BeforeCommit) => {
                let reach = self.reach(engine);
                reach.killed_before_commit((origin, page), &applied);
                Received::Killed
            }
            Ok(applied) => {
                self.records = transaction.records;
                self.reach(engine).after_commit(page);
                Received::Applied(applied)
            }
        }
    }

    fn check(&self, stamps: &[Hlc]) -> Result<(), ObserveError> {
        if self.has(AppFault::ClockMovedByFailure) {
            self.clock.observe_all(stamps)?;
        }
        self.clock.check_all(stamps)?;
        Ok(())
    }

    /// Appends to the log what the app's database holds for it, group by group, and clears it. What
    /// the log has is not appended again.
    pub(crate) fn drain(
        &mut self,
        engine: &Engine,
        struck: Option<Struck>,
    ) -> Result<usize, LogError> {
        let head = engine.finish(self.log.head())?;
        let pending = self.records.outbox.iter().filter(|it| it.hlc > head);
        let pending: Vec<_> = pending.cloned().collect();
        let groups = pending
            .split_inclusive(|it| it.group_end)
            .map(<[_]>::to_vec);
        let groups = planted::ordered(self.fault, groups.collect());
        self.reach(engine).before_drain(head);
        for group in groups {
            if self.has(AppFault::OutboxJudgedByDrift) {
                engine.finish(self.log.append_many(group))?;
            } else {
                let job = take_over(group, self.wall.now_ms());
                engine.finish(self.store.write(job))?;
            }
            if struck == Some(Struck::AfterAppend) {
                return Ok(pending.len());
            }
        }
        // The mark of the own clock must outlive what was put out.
        let given_out = self.records.outbox.last().map(|last| last.hlc);
        self.records.observed = self.records.observed.max(given_out);
        self.records.outbox.clear();
        Ok(pending.len())
    }

    /// Forgets deletions that all others are past.
    pub(crate) fn forget(
        &mut self,
        engine: &Engine,
        others: &[DeviceId],
    ) -> Result<usize, StoreError> {
        let origins = planted::origins_of_forgetting(self.fault, others);
        let models = self.models();
        let mut transaction = self.begin(None);
        let forgotten = engine.finish(forget_deleted(&mut transaction, &models, origins))?;
        self.records = transaction.records;
        Ok(forgotten)
    }

    /// Installs the second release.
    pub(crate) fn upgrade(&mut self, engine: &Engine) -> Result<(), StoreError> {
        let mut transaction = self.begin(None);
        transaction.records.tables.release = Release::Second;
        let models = AppModels {
            release: Release::Second,
            fault: self.fault,
        };
        if !self.has(AppFault::UpgradeShowsNothing) {
            engine.finish(redecide(&mut transaction, &models))?;
        }
        self.records = transaction.records;
        Ok(())
    }

    /// What is in its log.
    pub(crate) fn contents(&self) -> Contents {
        self.store.copy().tamper(|contents| contents.clone())
    }

    pub(crate) fn register(&self, engine: &Engine, peer: DeviceId) -> Result<(), LogError> {
        engine.finish(self.log.register_peer(peer))?;
        Ok(())
    }

    pub(crate) fn serve(
        &self,
        engine: &Engine,
        reader: DeviceId,
        after: Cursor,
        limit: usize,
    ) -> Result<Page, LogError> {
        engine.finish(self.log.read_for(reader, after, ReadLimits::entries(limit)))
    }

    pub(crate) fn take_ack(
        &self,
        engine: &Engine,
        reader: DeviceId,
        at: AckAt,
    ) -> Result<(), LogError> {
        engine.finish(self.log.acknowledge(Ack::new(reader, at)))?;
        Ok(())
    }

    pub(crate) fn prune(&self, engine: &Engine) -> Result<usize, LogError> {
        engine.finish(self.log.prune_acked())
    }
}

/// The id of the device with this number.
pub(crate) fn id_of(number: u8) -> DeviceId {
    Uuid::from_u64_pair(0xde, u64::from(number) + 1).into()
}

fn open(
    engine: &Engine,
    store: &MemoryStore,
    id: DeviceId,
    wall: &Arc<ManualClock>,
) -> Result<SyncLog> {
    let mut options = LogOptions::new(Arc::clone(wall));
    options.unknown_peers = UnknownPeers::Refuse;
    let log = SyncLog::open(store.reopen(), LIBRARY, id, options);
    Ok(engine.finish(log)?)
}
