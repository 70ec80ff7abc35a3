//! The log that a command is about.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::legacy::ImportError;
use sync_log_sqlite::{
    FILE_NAME, LogError, OpenError, StoreError, StoreFault, SyncDb, SyncLog, Uuid,
};
use tokio::runtime::{Builder, Runtime};

use crate::args::ChangeArgs;
use crate::failure::{Exit, Failure};
use crate::output;
use crate::signals;

/// The runtime on which logs are opened.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(Failure::cannot_open)
}

/// Opens a log to read it.
pub(crate) async fn look(path: &Path) -> Result<SyncDb, Failure> {
    match SyncDb::open_read_only(path).await {
        Err(error @ OpenError::Unfinished { .. }) => {
            // A database for another purpose looks like a log that was never finished.
            refuse_other(&Inspector::open(path)?)?;
            Err(error.into())
        }
        opened => Ok(opened?),
    }
}

/// Opens a file to read its rows, whatever tables it has.
pub(crate) fn inspect(path: &Path) -> Result<Inspector, Failure> {
    let inspector = Inspector::open(path)?;
    let interrupter = inspector.interrupter();
    signals::on_ending(move || interrupter.interrupt());
    Ok(inspector)
}

/// Opens the file of a log to read its rows.
pub(crate) fn inspect_log(path: &Path) -> Result<Inspector, Failure> {
    let inspector = inspect(path)?;
    refuse_other(&inspector)?;
    Ok(inspector)
}

fn refuse_other(inspector: &Inspector) -> Result<(), Failure> {
    if !inspector.is_other_database()? {
        return Ok(());
    }
    let path = inspector.path().display();
    let error = anyhow!("failed to read {path}: it is not a sync log, but another database");
    Err(Failure {
        exit: Exit::Damaged,
        error,
        help: Some("pass a library's folder, or the log's file in it"),
    })
}

/// Says so if `backup_to` made the file: it looks like the log, and lacks what came later.
pub(crate) fn name_backup(path: &Path) -> Result<(), Failure> {
    if inspect(path)?.is_backup()? {
        output::say("this file is a copy that backup_to made: it can be read, and replaces no log");
    }
    Ok(())
}

/// Reads a log that is to be changed, and refuses a log that the command may not open to write.
async fn look_to_change(path: &Path) -> Result<SyncDb, Failure> {
    let log = look(path).await?;
    let refusal = match log.status().await?.altered {
        // Opening it would adopt what is there, which no one asked for.
        Some(altered) => LogError::from(altered).into(),
        None => match folder_of(path) {
            Ok(_) => return Ok(log),
            Err(refusal) => refusal,
        },
    };
    close(&log).await?;
    Err(refusal)
}

/// Opens an existing log to change it.
async fn open(path: &Path) -> Result<SyncDb, Failure> {
    let log = look_to_change(path).await?;
    let identity = log.identity();
    close(&log).await?;
    let folder = folder_of(path)?;
    Ok(SyncDb::open(identity.library_id, identity.device_id, &folder).await?)
}

/// Reads the log in the folder of an import, because opening it might adopt it; `None` if
/// there is no log yet.
pub(crate) async fn look_at_target(
    folder: &Path,
    library: Uuid,
    device: Uuid,
) -> Result<Option<SyncDb>, Failure> {
    let path = folder.join(FILE_NAME);
    let is_empty = || std::fs::metadata(&path).is_ok_and(|file| file.len() == 0);
    let log = match SyncDb::open_read_only(&path).await {
        Ok(log) => log,
        Err(OpenError::NeedsAdoption { path }) => {
            return Err(ImportError::OfAnotherProgram { path }.into());
        }
        Err(OpenError::Unreachable { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(OpenError::NotSqlite { .. }) if is_empty() => return Ok(None),
        Err(OpenError::Unfinished { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stored = log.identity();
    let refusal = match log.status().await?.altered {
        Some(altered) => altered.into(),
        None if (stored.library_id, stored.device_id) == (library.into(), device.into()) => {
            return Ok(Some(log));
        }
        None => LogError::IdentityMismatch {
            stored_library: stored.library_id,
            stored_device: stored.device_id,
            library: library.into(),
            device: device.into(),
        },
    };
    close(&log).await?;
    Err(refusal.into())
}

/// The log's file, as the path that was given names it.
pub(crate) fn file_of(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join(FILE_NAME)
    } else {
        path.to_owned()
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
            "failed to change {}: a log that is changed has to be called {FILE_NAME}",
            path.display()
        ))),
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let exit = match &error {
            OpenError::SchemaTooNew { .. } => Exit::Damaged,
            OpenError::Log { source, .. } => exit_of(source),
            _ => Exit::CannotOpen,
        };
        Self {
            exit,
            error: error.into(),
            help: None,
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        Self {
            exit: exit_of(&error),
            error: error.into(),
            help: None,
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
        LogError::Store(error) if error.fault() == StoreFault::Corrupt => Exit::Damaged,
        LogError::Altered(_) => Exit::Damaged,
        LogError::Store(_) => Exit::CannotOpen,
        _ => Exit::Usage,
    }
}

/// Closes a log. Other programs may use its file at the same time, so it need not be one whole.
pub(crate) async fn close(log: &SyncDb) -> Result<(), LogError> {
    match log.close().await {
        Err(LogError::Store(left)) if left.fault() == StoreFault::NotWhole => Ok(()),
        closed => closed,
    }
}

/// Runs `work` on the log of a path, and closes it.
pub(crate) fn on_log<T>(
    path: &Path,
    work: impl AsyncFnOnce(&SyncDb) -> Result<T, Failure>,
) -> Result<T, Failure> {
    runtime()?.block_on(async {
        let log = look(path).await?;
        let outcome = signals::unless_ending(work(&log)).await;
        close(&log).await?;
        outcome.unwrap_or_else(|| Err(Failure::ended()))
    })
}

/// Runs `work` on the log of a path, which it may change, and closes it. In a dry run the log
/// decides each call of `work`, and writes nothing.
pub(crate) fn on_log_to_change<T>(
    args: &ChangeArgs,
    work: impl AsyncFnOnce(&SyncLog) -> Result<T, Failure>,
) -> Result<T, Failure> {
    runtime()?.block_on(async {
        let (log, outcome) = if args.dry_run {
            let log = look_to_change(&args.path).await?;
            let outcome = work(&log.dry_run()).await;
            (log, outcome)
        } else {
            let log = open(&args.path).await?;
            let outcome = work(&log).await;
            (log, outcome)
        };
        let closed = close(&log).await.context("failed to close the log");
        closed.map_err(Failure::cannot_open)?;
        outcome
    })
}
