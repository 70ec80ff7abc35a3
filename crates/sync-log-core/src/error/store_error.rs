//! What went wrong in the storage.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;

use hlc::Hlc;

use super::kind::ErrorKind;

/// What went wrong in the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreFault {
    /// Another process or connection held the lock for longer than the call waits.
    Locked,
    /// The app's pool had no free connection for as long as its driver waits.
    NoConnection,
    /// The file or its folder cannot be written.
    ReadOnly,
    /// No space is left.
    Full,
    /// A row or the file is damaged.
    Corrupt,
    /// The log was closed.
    Closed,
    /// Code that the app passed in panicked: its wall clock, or its tracing subscriber. The call
    /// failed, and no other call did.
    Panicked,
    /// The storage is no longer the log that was opened: a file of it was moved, deleted or
    /// replaced, or another handle adopted it.
    Moved,
    /// The change was committed, and by then the storage was no longer the log that was opened. The
    /// change is in the file that was moved, or in none if that file was deleted.
    Uncertain,
    /// The log is closed, and its newest entries are in a file beside the main one, which belongs to
    /// it. Nothing is lost.
    NotWhole,
    /// Any other failure, which the source names.
    Io,
}

impl StoreFault {
    /// What the caller can do about it.
    #[must_use]
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::Locked | Self::NoConnection | Self::Full => ErrorKind::Retry,
            Self::Corrupt => ErrorKind::RepairData,
            Self::Panicked => ErrorKind::FixCall,
            Self::Uncertain => ErrorKind::Uncertain,
            Self::ReadOnly | Self::Closed | Self::Moved | Self::NotWhole | Self::Io => {
                ErrorKind::Reopen
            }
        }
    }
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "the storage is locked by another writer",
            Self::NoConnection => "no connection of the app's pool was free",
            Self::ReadOnly => "the storage is read-only",
            Self::Full => "the storage is full",
            Self::Corrupt => "the storage is damaged",
            Self::Closed => "the log is closed",
            Self::Panicked => "the app's wall clock or tracing subscriber panicked",
            Self::Moved => "the storage is no longer the log that was opened",
            Self::Uncertain => "the storage was moved, deleted or replaced during the commit",
            Self::NotWhole => "the newest entries are in a file beside it",
            Self::Io => "the storage failed",
        })
    }
}

/// A failure of the storage. The error is cheap to clone: one failed commit is reported to every
/// caller that it concerns.
#[derive(Debug, Clone, thiserror::Error)]
#[error("failed to {doing}: {fault}")]
pub struct StoreError {
    fault: StoreFault,
    doing: Cow<'static, str>,
    unreadable_entry: Option<Hlc>,
    #[source]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// A failure while `doing` something, such as "read a page".
    pub fn new(fault: StoreFault, doing: impl Into<Cow<'static, str>>) -> Self {
        Self {
            fault,
            doing: doing.into(),
            unreadable_entry: None,
            source: None,
        }
    }

    /// The same failure, marked as one to read the stored entry with this stamp. Pass zero if the
    /// stamp itself cannot be read.
    #[must_use]
    pub const fn of_unreadable_entry(mut self, hlc: Hlc) -> Self {
        self.unreadable_entry = Some(hlc);
        self
    }

    /// The stamp of the entry that cannot be read, if that is the failure. The stamp is zero if it
    /// cannot be read either.
    #[must_use]
    pub const fn unreadable_entry(&self) -> Option<Hlc> {
        self.unreadable_entry
    }

    /// The same failure, with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// The cause, if it is an error of this type, such as one of a driver.
    #[must_use]
    pub fn source_as<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.source.as_deref()?.downcast_ref()
    }

    /// The same failure, reported as one of `doing` something else.
    #[must_use]
    pub fn while_doing(mut self, doing: impl Into<Cow<'static, str>>) -> Self {
        self.doing = doing.into();
        self
    }

    /// What went wrong.
    #[must_use]
    pub const fn fault(&self) -> StoreFault {
        self.fault
    }

    /// What the caller can do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.fault.kind()
    }
}

/// A failure of a file that a store keeps. Data that a reader refused to take,
/// or that ends too early, is [`StoreFault::Corrupt`].
impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        let fault = match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => StoreFault::Corrupt,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreFault::ReadOnly
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreFault::Full,
            io::ErrorKind::WouldBlock => StoreFault::Locked,
            _ => StoreFault::Io,
        };
        Self::new(fault, "use a file").with_source(error)
    }
}
