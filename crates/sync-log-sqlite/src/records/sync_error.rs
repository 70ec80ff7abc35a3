//! Why a call on the shared records failed.

use std::error::Error;

use sea_orm::DbErr;
use sync_log_core::receive::{ApplyError, ReceiveError, RecordId, SnapshotError, WriteError};
use sync_log_core::{DeviceId, ErrorKind, LogError, ObserveError, StoreError, StoreFault};

use super::error::RecordsError;
use super::in_transaction::{OtherModels, WrongDatabase};
use crate::driver::failure::{DATABASE_MOVED, extended_code, failed};
use crate::open::{OpenError, Unattachable};

/// Why a call on [`SharedRecords`](super::SharedRecords) failed. Nothing of the call was committed,
/// unless the call says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// A statement of the app failed.
    #[error(transparent)]
    App(#[from] DbErr),
    /// Other code of the app failed.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
    /// The app's models cannot be registered on its database.
    #[error(transparent)]
    Models(#[from] RecordsError),
    /// The log cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log refused a call.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Own changes cannot be recorded.
    #[error(transparent)]
    Write(WriteError),
    /// A page cannot be applied.
    #[error(transparent)]
    Page(#[from] ReceiveError),
    /// A snapshot cannot be given or taken.
    #[error(transparent)]
    Snapshot(SnapshotError),
    /// A stamp of a page is too far ahead of this device's clock (`X5`).
    #[error(transparent)]
    Clock(#[from] ObserveError),
    /// A page is of a device that was retired here (`K6`).
    #[error("failed to apply a page of {origin}: this device has retired it")]
    OriginRetired {
        /// The device that the page comes from.
        origin: DeviceId,
    },
    /// A device was retired here and admitted again. It has changed a record meanwhile that this device may have
    /// deleted and forgotten (`K6`).
    #[error(
        "failed to take changes of {origin}: it changed {record} while it was retired here, and this \
         device may have forgotten that the record was deleted"
    )]
    MayBeForgotten {
        /// The device that made the change.
        origin: DeviceId,
        /// The record.
        record: RecordId,
    },
    /// The transaction has read before it wrote, and another writer was faster (`W1`).
    #[error(
        "failed to take the write lock: the transaction has read, and another one has written since"
    )]
    BeganDeferred {
        /// The error of the database.
        #[source]
        source: StoreError,
    },
    /// The transaction is of another database than the records (`W1`).
    #[error("failed to record a change: the transaction is of another database than the records")]
    WrongDatabase,
    /// The records were opened with other models since, as by a newer release of the app that runs beside this
    /// one (`X6`).
    #[error("failed to use the records: they were opened with other models since")]
    OtherModels,
    /// The entity is not one of the models.
    #[error("failed to record a change of table {table}: it is not among the models")]
    NotShared {
        /// The table of the entity.
        table: &'static str,
    },
    /// A call in a [`write`](super::SharedRecords::write) may have changed a row without recording that: its
    /// future was dropped, or it failed after the row had changed and its error was not returned.
    #[error("failed to record all changes: a call that changes a row did not come to its end")]
    Unfinished,
    /// A call in a [`write`](super::SharedRecords::write) began while another one was running. It did nothing.
    #[error("failed to begin a call: another call in the same `write` has not ended")]
    Overlapping,
    /// An [`Applier`](super::Applier) records an own change while it shows a received one (`W3`).
    #[error("failed to record a change: records are being shown in this transaction")]
    EchoInApply,
    /// The id of a record is no UUID, or its payload has no JSON form.
    #[error("failed to record a change of table {table}: {reason}")]
    NotARecord {
        /// The table of the entity.
        table: &'static str,
        /// What is wrong with the row.
        reason: String,
    },
    /// There are rows that no change has made (`W5`).
    #[error(
        "failed to share the records: {record} was there before, and nothing says when it was changed"
    )]
    NeedsBaseline {
        /// The first such record.
        record: RecordId,
    },
    /// The records belong to another library or device, or were made in the other layout, with the log in
    /// another database.
    #[error("failed to open the records: {reason}")]
    OtherRecords {
        /// To whom the records belong, or where their log is.
        reason: String,
    },
    /// With the settings of the app's database, a crash can lose what was committed.
    #[error("failed to share the records: {0}")]
    Unsafe(Unattachable),
    /// The database failed.
    #[error(transparent)]
    Store(StoreError),
}

