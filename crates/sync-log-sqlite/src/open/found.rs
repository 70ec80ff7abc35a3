//! Decides what a file holds, and whose log it is.
//!
//! No other module decides this. An opening asks before it connects to write, so that a refused
//! file stays as it was. It asks again under the write lock, because another process may have been
//! faster.

use std::path::Path;

use rusqlite::Connection;
use sync_log_core::{DeviceId, LibraryId, LogError, LogIdentity, StoreError, StoreFault, Uuid};

use super::error::OpenError;
use crate::adopt;
use crate::adopt::fit;
use crate::driver::failure::{NOT_A_DATABASE, extended_code, primary};
use crate::driver::raw::app::{self, SPLICED};
use crate::driver::raw::pragma::{APPLICATION_ID, COPY};
use crate::driver::{Port, Transaction, in_place, number, tables, texts};
use crate::migration::{self, MIGRATION_TABLE, MIGRATIONS};
use crate::store::select;

/// The ids of the log to open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    pub(crate) library_id: LibraryId,
    pub(crate) device_id: DeviceId,
}

impl Ids {
    /// Refuses ids that no log can have, before anything is made on disk.
    pub(crate) fn of(library_id: LibraryId, device_id: DeviceId) -> Result<Self, LogError> {
        let ids = Self {
            library_id,
            device_id,
        };
        match ids.new_log().nil_id() {
            Some(what) => Err(LogError::NilId { what }),
            None => Ok(ids),
        }
    }

    /// The identity of a log that is made.
    pub(crate) fn new_log(self) -> LogIdentity {
        LogIdentity {
            library_id: self.library_id,
            device_id: self.device_id,
            log_id: Uuid::new_v4(),
        }
    }

    /// Refuses a log of another library or device (`I1`).
    pub(crate) fn refuse_other(self, found: Found, path: &Path) -> Result<(), OpenError> {
        let Some(stored) = found.identity() else {
            return Ok(());
        };
        if (stored.library_id, stored.device_id) == (self.library_id, self.device_id) {
            return Ok(());
        }
        let refusal = LogError::IdentityMismatch {
            stored_library: stored.library_id,
            stored_device: stored.device_id,
            library: self.library_id,
            device: self.device_id,
        };
        Err(OpenError::log(path, refusal))
    }
}

/// What a path holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// No file, or an empty one.
    Nothing,
    /// A database in which a log has to be made, or the log of this identity has to be updated.
    Unfinished(Option<LogIdentity>),
    /// A Spacedrive-style `sync.db`.
    Earlier,
    /// A log.
    Log(LogIdentity),
}

impl Found {
    /// Decides what a database holds, and whose log it is. The order of the refusals is part of the
    /// contract.
    pub(crate) async fn of(db: &impl Port, path: &Path) -> Result<Self, OpenError> {
        let names = tables::names(db).await;
        Self::among(db, &names.map_err(|error| refusal(path, error))?, path).await
    }

    /// The same of a database with tables of these names.
    pub(crate) async fn among(
        db: &impl Port,
        names: &[String],
        path: &Path,
    ) -> Result<Self, OpenError> {
        let failed = |error| refusal(path, error);
        let has = |name: &str| names.iter().any(|table| table == name);
        if has(app::MIGRATIONS) {
            let spliced = spliced(db).await.map_err(failed)?;
            refuse_unknown(&spliced, path)?;
        }
        let mut applied = Vec::new();
        if has(MIGRATION_TABLE) {
            applied = migration::LOG.applied(db).await.map_err(failed)?;
            refuse_unknown(&applied, path)?;
        }
        if !has("sync_log_identity") {
            let is_earlier = has("shared_changes") || has("peer_acks");
            return Ok(if is_earlier {
                Self::Earlier
            } else {
                Self::Unfinished(None)
            });
        }
        let Some(stored) = select::identity(db).await.map_err(failed)? else {
            return Ok(Self::Unfinished(None));
        };
        refuse_unrecorded(&applied, path)?;
        Ok(if applied.len() == MIGRATIONS.len() {
            Self::Log(stored)
        } else {
            Self::Unfinished(Some(stored))
        })
    }

