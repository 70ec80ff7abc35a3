//! Logs that were being made when their maker was killed.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use sync_log_sqlite::{FILE_NAME, SyncDb, Uuid};

use crate::earlier;
use crate::entry::{DEVICE, EntryId, LIBRARY};
use crate::file::{self, LogFile};
use crate::line::Start;

/// A log that was begun to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fresh {
    pub folder: String,
    pub start: Start,
    /// Its id, if it was acknowledged.
    pub promised: Option<Uuid>,
}

impl Fresh {
    pub(crate) fn begun(folder: &str, start: Start) -> Self {
        Self {
            folder: folder.to_owned(),
            start,
            promised: None,
        }
    }

    /// Checks what is in `folder`: the whole log, which is new and empty, or was
    /// adopted, or nothing of it, which it must not be after it was acknowledged. Says
    /// whether the log is there.
    pub fn check(&self, folder: &Path) -> Result<bool> {
        if self.start == Start::EarlierProgram {
            let adopted = earlier::check(folder)?;
            ensure!(self.promised.is_none() || self.promised == adopted);
            return Ok(adopted.is_some());
        }
        let found = file::read(folder)?;
        if self.start == Start::OtherTable {
            check_other_table(folder)?;
        }
        match (&found, self.promised) {
            (Some(log), promised) => check_new(log, promised)?,
            (None, Some(promised)) => anyhow::bail!("log {promised} is not there"),
            (None, None) => {}
        }
        Ok(found.is_some())
    }

    /// Opens what is in `folder`, whatever is there, and uses it.
    pub async fn open(&self, folder: &Path) -> Result<()> {
        let log = SyncDb::open(LIBRARY, DEVICE, folder).await?;
        let log_id = log.identity().log_id;
        ensure!(self.promised.is_none_or(|promised| promised == log_id));
        let id = EntryId {
            child: 0,
            operation: 0,
            index: 0,
        };
        let mut wanted = match self.start {
            Start::EarlierProgram => earlier::own_entries(),
            _ => Vec::new(),
        };
        let hlc = log.record(id.change()).await?;
        wanted.push(id.stamped(hlc));
        ensure!(log.get_since(None, usize::MAX).await? == wanted);
        Ok(log.close().await?)
    }
}

fn check_new(log: &LogFile, promised: Option<Uuid>) -> Result<()> {
    let [library, device, log_id] = log.identity;
    ensure!([library, device] == [LIBRARY, DEVICE]);
    ensure!(promised.is_none_or(|promised| promised == log_id));
    ensure!(log.entries.is_empty() && log.peers.is_empty());
    ensure!(log.state.head.is_zero() && log.state.floor.is_zero());
    ensure!(log.state.settled.device_id == DEVICE && log.state.high_water == log.state.settled);
    Ok(())
}

fn check_other_table(folder: &Path) -> Result<()> {
    ensure!(folder.join(FILE_NAME).exists(), "the file is gone");
    let connection = file::recover(folder)?;
    let note: String = connection
        .query_row("SELECT note FROM notes", [], |row| row.get(0))
        .context("the other table is gone")?;
    ensure!(note == "n");
    Ok(())
}