impl SyncError {
    /// Wraps an error of the app, for a closure that is passed to
    /// [`write`](super::SharedRecords::write).
    pub fn other(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }

    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Models(error) => error.kind(),
            Self::Open(error) => error.kind(),
            Self::Log(error) => error.kind(),
            Self::Page(error) => error.kind(),
            Self::Snapshot(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Clock(error) => LogError::Clock(*error).kind(),
            Self::Write(WriteError::Clock(_)) => ErrorKind::FixClock,
            Self::OriginRetired { .. } => ErrorKind::Admit,
            Self::MayBeForgotten { .. } => ErrorKind::Bootstrap,
            Self::BeganDeferred { .. } => ErrorKind::Retry,
            Self::OtherModels => ErrorKind::Reopen,
            Self::App(error) => met(error).map_or(ErrorKind::FixCall, |met| met.kind()),
            Self::Other(_)
            | Self::Write(_)
            | Self::WrongDatabase
            | Self::NotShared { .. }
            | Self::Unfinished
            | Self::Overlapping
            | Self::EchoInApply
            | Self::NotARecord { .. }
            | Self::NeedsBaseline { .. }
            | Self::OtherRecords { .. }
            | Self::Unsafe(_) => ErrorKind::FixCall,
        }
    }

    /// Says to a person what to do next, in one sentence. [`kind`](Self::kind) says it to a program.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::App(DbErr::RecordNotUpdated) => NO_ROW,
            Self::App(error) => met(error).map_or(OF_THE_APP, |met| help_of(&met)),
            Self::Other(_) => OF_THE_APP,
            Self::Models(error) => error.help(),
            Self::Open(error) => error.help(),
            Self::Log(error) => error.help(),
            Self::Page(error) => error.help(),
            Self::Snapshot(error) => error.help(),
            Self::Store(error) => help_of(error),
            Self::Clock(error) => LogError::Clock(*error).help(),
            Self::Write(WriteError::Clock(_)) => "restore the app's database from a backup",
            Self::Write(WriteError::GroupTooLarge { .. }) => "write the changes in several calls",
            Self::Write(WriteError::Unreadable { .. }) => {
                "name the model and its version as they are registered, and pass the whole record, unless the \
                 model merges per field"
            }
            Self::Write(_) => "store the content elsewhere, and share a reference to it",
            Self::OriginRetired { .. } => "admit the device again, and take a snapshot of it",
            Self::MayBeForgotten { .. } => {
                "take a snapshot of a device that has not retired the origin; if there is none, insert \
                 the record again or delete it on the origin, and take a snapshot of the origin"
            }
            Self::BeganDeferred { .. } => {
                "roll back and begin the transaction IMMEDIATE, with `records::begin`, or use `write`"
            }
            Self::WrongDatabase => "begin the transaction on the database that the records are in",
            Self::OtherModels => "open the records again, and run one release of the app at a time",
            Self::NotShared { .. } => "name the entity in the models, or write it without a change",
            Self::Unfinished => {
                "await each call that changes a row, and return its error; set a timeout on the whole `write`"
            }
            Self::Overlapping => "await each call in a `write` before the next one begins",
            Self::EchoInApply => {
                "record own changes outside of the applier: a received change is in the log of its origin"
            }
            Self::NotARecord { .. } => {
                "give each shared row a UUID, and a model that serde can write"
            }
            Self::NeedsBaseline { .. } => {
                "open the records with `baseline`, which says when each row was last changed"
            }
            Self::Unsafe(unsafe_setting) => unsafe_setting.help(),
            Self::OtherRecords { .. } => {
                "open them with the ids and in the layout they were made with"
            }
        }
    }
}

const OF_THE_APP: &str = "look at the cause: it is an error of the app's own call";

const NO_ROW: &str = "the row is not there: its record was deleted, or is not shown, which `not_shown` \
                      says; insert the row again under its id, or leave the record as it is";

const APP_DATABASE_MOVED: &str = "the app's database was moved, deleted or replaced while it was open: close the \
                                  records and the pool, and open both where the database is now";

/// What a statement of the app met, if that is no fault of the statement.
fn met(error: &DbErr) -> Option<StoreError> {
    use StoreFault::{Full, Locked, Moved, NoConnection};
    let failure = failed("run a statement of the app", error.clone());
    let is_met = matches!(failure.fault(), Locked | NoConnection | Full | Moved);
    is_met.then_some(failure)
}

fn help_of(error: &StoreError) -> &'static str {
    match extended_code(error) {
        Some(DATABASE_MOVED) => APP_DATABASE_MOVED,
        _ => error.fault().help(),
    }
}

impl From<StoreError> for SyncError {
    fn from(error: StoreError) -> Self {
        if error.source_as::<WrongDatabase>().is_some() {
            return Self::WrongDatabase;
        }
        if error.source_as::<OtherModels>().is_some() {
            return Self::OtherModels;
        }
        if let Some(refusal) = error.source_as::<LogError>() {
            return Self::Log(refusal.clone());
        }
        if extended_code(&error) == Some(BUSY_SNAPSHOT) {
            return Self::BeganDeferred { source: error };
        }
        Self::Store(error)
    }
}

/// `SQLITE_BUSY_SNAPSHOT`: the transaction has read a state that is not the newest one.
const BUSY_SNAPSHOT: u32 = 517;

impl From<WriteError> for SyncError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => error.into(),
            other => Self::Write(other),
        }
    }
}

impl From<ApplyError> for SyncError {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Page(error) => Self::Page(error),
            ApplyError::Clock(error) => Self::Clock(error),
            ApplyError::Store(error) => error.into(),
            other => Self::other(other),
        }
    }
}

impl From<SnapshotError> for SyncError {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Clock(error) => Self::Clock(error),
            SnapshotError::Store(error) => error.into(),
            other => Self::Snapshot(other),
        }
    }
}
