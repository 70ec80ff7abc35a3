//! Openings that are refused before the disk is touched (`I8`).

use anyhow::{Context, Result, ensure};
use sync_log_sqlite::{ErrorKind, OpenError, PrunePolicy, SyncDb, SyncDbOptions};

use super::perform::prepare;
use super::{Fault, Worker};
use crate::entry::{DEVICE, EntryId, LIBRARY};
use crate::line::{Gave, Operation, Start};
use crate::refused;

impl Worker {
    pub(super) async fn refuse(&mut self) -> Result<()> {
        let name = self.name_of_next("refused");
        let folder = self.args.folder.join(&name);
        match self.rng.usize(0..=Start::ALL.len()) {
            4 => make_own(&folder).await?,
            index => prepare(&folder, Start::ALL[index])?,
        }
        refused::keep(&folder)?;
        self.begin(Operation::Refuse { folder: name })?;
        if self.args.fault == Some(Fault::OptionCheckedLate) {
            SyncDb::open(LIBRARY, DEVICE, &folder)
                .await?
                .close()
                .await?;
        }
        let opened = self.out_of_range().open(LIBRARY, DEVICE, &folder).await;
        let error = opened.err().context("an option out of range was taken")?;
        ensure!(error.kind() == ErrorKind::FixCall, "{error:?}");
        ensure!(matches!(error, OpenError::Log { .. }), "{error:?}");
        self.voice.done(Gave::Nothing)
    }

    fn out_of_range(&mut self) -> SyncDbOptions {
        if self.rng.bool() {
            SyncDb::options().policy(PrunePolicy::KeepEntries { count: usize::MAX })
        } else {
            SyncDb::options().max_data_bytes(usize::MAX)
        }
    }
}

/// Makes a log of this device with one entry, and closes it.
async fn make_own(folder: &std::path::Path) -> Result<()> {
    let log = SyncDb::open(LIBRARY, DEVICE, folder).await?;
    let id = EntryId {
        child: 0,
        operation: 0,
        index: 0,
    };
    log.record(id.change()).await?;
    Ok(log.close().await?)
}
