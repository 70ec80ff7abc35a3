//! The log that a command is about.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::legacy::ImportError;
use sync_log_sqlite::{FILE_NAME, LogError, OpenError, StoreError, StoreErrorKind, SyncDb};
use tokio::runtime::{Builder, Runtime};

use crate::failure::{Exit, Failure};

/// The runtime that logs are opened on.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::cannot_open)
}

/// Opens a log to look at it.
pub(crate) async fn look(path: &Path) -> Result<SyncDb, Failure> {
    Ok(SyncDb::open_read_only(path).await?)
}

/// Opens a file to look at its rows.
pub(crate) fn inspect(path: &Path) -> Result<Inspector, Failure> {
    Ok(Inspector::open(path)?)
}

/// Opens a log to change it; it has to be there.
pub(crate) async fn open(path: &Path) -> Result<SyncDb, Failure> {
    let log = look(path).await?;
    let identity = log.identity();
    close_unadopted(log).await?;
    let folder = folder_of(path)?;
    let (library, device) = (identity.library_id, identity.device_id);
    Ok(SyncDb::open(library, device, &folder).await?)
}

/// Refuses a log that another program wrote to: opening it would adopt what is there,
/// which nobody asked for.
async fn close_unadopted(log: SyncDb) -> Result<(), Failure> {
    let status = log.status().await?;
    log.close().await?;
    match status.foreign_write {
        true => Err(LogError::ForeignWrite.into()),
        false => Ok(()),
    }
}

/// Refuses a folder to import into, if opening it would adopt what is there.
pub(crate) async fn refuse_to_adopt(folder: &Path) -> Result<(), Failure> {
    match SyncDb::open_read_only(folder).await {
        Ok(log) => close_unadopted(log).await,
        Err(OpenError::NeedsAdoption { path }) => {
            Err(ImportError::OfAnotherProgram { path }.into())
        }
        // What else may be there, opening it to write judges.
        Err(_) => Ok(()),
    }
}

/// A program that writes finds its file by its folder.
pub(crate) fn folder_of(path: &Path) -> Result<PathBuf, Failure> {
    if path.is_dir() {
        return Ok(path.to_owned());
    }
    match path.file_name() {
        Some(name) if name == FILE_NAME => Ok(path.parent().unwrap_or(Path::new(".")).to_owned()),
        _ => Err(Failure::usage(anyhow!(
            "failed to change {}: a log that is written to is called {FILE_NAME}",
            path.display()
        ))),
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let exit = match &error {
            OpenError::SchemaTooNew { .. } => Exit::Damaged,
            OpenError::Log { source, .. } => exit_of(source),
            OpenError::NotOfThisDevice { .. } => Exit::Usage,
            _ => Exit::CannotOpen,
        };
        let hint = matches!(error, OpenError::NeedsAdoption { .. });
        let mut error = anyhow::Error::from(error);
        if hint {
            error = anyhow!("{error}: see sync-log adopt --help");
        }
        Self { exit, error }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self {
            exit: exit_of(&error),
            error: error.into(),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        LogError::from(error).into()
    }
}

fn exit_of(error: &LogError) -> Exit {
    match error {
        LogError::Store(error) if error.kind() == StoreErrorKind::Corrupt => Exit::Damaged,
        LogError::UntrustedRow(_) | LogError::NewestMissing { .. } | LogError::ForeignWrite => {
            Exit::Damaged
        }
        LogError::Store(_) => Exit::CannotOpen,
        _ => Exit::Usage,
    }
}

/// Runs `work` on the log of a path, and closes it.
pub(crate) fn on_log<T>(
    path: &Path,
    work: impl AsyncFnOnce(&SyncDb) -> Result<T, Failure>,
) -> Result<T, Failure> {
    runtime()?.block_on(async {
        let log = look(path).await?;
        let outcome = work(&log).await;
        log.close().await?;
        outcome
    })
}

/// Runs `work` on the log of a path, which it may change, and closes it.
pub(crate) fn on_log_to_change<T>(
    path: &Path,
    work: impl AsyncFnOnce(&SyncDb) -> Result<T, Failure>,
) -> Result<T, Failure> {
    runtime()?.block_on(async {
        let log = open(path).await?;
        let outcome = work(&log).await;
        let closed = log.close().await.context("failed to close the log");
        closed.map_err(Failure::cannot_open)?;
        outcome
    })
}