    /// Whose log it is, if that is on record.
    pub(crate) fn identity(self) -> Option<LogIdentity> {
        match self {
            Self::Nothing | Self::Earlier => None,
            Self::Unfinished(identity) => identity,
            Self::Log(identity) => Some(identity),
        }
    }
}

/// Returns whose log it is, if this program can read the log as it is. A log that was found to be
/// altered refuses reads itself.
pub(crate) fn readable(db: &Connection, path: &Path) -> Result<LogIdentity, OpenError> {
    let failed = |error| refusal(path, error);
    let to_adopt = || OpenError::NeedsAdoption {
        path: path.to_owned(),
    };
    let txn = Transaction::read(db).map_err(failed)?;
    let identity = in_place(async {
        match Found::of(db, path).await? {
            Found::Log(identity) => {
                let is_whole = adopt::is_whole_or_noted(db).await.map_err(failed)?;
                is_whole.then_some(identity).ok_or_else(to_adopt)
            }
            Found::Earlier => Err(to_adopt()),
            Found::Nothing | Found::Unfinished(_) => Err(OpenError::Unfinished {
                path: path.to_owned(),
            }),
        }
    })?;
    txn.commit().map_err(failed)?;
    Ok(identity)
}

/// Migrations of the first version, which every log went through.
const MIGRATIONS_FROM_THE_START: usize = 2;

/// The migrations of this crate that an app's own migrator ran; none if its table is another
/// program's.
async fn spliced(db: &impl Port) -> Result<Vec<String>, StoreError> {
    let columns = tables::columns(db, app::MIGRATIONS).await?;
    if !columns.iter().any(|column| column == "version") {
        return Ok(Vec::new());
    }
    texts(db, &SPLICED, &[], (app::MIGRATIONS, "version")).await
}

/// Refuses a file of another program that cannot be adopted.
pub(crate) async fn refuse_unfit(db: &impl Port, path: &Path) -> Result<(), OpenError> {
    match fit::fault(db).await {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(OpenError::NotAdoptable {
            path: path.to_owned(),
            reason,
        }),
        Err(error) => Err(refusal(path, error)),
    }
}

/// Refuses to write to a copy (`I7`).
pub(crate) async fn refuse_copy(db: &impl Port, path: &Path) -> Result<(), OpenError> {
    if is_backup(db).await.map_err(|error| refusal(path, error))? {
        return Err(OpenError::Copy {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Whether the file is marked as a copy that `backup_to` made.
pub(crate) async fn is_backup(db: &impl Port) -> Result<bool, StoreError> {
    Ok(number(db, &APPLICATION_ID, &[]).await? == COPY)
}

/// Refuses migrations that a newer program made (`I2`).
fn refuse_unknown(applied: &[String], path: &Path) -> Result<(), OpenError> {
    let is_known = |name: &&String| MIGRATIONS.iter().any(|known| known.name == *name);
    let unknown: Vec<_> = applied.iter().filter(|name| !is_known(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(OpenError::SchemaTooNew {
        path: path.to_owned(),
        unknown: unknown.into_iter().cloned().collect(),
    })
}

/// An opening stores the identity and the first migrations together. A file that has only the
/// identity was damaged.
fn refuse_unrecorded(applied: &[String], path: &Path) -> Result<(), OpenError> {
    let mut from_the_start = MIGRATIONS.iter().take(MIGRATIONS_FROM_THE_START);
    match from_the_start.find(|migration| !applied.iter().any(|name| name == migration.name)) {
        None => Ok(()),
        Some(missing) => {
            let doing = format!("find {} in {MIGRATION_TABLE}", missing.name);
            let damage = StoreError::new(StoreFault::Corrupt, doing);
            Err(OpenError::store(path, damage))
        }
    }
}

/// The error of an opening for an error of SQLite.
pub(crate) fn refusal(path: &Path, error: StoreError) -> OpenError {
    if extended_code(&error).map(primary) == Some(NOT_A_DATABASE) {
        return OpenError::NotSqlite {
            path: path.to_owned(),
        };
    }
    OpenError::store(path, error)
}
