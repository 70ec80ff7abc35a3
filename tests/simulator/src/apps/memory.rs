//! A device in memory: the reference store, and a log beside it.

use std::sync::Arc;

use anyhow::Result;
use sync_log_core::receive::{
    ApplyError, OwnStore as _, Receiving, SnapshotError, Taking, WriteError, apply,
    finish_snapshot, forget_deleted, merge_snapshot, redecide, snapshot, snapshot_page, write,
};
use sync_log_core::{
    Ack, AckAt, Clock, Contents, Cursor, DeviceId, Hlc, LogError, LogIdentity, LogOptions,
    LogStore as _, ManualClock, ObserveError, Page, ReadLimits, StoreFault, SyncLog, UnknownPeers,
    Uuid, WallClock as _, take_over,
};
use sync_log_memory::{MemoryRecords, MemoryStore};

use super::device::{
    Device, Drained, Found, FoundLog, Given, LIBRARY, Received, Taken, Written, id_of,
};
use super::edits;
use super::fault::AppFault;
use super::past::Start;
use super::planted::{self, Reach};
use super::release::{AppModels, Release};
use super::rows::Rows;
use super::sharing;
use super::step::{Edit, References, Struck};
use super::tampering::Tampering;
use super::telling::refusal_of_page;
use super::transaction::Transaction;
use crate::engine::Engine;
use crate::trace::START_MS;

/// A device whose database is a value.
pub(crate) struct MemoryDevice {
    engine: Engine,
    id: DeviceId,
    /// The app's database, as it was committed last.
    records: MemoryRecords<Rows>,
    /// The same, as it was synced last: what is left of it when the power is cut.
    synced: MemoryRecords<Rows>,
    wall: Arc<ManualClock>,
    clock: Clock<Arc<ManualClock>>,
    fault: Option<AppFault>,
    peers: Vec<DeviceId>,
    store: MemoryStore,
    log: SyncLog,
}

impl MemoryDevice {
    pub(crate) fn new(number: u8, start: &Start, fault: Option<AppFault>) -> Result<Self> {
        let engine = Engine::Memory;
        let id = id_of(number);
        let identity = LogIdentity {
            library_id: LIBRARY.into(),
            device_id: id,
            log_id: Uuid::from_u64_pair(0x10f, u64::from(number) + 1),
        };
        let store = sharing::log(&engine, start, identity)?;
        let wall = Arc::new(ManualClock::new(START_MS));
        let log = open(&engine, &store, id, &wall)?;
        let release = start.release;
        let models = AppModels { release, fault };
        let mut records = sharing::records(&engine, &models, start, id)?;
        records.tables.keeps_hidden = fault == Some(AppFault::RowStays);
        // The log takes no stamp from before it was made.
        records.observed = Some(sharing::observed(&store, id));
        Ok(Self {
            engine,
            id,
            synced: records.clone(),
            records,
            clock: Clock::new(id.as_uuid(), Arc::clone(&wall)),
            wall,
            fault,
            peers: Vec::new(),
            store,
            log,
        })
    }

    fn models(&self) -> AppModels {
        AppModels {
            release: self.records.tables.release,
            fault: self.fault,
        }
    }

    fn has(&self, fault: AppFault) -> bool {
        self.fault == Some(fault)
    }

    fn reach(&mut self) -> Reach<'_> {
        Reach {
            models: self.models(),
            engine: &self.engine,
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
        let floor = self.store.tamper(|contents| contents.state.floor.hlc);
        let tampering = Tampering::new(self.fault, self.id, floor);
        Transaction::begin(self.records.clone(), busy_at, tampering)
    }

    /// What is committed outlives a power cut from now on.
    fn sync(&mut self) {
        self.synced = self.records.clone();
    }

    fn cut_power(&mut self) {
        self.records = self.synced.clone();
    }

    fn check(&self, stamps: &[Hlc]) -> Result<(), ObserveError> {
        if self.has(AppFault::ClockMovedByFailure) {
            self.clock.observe_all(stamps)?;
        }
        self.clock.check_all(stamps)?;
        Ok(())
    }

    fn contents(&self) -> Contents {
        self.store.copy().tamper(|contents| contents.clone())
    }

    fn found_log(&self) -> FoundLog {
        let log = self.contents();
        let acked = self.peers.iter().filter_map(|peer| {
            let row = log.peers.get(&peer.to_string())?;
            Some((*peer, row.peer(&log.state)?.acked))
        });
        FoundLog {
            acked: acked.collect(),
            floor: log.state.floor.hlc,
            head: log.state.head.hlc,
            entries: log.entries.values().map(|it| it.entry.clone()).collect(),
        }
    }
}

