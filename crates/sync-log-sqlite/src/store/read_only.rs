//! A log that is only looked at, whoever else is at work on it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use sync_log_core::{
    LogError, LogIdentity, LogStore, Places, ReadRequest, ReadView, StoreError, StoreErrorKind,
    Survey, WriteJob,
};

use super::reader::Readers;
use super::{in_one_state, read, survey, thread};
use crate::connect::{self, Place};
use crate::error::OpenError;
use crate::private_copy::PrivateCopy;
use crate::probe;

/// A store that reads a file and never writes to it.
pub(crate) struct ReadOnlyStore {
    readers: Readers,
    path: PathBuf,
    busy: Duration,
    /// Whether connections that may not write could leave files that were not there.
    may_leave_files: bool,
    /// Read instead of the file, where SQLite cannot read that one in its folder.
    _copy: Option<PrivateCopy>,
}

/// A file that was looked at.
struct Seen {
    identity: LogIdentity,
    had_wal: bool,
    copy: Option<PrivateCopy>,
}

impl ReadOnlyStore {
    /// Opens the log in a file, and says whose it is.
    pub(crate) async fn open(
        path: &Path,
        busy: Duration,
    ) -> Result<(Self, LogIdentity), OpenError> {
        let of = path.to_owned();
        let looked = thread::run("sync-log-opener", move || see(&of, busy)).await;
        let seen = looked.map_err(|error| OpenError::store(path, error))??;
        let read = seen.copy.as_ref().map(PrivateCopy::path);
        let place = Place::File(read.unwrap_or_else(|| path.to_owned()));
        let store = Self {
            readers: Readers::new(place, busy, connect::read_only),
            path: path.to_owned(),
            busy,
            may_leave_files: !seen.had_wal && seen.copy.is_none(),
            _copy: seen.copy,
        };
        Ok((store, seen.identity))
    }
}

/// Looks at the file, or at a copy of it where SQLite has to write beside a file to
/// read it, as it has to beside one in WAL mode, and may not.
fn see(path: &Path, busy: Duration) -> Result<Seen, OpenError> {
    probe::refuse_missing(path)?;
    let had_wal = probe::wal_of(path).exists();
    let refusal = match probe::identify(path, busy) {
        Ok(identity) => {
            return Ok(Seen {
                identity,
                had_wal,
                copy: None,
            });
        }
        Err(refusal) => refusal,
    };
    probe::tidy_after(path, had_wal, busy);
    if !probe::is_unreadable_there(&refusal) {
        return Err(refusal);
    }
    let copy = PrivateCopy::of(path).map_err(|error| OpenError::store(path, error.into()))?;
    let identity = probe::identify_copy(&copy.path(), busy)?;
    Ok(Seen {
        identity,
        had_wal,
        copy: Some(copy),
    })
}

#[async_trait]
impl LogStore for ReadOnlyStore {
    async fn write(&self, _: WriteJob) -> Result<(), LogError> {
        let refusal = StoreError::new(StoreErrorKind::ReadOnly, "write to a log opened to read");
        Err(refusal.into())
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        let read = move |db: &mut Connection| in_one_state(db, |db| read(db, &request));
        self.readers.run("read", read).await
    }

    async fn survey(&self, places: Places) -> Result<Survey, StoreError> {
        let survey = move |db: &mut Connection| in_one_state(db, |db| survey(db, places));
        self.readers.run("survey", survey).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.readers.close().await;
        if self.may_leave_files {
            let (path, busy) = (self.path.clone(), self.busy);
            let tidy = move || probe::tidy_after(&path, false, busy);
            thread::run("sync-log-closer", tidy).await?;
        }
        Ok(())
    }
}

impl fmt::Debug for ReadOnlyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOnlyStore").finish_non_exhaustive()
    }
}
