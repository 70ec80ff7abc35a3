//! Steps are carried out, announced before and after.

use std::path::Path;

use anyhow::{Context, Result};
use sync_log_sqlite::MAX_PAGE_ENTRIES;
use sync_log_sqlite::{
    Ack, Cursor, FILE_NAME, Hlc, LogError, ReadLimits, SyncDb, SystemClock, WallClock,
};

use super::readers::Reader;
use super::step::Step;
use super::{Fault, Worker, log_of, open_log};
use crate::earlier;
use crate::entry::{DEVICE, EntryId, LIBRARY, STRANGER};
use crate::line::{Gave, Line, Operation, Start};

/// A stamp that is observed is at most this far ahead.
const AHEAD_MS: u64 = 60_000;

/// Single `record`s under way.
pub(super) type Records = tokio::task::JoinSet<(u32, Result<Hlc, LogError>)>;

impl Worker {
    pub(super) async fn perform(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Batch { count } => self.batch(count).await,
            Step::Burst { count } => self.burst(count).await,
            Step::Ticked => self.ticked().await,
            Step::Observe => self.observe().await,
            Step::Register { peer } => self.register(peer).await,
            Step::Ack { peer, page } => self.ack(peer, page).await,
            Step::OnAck { peer, page } => self.on_ack(peer, page).await,
            Step::Rewind { peer } => self.rewind(peer).await,
            Step::Prune => self.prune().await,
            Step::Migrate => self.migrate().await,
            Step::Reopen => self.reopen().await,
            Step::Move { how } => self.move_away(how).await,
            Step::Close => self.close().await,
            Step::BackUp => self.back_up().await,
            Step::Refuse => self.refuse().await,
        }
    }

    async fn batch(&mut self, count: u32) -> Result<()> {
        let operation = self.begin(Operation::Batch { count })?;
        let entries = (0..count).map(|index| self.entry(operation, index));
        let changes: Vec<_> = entries.map(EntryId::change).collect();
        let stamps = match self.args.fault {
            Some(Fault::TornBatch) => {
                let mut stamps = Vec::new();
                for change in changes {
                    stamps.push(self.log.record(change).await?);
                }
                stamps
            }
            _ if count == 1 => {
                let change = changes.into_iter().next().context("one change")?;
                vec![self.log.record(change).await?]
            }
            _ => self.log.record_each(changes).await?,
        };
        self.voice.done(Gave::Stamps(stamps))
    }

    async fn burst(&mut self, count: u32) -> Result<()> {
        let operation = self.begin(Operation::Burst { count })?;
        let mut records = self.record_at_once(operation, count);
        self.say_all_entered(&mut records).await?;
        self.voice.done(Gave::Nothing)
    }

    /// Single `record`s at the same time, each with its index in the operation.
    pub(super) fn record_at_once(&self, operation: u32, count: u32) -> Records {
        let mut records = Records::new();
        for index in 0..count {
            let log = self.log.clone();
            let change = self.entry(operation, index).change();
            records.spawn(async move { (index, log.record(change).await) });
        }
        records
    }

    pub(super) async fn say_all_entered(&self, records: &mut Records) -> Result<()> {
        while let Some(joined) = records.join_next().await {
            let (index, hlc) = joined?;
            self.voice.say(&Line::Entered { index, hlc: hlc? })?;
        }
        Ok(())
    }

    async fn ticked(&mut self) -> Result<()> {
        let operation = self.begin(Operation::Ticked)?;
        let hlc = self.log.tick().await?;
        self.voice.say(&Line::Ticked { hlc })?;
        let entry = self.entry(operation, 0).stamped(hlc);
        let stamps = Gave::Stamps(vec![hlc]);
        if self.is_early() {
            self.voice.done(stamps)?;
            self.log.append(entry).await?;
            return Ok(());
        }
        match self.log.append(entry).await {
            Ok(_) => self.voice.done(stamps),
            Err(LogError::Overtaken { .. } | LogError::BelowFloor { .. }) => {
                self.voice.done(Gave::Overtaken)
            }
            Err(other) => Err(other.into()),
        }
    }

    async fn observe(&mut self) -> Result<()> {
        let now_ms = u64::try_from(SystemClock.now_ms()).unwrap_or_default();
        let ahead_ms = self.rng.u64(0..AHEAD_MS);
        let remote = Hlc::new(now_ms + ahead_ms, self.rng.u64(0..3), STRANGER);
        self.begin(Operation::Observe { remote })?;
        self.log.observe_all(&[remote]).await?;
        self.voice.done(Gave::Nothing)
    }

    async fn register(&mut self, index: usize) -> Result<()> {
        let reader = self.readers.get(index);
        self.begin(Operation::Register { peer: reader.peer })?;
        self.log.register_peer(reader.peer).await?;
        self.voice.done(Gave::Nothing)?;
        self.readers.registered(index);
        Ok(())
    }

    async fn ack(&mut self, index: usize, page: usize) -> Result<()> {
        let reader = self.readers.get(index);
        let place = self.read_on(reader, page).await?;
        let (peer, through) = (reader.peer, place.hlc());
        self.begin(Operation::Ack { peer, through })?;
        if self.is_early() {
            self.voice.done(Gave::Nothing)?;
        }
        if self.rng.bool() {
            self.log.acknowledge(Ack::new(peer, place)).await?;
        } else {
            self.log.record_ack(peer, through).await?;
        }
        if !self.is_early() {
            self.voice.done(Gave::Nothing)?;
        }
        self.readers.moved(index, place);
        Ok(())
    }

    /// Where the peer is after another page. There is one: an ack of what was
    /// acknowledged before would write nothing.
    async fn read_on(&mut self, reader: Reader, page: usize) -> Result<Cursor> {
        let place = reader.read_on(&self.log, page).await?;
        if place != reader.cursor {
            return Ok(place);
        }
        self.batch(1).await?;
        reader.read_on(&self.log, page).await
    }

    async fn on_ack(&mut self, index: usize, page: usize) -> Result<()> {
        let reader = self.readers.get(index);
        let place = self.read_on(reader, page).await?;
        let (peer, through) = (reader.peer, place.hlc());
        self.begin(Operation::OnAck { peer, through })?;
        let on_ack = self.log.on_ack(peer, through).await?;
        self.voice.settle(&self.log).await?;
        self.voice.done(Gave::Pruned(on_ack.pruned))?;
        self.readers.moved(index, place);
        Ok(())
    }

    /// The peer reads from the floor, as if restored from an older copy.
    async fn rewind(&mut self, index: usize) -> Result<()> {
        let reader = self.readers.get(index);
        let floor = self.log.floor_cursor().await?;
        if !reader.is_registered {
            return self.register(index).await;
        }
        let (peer, at) = (reader.peer, floor.hlc());
        self.begin(Operation::Rewind { peer, at })?;
        let place = if at.is_zero() { Cursor::ZERO } else { floor };
        let limits = ReadLimits::entries(1);
        self.log.read_for(peer, place, limits).await?;
        self.voice.done(Gave::Nothing)?;
        self.readers.rewound(index);
        Ok(())
    }

    /// Whoever holds everything acknowledges something first, so that there is
    /// something to prune.
    async fn prune(&mut self) -> Result<()> {
        let floor = self.log.floor().await?;
        for index in self.readers.blocking(floor) {
            self.ack(index, MAX_PAGE_ENTRIES).await?;
        }
        self.begin(Operation::Prune)?;
        let pruned = self.log.prune_acked().await?;
        self.voice.settle(&self.log).await?;
        self.voice.done(Gave::Pruned(pruned))
    }

    async fn migrate(&mut self) -> Result<()> {
        let name = self.name_of_next("fresh");
        let folder = self.args.folder.join(&name);
        let start = Start::ALL[self.rng.usize(0..Start::ALL.len())];
        prepare(&folder, start)?;
        self.begin(Operation::Migrate {
            folder: name,
            start,
        })?;
        let log = SyncDb::open(LIBRARY, DEVICE, &folder).await?;
        self.voice.done(log_of(&log))?;
        Ok(log.close().await?)
    }

    /// Half of the time the old handle is not closed, only dropped.
    pub(super) async fn reopen(&mut self) -> Result<()> {
        self.begin(Operation::Reopen)?;
        if self.rng.bool() {
            self.log.close().await?;
        }
        self.log = open_log(&self.args.folder).await?;
        self.voice.settle(&self.log).await?;
        self.voice.done(log_of(&self.log))
    }

    fn is_early(&self) -> bool {
        self.args.fault == Some(Fault::AnnounceBeforeCommit)
    }
}

/// Puts into `folder` what a log is made on.
pub(super) fn prepare(folder: &Path, start: Start) -> Result<()> {
    let file = folder.join(FILE_NAME);
    match start {
        Start::Nothing => return Ok(()),
        Start::EmptyFile => {
            std::fs::create_dir_all(folder)?;
            std::fs::File::create(file)?;
        }
        Start::OtherTable => {
            std::fs::create_dir_all(folder)?;
            let other = rusqlite::Connection::open(file)?;
            other
                .execute_batch("CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('n')")?;
        }
        Start::EarlierProgram => earlier::make(folder)?,
    }
    Ok(())
}
