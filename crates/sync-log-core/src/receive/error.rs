//! Why a page cannot be applied.

use hlc::Hlc;
use uuid::Uuid;

use crate::error::ErrorKind;
use crate::limits::{MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::judge::EntryFault;
use crate::model::{Altered, Cursor, DeviceId};

/// Why a receiver cannot apply a page. Nothing of the page may be applied then, and the watermark
/// stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The origin's log cannot hold an entry of the page, for example because the entry is of another device.
    #[error("failed to take a page of {origin}: entry {hlc}: {fault}")]
    BadEntry {
        /// The device that the page comes from.
        origin: DeviceId,
        /// The stamp of the entry.
        hlc: Hlc,
        /// The fault of the entry.
        fault: EntryFault,
    },
    /// The page holds more than a page may.
    #[error(
        "failed to take a page of {origin}: it has {entries} entries and {bytes} bytes, and a page \
         has at most {MAX_PAGE_ENTRIES} entries and {MAX_PAGE_BYTES} bytes"
    )]
    PageTooLarge {
        /// The device that the page comes from.
        origin: DeviceId,
        /// How many entries it has.
        entries: usize,
        /// How many content bytes they have.
        bytes: usize,
    },
    /// The entries do not lead from the cursor that was asked for to the end of the page: the page
    /// was changed on its way.
    #[error("failed to take a page of {origin}: {altered}")]
    Altered {
        /// The device that the page comes from.
        origin: DeviceId,
        /// The stamp at which the chain breaks, and the fault there.
        altered: Altered,
    },
    /// The origin has another log than the one that the receiver has read so far.
    #[error(
        "failed to take a page of {origin}: it is of log {log_id}, and this device has read log \
         {}", watermark.log_id()
    )]
    OtherLog {
        /// The device that the page comes from.
        origin: DeviceId,
        /// The log of the page.
        log_id: Uuid,
        /// What the receiver has of the origin.
        watermark: Cursor,
    },
    /// The page begins above what the receiver has: a page before it is missing.
    #[error(
        "failed to take a page of {origin}: it begins after {}, and this device has everything up \
         to {}", after, expected.hlc()
    )]
    OutOfOrder {
        /// The device that the page comes from.
        origin: DeviceId,
        /// The stamp after which the page begins.
        after: Hlc,
        /// The cursor to read from.
        expected: Cursor,
    },
    /// The page covers what the receiver has, but with another history: the origin's file or this
    /// device's records were restored from a backup, or cloned.
    #[error(
        "failed to take a page of {origin}: it has another history up to {} than this device",
        watermark.hlc()
    )]
    Diverged {
        /// The device that the page comes from.
        origin: DeviceId,
        /// What the receiver has of the origin.
        watermark: Cursor,
    },
}

impl ReceiveError {
    /// What the receiver can do.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::BadEntry { .. } | Self::PageTooLarge { .. } => ErrorKind::FixPeer,
            Self::Altered { .. } | Self::OutOfOrder { .. } => ErrorKind::Retry,
            Self::OtherLog { .. } => ErrorKind::Bootstrap,
            Self::Diverged { .. } => ErrorKind::NewIdentity,
        }
    }

    /// Says to a person what to do next, in one sentence.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::BadEntry { .. } | Self::PageTooLarge { .. } => {
                "end the connection and update the peer's program: no log of this version serves \
                 such a page"
            }
            Self::Altered { .. } | Self::OutOfOrder { .. } => {
                "read again from this device's watermark"
            }
            Self::OtherLog { .. } => "take a snapshot of the origin, then read on from there",
            Self::Diverged { .. } => {
                "read from this device's watermark, so that the origin stores the verdict; a device \
                 that was restored or cloned needs a new id"
            }
        }
    }
}
