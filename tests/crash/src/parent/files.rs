//! What a child did to the files of its log, and what it made of them.

use std::path::Path;

use anyhow::Result;
use sync_log_sqlite::SyncDb;

use crate::check::Violation;
use crate::file::{self, LogFile};
use crate::model::Files;

/// Puts back what is away, and checks the logs that came in its stead.
pub(super) fn put_back(files: &Files, folder: &Path) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for absence in &files.absences {
        violations.extend(absence.end(folder)?);
    }
    Ok(violations)
}

/// Checks copies of the log, and files that had to stay as they were.
pub(super) fn check(files: &Files, folder: &Path) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for copy in &files.copies {
        violations.extend(copy.check(folder)?);
    }
    for refused in &files.refusals {
        violations.extend(refused.check(folder)?);
    }
    Ok(violations)
}

/// Backs up `log`, which is as `found` says, where a backup was killed. Then the copies are
/// removed.
pub(super) async fn end_copies(
    files: &Files,
    folder: &Path,
    log: &SyncDb,
    found: &LogFile,
) -> Result<()> {
    for copy in &files.copies {
        copy.again(folder, log, found).await?;
        file::remove(&folder.join(&copy.folder))?;
    }
    Ok(())
}
