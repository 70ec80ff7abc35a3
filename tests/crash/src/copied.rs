//! Copies of a log, made after a close or by a backup: each is one file that has everything that
//! was acknowledged before, or is not there yet.

use std::path::Path;

use anyhow::{Result, ensure};
use sync_log_sqlite::{FILE_NAME, SyncDb};

use crate::check::{Violation, check};
use crate::file::{self, LogFile};
use crate::model::Copied;

impl Copied {
    /// Compares the copy with what it has to hold. Before the copy is acknowledged, it may be
    /// missing as a whole.
    pub fn check(&self, folder: &Path) -> Result<Vec<Violation>> {
        let found = file::read(&folder.join(&self.folder))?;
        if found.is_none() && !self.is_done {
            return Ok(Vec::new());
        }
        let findings = check(&self.promised, found.as_ref());
        let in_copy = findings.violations.into_iter();
        let in_copy = in_copy.map(|what| Violation::InCopy {
            folder: self.folder.clone(),
            what: Box::new(what),
        });
        Ok(in_copy.collect())
    }

    /// Backs up `log`, which is as `found` says, to a path at which a backup was killed. Nothing
    /// is left of that one.
    pub(crate) async fn again(&self, folder: &Path, log: &SyncDb, found: &LogFile) -> Result<()> {
        let folder = folder.join(&self.folder);
        let file = folder.join(FILE_NAME);
        if self.is_done || file.exists() {
            return Ok(());
        }
        log.backup_to(&file).await?;
        let files: Vec<_> = std::fs::read_dir(&folder)?.collect::<Result<_, _>>()?;
        ensure!(files.len() == 1, "parts of backups pile up: {files:?}");
        ensure!(file::read(&folder)?.as_ref() == Some(found), "another copy");
        Ok(())
    }
}