impl Device for MemoryDevice {
    fn find(&mut self) -> Result<Found> {
        let MemoryRecords {
            tables,
            records,
            watermarks,
            waiting,
            outbox,
            ..
        } = &self.records;
        let standings = records
            .iter()
            .map(|(id, record)| (id.clone(), record.standing.clone()));
        Ok(Found {
            id: self.id,
            release: tables.release,
            rows: tables.rows.clone(),
            unsound: tables.broken.first().cloned().or_else(|| tables.dangling()),
            standings: standings.collect(),
            watermarks: watermarks.clone(),
            waiting: waiting.keys().copied().collect(),
            outbox: outbox.clone(),
            log: self.found_log(),
            mark: self.clock.last(),
        })
    }

    /// What it says is the value in which it was found.
    fn agrees_with(&mut self, _: &Found) -> Result<()> {
        Ok(())
    }

    fn set_wall_ms(&mut self, now_ms: i64) {
        self.wall.set_ms(now_ms);
    }

    fn register(&mut self, peer: DeviceId) -> Result<()> {
        self.engine.finish(self.log.register_peer(peer))?;
        self.peers.push(peer);
        Ok(())
    }

    fn head(&mut self) -> Result<Cursor> {
        Ok(self.engine.finish(self.log.head_cursor())?)
    }

    fn write(
        &mut self,
        wanted: &[Edit],
        references: References,
        struck: Option<Struck>,
    ) -> Result<Written> {
        let mut transaction = self.begin(struck);
        let records = transaction.records.records.iter();
        let hidden = records.filter(|(_, it)| it.standing.why_not_shown().is_some());
        let hidden = hidden.map(|(id, _)| id.clone()).collect();
        let rows = &mut transaction.records.tables;
        let made = edits::make_all(rows, &hidden, wanted, references);
        let changes: Vec<_> = made.into_iter().map(|it| it.change).collect();
        if changes.is_empty() {
            return Ok(Written::Nothing);
        }
        let models = self.models();
        let written = write(&mut transaction, &models, &self.clock, &changes);
        match self.engine.finish(written) {
            Ok(_) => {}
            Err(WriteError::Store(error))
                if error.fault() == StoreFault::Locked
                    && matches!(struck, Some(Struck::Busy { .. })) =>
            {
                return Ok(Written::RolledBack);
            }
            Err(other) => return Err(other.into()),
        }
        if struck == Some(Struck::BeforeCommit) {
            return Ok(Written::Killed(changes));
        }
        let after = transaction.records;
        let (after, changes) = planted::committed(self.fault, &self.records, after, changes);
        self.records = after;
        if struck == Some(Struck::PowerCut) {
            self.cut_power();
            return Ok(Written::Killed(changes));
        }
        Ok(Written::Committed(changes))
    }

    /// Appends group by group, and clears the outbox. What the log has is not appended again.
    fn drain(&mut self, struck: Option<Struck>) -> Result<Drained> {
        let head = self.engine.finish(self.log.head())?;
        let pending = self.records.outbox.iter().filter(|it| it.hlc > head);
        let pending: Vec<_> = pending.cloned().collect();
        let groups = pending
            .split_inclusive(|it| it.group_end)
            .map(<[_]>::to_vec);
        let groups = planted::ordered(self.fault, groups.collect());
        self.reach().before_drain(head);
        if !self.has(AppFault::DrainedUnsynced) {
            self.sync();
        }
        for group in groups {
            if self.has(AppFault::OutboxJudgedByDrift) {
                self.engine.finish(self.log.append_many(group))?;
            } else {
                let job = take_over(group, self.wall.now_ms());
                self.engine.finish(self.store.write(job))?;
            }
            if struck == Some(Struck::AfterAppend) {
                return Ok(Drained {
                    entries: pending.len(),
                    is_killed: true,
                });
            }
        }
        self.records.outbox.clear();
        let is_killed = struck == Some(Struck::PowerCut);
        if is_killed {
            self.cut_power();
        }
        Ok(Drained {
            entries: pending.len(),
            is_killed,
        })
    }

    fn cursor(&mut self, origin: DeviceId) -> Result<Cursor> {
        let watermark = self.records.watermarks.get(&origin);
        Ok(watermark.copied().unwrap_or(Cursor::ZERO))
    }

