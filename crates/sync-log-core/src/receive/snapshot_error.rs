//! Why a snapshot cannot be given or taken.

use hlc::{Hlc, ObserveError};

use super::record::RecordId;
use crate::error::{ErrorKind, LogError, StoreError};
use crate::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::judge::EntryFault;
use crate::model::{Altered, DeviceId};

/// Why a snapshot cannot be given or taken. Nothing of the call may be committed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// This device cannot give a snapshot, because own changes are missing from its records.
    #[error("failed to give a snapshot: own changes up to {unversioned} are not in the records")]
    Incomplete {
        /// The highest of these changes.
        unversioned: Hlc,
    },
    /// The snapshot says that it is of another device than the one that the transport authenticated.
    #[error("failed to take a snapshot of {donor}: it is of {found}")]
    OtherDonor {
        /// The device that the snapshot comes from.
        donor: DeviceId,
        /// The device that it names.
        found: DeviceId,
    },
    /// An entry that waits at the other device is none that a log can hold.
    #[error("failed to take a snapshot of {donor}: entry {hlc}: {fault}")]
    BadEntry {
        /// The device that the snapshot comes from.
        donor: DeviceId,
        /// The stamp of the entry.
        hlc: Hlc,
        /// The fault of the entry.
        fault: EntryFault,
    },
    /// The entries that wait at the other device are not whole groups in order.
    #[error("failed to take a snapshot of {donor}: {altered}")]
    Altered {
        /// The device that the snapshot comes from.
        donor: DeviceId,
        /// The entry, and the fault there.
        altered: Altered,
    },
    /// A record of a page is none that changes can have made.
    #[error("failed to take a snapshot of {donor}: {record}: {fault}")]
    BadRecord {
        /// The device that the snapshot comes from.
        donor: DeviceId,
        /// The record.
        record: RecordId,
        /// The fault of the record.
        fault: RecordFault,
    },
    /// A page holds more than a page may.
    #[error(
        "failed to take a snapshot of {donor}: a page has {records} records and {bytes} bytes, and it \
         may have {MAX_PAGE_ENTRIES} records and {MAX_PAGE_BYTES} bytes"
    )]
    PageTooLarge {
        /// The device that the snapshot comes from.
        donor: DeviceId,
        /// How many records the page has.
        records: usize,
        /// How many content bytes they have.
        bytes: usize,
    },
    /// A page does not begin where the page before it ended, or is still missing.
    #[error("failed to take a snapshot of {donor}: the page after {} is missing", shown(expected.as_ref()))]
    MissingPage {
        /// The device that the snapshot comes from.
        donor: DeviceId,
        /// The last record that was merged; `None` at the start.
        expected: Option<RecordId>,
    },
    /// A stamp is too far ahead of this device's clock (`X5`), or is one of this device that it did not
    /// give out (`H7`).
    #[error(transparent)]
    Clock(#[from] ObserveError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a record of a page is none that changes can have made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum RecordFault {
    /// Its content is none that a log can hold.
    #[error(transparent)]
    Content(EntryFault),
    /// A part of it is above its highest change, or is a member at or below its deletion.
    #[error("a part of it cannot be of its changes")]
    Part,
    /// It is not above the record before it, or the page does not end with it as it says.
    #[error("it is out of order")]
    OutOfOrder,
}

fn shown(after: Option<&RecordId>) -> String {
    after.map_or_else(|| "the start".to_owned(), ToString::to_string)
}

impl SnapshotError {
    /// What the device that takes the snapshot can do; for [`Incomplete`](Self::Incomplete), the one that
    /// was to give it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Incomplete { .. } => ErrorKind::Bootstrap,
            Self::OtherDonor { .. }
            | Self::BadEntry { .. }
            | Self::Altered { .. }
            | Self::BadRecord { .. }
            | Self::PageTooLarge { .. } => ErrorKind::FixPeer,
            Self::MissingPage { .. } => ErrorKind::Retry,
            Self::Clock(error) => LogError::Clock(*error).kind(),
            Self::Store(error) => error.kind(),
        }
    }

    /// Says to a person what to do next, in one sentence.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Incomplete { .. } => "take a snapshot of another device first",
            Self::OtherDonor { .. }
            | Self::BadEntry { .. }
            | Self::Altered { .. }
            | Self::BadRecord { .. }
            | Self::PageTooLarge { .. } => {
                "end the connection and update the peer's program: no device of this version gives \
                 such a snapshot"
            }
            Self::MissingPage { .. } => {
                "ask for the page that is missing, or begin the snapshot again"
            }
            Self::Clock(error) => LogError::Clock(*error).help(),
            Self::Store(error) => error.fault().help(),
        }
    }
}
