//! The files of the log are moved while it is open (`I6`).

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use sync_log_sqlite::{FILE_NAME, LogError, StoreFault, SyncDb};

use super::perform::Records;
use super::{Fault, Worker, log_of, open_log};
use crate::away::Paths;
use crate::entry::{DEVICE, EntryId, LIBRARY, OF_OTHER, OTHER};
use crate::line::{How, Line, Operation};

/// Entries that are recorded while the files are moved.
const WHILE_MOVED: u32 = 6;

/// And after that.
const ONCE_AWAY: u32 = 2;

/// More than there are threads that read, so that new connections are made.
const READS: usize = 8;

/// A move under way.
struct Move {
    how: How,
    paths: Paths,
    operation: u32,
    /// The log that is in the stead of this one.
    other: Option<SyncDb>,
    /// Entries of this log that were said to be in.
    said: BTreeSet<u32>,
}

impl Worker {
    /// Moves the files, and puts them back at the end. Whatever is where they were meanwhile, the
    /// handle is not its handle.
    pub(super) async fn move_away(&mut self, how: How) -> Result<()> {
        let to = self.name_of_next("away");
        let paths = Paths::new(&self.args.folder, &to);
        let count = WHILE_MOVED + ONCE_AWAY;
        let operation = self.begin(Operation::Move { how, to, count })?;
        let mut moving = Move {
            how,
            paths,
            operation,
            other: None,
            said: BTreeSet::new(),
        };
        if how == How::Files {
            let other = SyncDb::open(LIBRARY, OTHER, &moving.paths.other).await?;
            self.record_of_other(&other, operation, 0..3).await?;
            other.close().await?;
        }
        self.take_away(&mut moving).await?;
        self.use_away(&mut moving).await?;
        self.leave(&mut moving).await?;
        self.put_back(moving).await
    }

    async fn take_away(&mut self, moving: &mut Move) -> Result<()> {
        let records = self.record_at_once(moving.operation, WHILE_MOVED);
        // Lets the records begin, and some of them end.
        for _ in 0..self.rng.u32(1..4) {
            tokio::task::yield_now().await;
        }
        moving.paths.take_away(moving.how)?;
        if moving.how == How::Files {
            let restored = moving.paths.log.join(FILE_NAME);
            std::fs::rename(moving.paths.other.join(FILE_NAME), restored)?;
        }
        if moving.how == How::Wal && self.rng.bool() {
            let name = format!("{FILE_NAME}-wal");
            std::fs::copy(moving.paths.away.join(&name), moving.paths.log.join(&name))?;
        }
        self.say_those_entered(records, moving).await?;
        if moving.how != How::Wal {
            let other = SyncDb::open(LIBRARY, OTHER, &moving.paths.log).await?;
            self.record_of_other(&other, moving.operation, 3..6).await?;
            moving.other = Some(other);
        }
        Ok(())
    }

    async fn record_of_other(
        &self,
        other: &SyncDb,
        operation: u32,
        indexes: std::ops::Range<u32>,
    ) -> Result<()> {
        for index in indexes {
            let id = self.entry(operation, OF_OTHER + index);
            let hlc = other.record(id.change()).await?;
            self.voice.say(&Line::OfOther { hlc })?;
        }
        Ok(())
    }

    /// The handle is its file, wherever that is, and takes no entry.
    async fn use_away(&mut self, moving: &mut Move) -> Result<()> {
        if self.args.fault == Some(Fault::IdentityNotCompared) {
            return self.follow_the_name(moving).await;
        }
        self.voice.say(&Line::Away)?;
        for index in WHILE_MOVED..WHILE_MOVED + ONCE_AWAY {
            let change = self.entry(moving.operation, index).change();
            if let Some(hlc) = unless_moved(self.log.record(change).await)? {
                self.voice.say(&Line::Entered { index, hlc })?;
            }
        }
        let mut reads = tokio::task::JoinSet::new();
        for _ in 0..READS {
            let log = self.log.clone();
            reads.spawn(async move { log.get_since(None, usize::MAX).await });
        }
        while let Some(read) = reads.join_next().await {
            let entries = unless_moved(read?)?.unwrap_or_default();
            let strange = entries.iter().filter(|entry| entry.hlc.device_id != DEVICE);
            for entry in strange {
                self.voice.say(&Line::Served { hlc: entry.hlc })?;
            }
        }
        Ok(())
    }

    /// Takes whatever log has the name for the one that was opened.
    async fn follow_the_name(&self, moving: &mut Move) -> Result<()> {
        let log = moving.other.as_ref().unwrap_or(&self.log);
        let index = WHILE_MOVED;
        let change = self.entry(moving.operation, index).change();
        if let Some(hlc) = unless_moved(log.record(change).await)? {
            moving.said.insert(index);
            self.voice.say(&Line::Entered { index, hlc })?;
        }
        Ok(())
    }

    /// Leaves both logs, in any order. The files of a log that is closed are not in its stead.
    async fn leave(&mut self, moving: &mut Move) -> Result<()> {
        let other = moving.other.take();
        if let (Some(other), true) = (&other, self.rng.bool()) {
            other.close().await?;
        }
        let closed = unless_moved(self.log.close().await)?;
        ensure!(closed.is_none(), "a log that was moved is closed as whole");
        match other {
            Some(other) => Ok(other.close().await?),
            None => Ok(()),
        }
    }

    async fn put_back(&mut self, moving: Move) -> Result<()> {
        moving.paths.put_back(moving.how)?;
        self.log = open_log(&self.args.folder).await?;
        for entry in self.log.get_since(None, usize::MAX).await? {
            let id = EntryId::of(entry.record_uuid).context("an entry has a name")?;
            let is_of_this = id == self.entry(moving.operation, id.index);
            if is_of_this && !moving.said.contains(&id.index) {
                let (index, hlc) = (id.index, entry.hlc);
                self.voice.say(&Line::Found { index, hlc })?;
            }
        }
        self.voice.done(log_of(&self.log))
    }

    /// Those whose file disappeared under them may be in or not.
    async fn say_those_entered(&self, mut records: Records, moving: &mut Move) -> Result<()> {
        while let Some(joined) = records.join_next().await {
            let (index, recorded) = joined?;
            if let Some(hlc) = unless_moved(recorded)? {
                moving.said.insert(index);
                self.voice.say(&Line::Entered { index, hlc })?;
            }
        }
        Ok(())
    }
}

/// What a call gave; `None` if it answered that the files were moved, before or during its commit.
fn unless_moved<T>(answer: Result<T, LogError>) -> Result<Option<T>> {
    match answer {
        Ok(given) => Ok(Some(given)),
        Err(LogError::Store(error))
            if matches!(error.fault(), StoreFault::Moved | StoreFault::Uncertain) =>
        {
            Ok(None)
        }
        Err(other) => bail!("a log that was moved answered {other:?}"),
    }
}
