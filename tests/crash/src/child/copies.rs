//! Copies of the log: of the file alone, after a close that said that the file is whole, and as a
//! backup while the log is written to (`I7`).

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use rusqlite::Connection;
use sync_log_sqlite::{FILE_NAME, SyncDb};

use super::{Fault, Worker, log_folder, open_log};
use crate::line::{Gave, Operation};

/// Entries that are recorded during a backup.
const DURING_BACKUP: std::ops::Range<u32> = 4..20;

/// Has the log open, has read from it, and is idle.
enum Bystander {
    Log(SyncDb),
    Program { _reads: Connection },
}

impl Worker {
    /// After a close that was `Ok`, the file alone has everything.
    pub(super) async fn close(&mut self) -> Result<()> {
        let bystander = self.bystander().await?;
        let to = self.name_of_next("copy");
        let folder = self.args.folder.join(&to);
        self.begin(Operation::Close { to })?;
        match &bystander {
            Bystander::Log(other) if self.leaves() => self.log = other.clone(),
            _ => self.log.close().await?,
        }
        std::fs::create_dir(&folder)?;
        copy(&log_folder(&self.args.folder), &folder)?;
        self.voice.done(Gave::Nothing)?;
        self.reopen().await?;
        drop(bystander);
        Ok(())
    }

    async fn bystander(&mut self) -> Result<Bystander> {
        let folder = &self.args.folder;
        let log = match self.rng.u32(0..3) {
            _ if self.leaves() => open_log(folder).await?,
            0 => open_log(folder).await?,
            1 => SyncDb::open_read_only(&log_folder(folder)).await?,
            _ => {
                let program = Connection::open(log_folder(folder).join(FILE_NAME))?;
                let count = "SELECT COUNT(*) FROM shared_changes";
                program.query_row(count, [], |_| Ok(()))?;
                return Ok(Bystander::Program { _reads: program });
            }
        };
        log.get_since(None, 1).await?;
        Ok(Bystander::Log(log))
    }

    fn leaves(&self) -> bool {
        self.args.fault == Some(Fault::CloseWithoutCheckpoint)
    }

    pub(super) async fn back_up(&mut self) -> Result<()> {
        let to = self.name_of_next("backup");
        let folder = self.args.folder.join(&to);
        std::fs::create_dir(&folder)?;
        let count = self.rng.u32(DURING_BACKUP);
        let operation = self.begin(Operation::BackUp { to, count })?;
        let mut records = self.record_at_once(operation, count);
        if self.args.fault == Some(Fault::CopyInsteadOfBackup) {
            copy(&log_folder(&self.args.folder), &folder)?;
        } else {
            self.log.backup_to(&folder.join(FILE_NAME)).await?;
        }
        self.say_all_entered(&mut records).await?;
        self.voice.done(Gave::Nothing)
    }
}

/// Copies the file alone, as a person would. This process must not: when it closes a file, it
/// loses the locks that SQLite has on it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let copied = Command::new("cp")
        .args([from.join(FILE_NAME), to.join(FILE_NAME)])
        .status()?;
    ensure!(copied.success(), "cp ended with {copied}");
    Ok(())
}