    fn receive(
        &mut self,
        origin: DeviceId,
        page: &Page,
        struck: Option<Struck>,
    ) -> Result<Received> {
        let mut transaction = self.begin(struck);
        let check = |stamps: &[Hlc]| self.check(stamps);
        let receiving = Receiving {
            origin,
            origins: &self.peers,
            check: &check,
        };
        let models = self.models();
        let applied = apply(&mut transaction, &models, &receiving, page);
        match self.engine.finish(applied) {
            Err(error) => {
                self.reach().after_refusal((origin, page), &error);
                refused(error, struck)
            }
            Ok(applied) if struck == Some(Struck::BeforeCommit) => {
                self.reach().killed_before_commit((origin, page), &applied);
                Ok(Received::Killed)
            }
            Ok(_) if struck == Some(Struck::PowerCut) => {
                self.cut_power();
                Ok(Received::Killed)
            }
            Ok(applied) => {
                self.records = transaction.records;
                self.reach().after_commit(page);
                if !self.has(AppFault::AckedUnsynced) {
                    self.sync();
                }
                Ok(Received::Applied(applied))
            }
        }
    }

    fn serve(&mut self, reader: DeviceId, after: Cursor, limit: usize) -> Result<Page, LogError> {
        let served = self.log.read_for(reader, after, ReadLimits::entries(limit));
        self.engine.finish(served)
    }

    fn take_ack(&mut self, reader: DeviceId, at: AckAt) -> Result<(), LogError> {
        let taken = self.log.acknowledge(Ack::new(reader, at));
        self.engine.finish(taken).map(drop)
    }

    fn prune(&mut self) -> Result<usize> {
        Ok(self.engine.finish(self.log.prune_acked())?)
    }

    fn forget(&mut self) -> Result<usize> {
        let origins = planted::origins_of_forgetting(self.fault, &self.peers);
        let models = self.models();
        let mut transaction = self.begin(None);
        let forgotten = forget_deleted(&mut transaction, &models, origins);
        let forgotten = self.engine.finish(forgotten)?;
        self.records = transaction.records;
        Ok(forgotten)
    }

    fn give_snapshot(&mut self) -> Result<Given> {
        let head = self.engine.finish(self.log.head_cursor())?;
        let mut transaction = self.begin(None);
        let first = snapshot(&mut transaction, self.id, head);
        let mut first = self.engine.finish(first)?;
        if self.has(AppFault::WaitingNotCarried) {
            first.waiting.clear();
        }
        let page = self.engine.finish(snapshot_page(&mut transaction, None))?;
        self.sync();
        Ok(Given {
            snapshot: first,
            pages: vec![page],
        })
    }

    fn take_snapshot(&mut self, donor: DeviceId, given: &Given) -> Result<Taken> {
        let mut transaction = self.begin(None);
        let mark = self.engine.finish(transaction.records.mark())?;
        self.clock.resume(mark)?;
        let check = |stamps: &[Hlc]| self.check(stamps);
        let receiving = Receiving {
            origin: donor,
            origins: &self.peers,
            check: &check,
        };
        let models = self.models();
        let first = given.snapshot.clone();
        let mut taking = match Taking::begin(self.log.identity(), &receiving, first) {
            Err(SnapshotError::Clock(_)) => return Ok(Taken::TooFarAhead),
            begun => begun?,
        };
        for page in &given.pages {
            let merged = merge_snapshot(&mut transaction, &models, &receiving, &taking, page);
            match self.engine.finish(merged) {
                Err(SnapshotError::Clock(_)) => return Ok(Taken::TooFarAhead),
                merged => merged?,
            };
            taking.go_on(page);
        }
        let before = transaction.records.watermarks.clone();
        let finished = finish_snapshot(&mut transaction, &models, &receiving, &taking);
        let cursors = self.engine.finish(finished)?;
        if self.has(AppFault::SnapshotMovesNothing) {
            transaction.records.watermarks = before;
        }
        self.records = transaction.records;
        self.sync();
        Ok(Taken::Merged(cursors))
    }

    fn upgrade(&mut self) -> Result<()> {
        let mut transaction = self.begin(None);
        transaction.records.tables.release = Release::Second;
        let models = AppModels {
            release: Release::Second,
            fault: self.fault,
        };
        if !self.has(AppFault::UpgradeShowsNothing) {
            self.engine.finish(redecide(&mut transaction, &models))?;
        }
        self.records = transaction.records;
        self.sync();
        Ok(())
    }

    /// What it kept in memory is lost.
    fn restart(&mut self) -> Result<()> {
        self.store = self.store.reopen();
        self.log = open(&self.engine, &self.store, self.id, &self.wall)?;
        self.clock = Clock::new(self.id.as_uuid(), Arc::clone(&self.wall));
        self.reach().at_restart();
        Ok(())
    }
}

/// A database fails only when it is struck.
fn refused(error: ApplyError, struck: Option<Struck>) -> Result<Received> {
    if matches!(error, ApplyError::Store(_)) && !matches!(struck, Some(Struck::Busy { .. })) {
        return Err(error.into());
    }
    Ok(Received::Refused(refusal_of_page(&error)))
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
