//! Whether the stored log is as it was written (`R4`).

use std::fmt;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::entry::SharedChangeEntry;
use super::tag::{Mark, Tag};

/// The fault where the chain breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChainFault {
    /// The entry has no tag: another program wrote it.
    NoTag,
    /// The tag does not follow from the tag before it and this entry: an entry was changed, deleted
    /// or inserted.
    OtherTag,
    /// The stamp of the entry is at or below the stamp of the entry before it.
    OutOfOrder,
    /// Entries that were committed are missing from here on.
    Missing,
    /// The group that begins here has no end within the size of a page.
    OpenGroup,
    /// The entry cannot be read: another program changed it, or it was damaged.
    Unreadable,
    /// The app's records have something that is in no entry, so the log needs a new id and a floor.
    LacksRecords,
}

impl ChainFault {
    /// The stored form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoTag => "no_tag",
            Self::OtherTag => "other_tag",
            Self::OutOfOrder => "out_of_order",
            Self::Missing => "missing",
            Self::OpenGroup => "open_group",
            Self::Unreadable => "unreadable",
            Self::LacksRecords => "lacks_records",
        }
    }

    /// Reads the stored form.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let all = [
            Self::NoTag,
            Self::OtherTag,
            Self::OutOfOrder,
            Self::Missing,
            Self::OpenGroup,
            Self::Unreadable,
            Self::LacksRecords,
        ];
        all.into_iter().find(|fault| fault.as_str() == text)
    }
}

impl fmt::Display for ChainFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTag => "another program wrote the entry",
            Self::OtherTag => "it or what came before it was changed",
            Self::OutOfOrder => "it is out of order",
            Self::Missing => "entries after it are missing",
            Self::OpenGroup => "the end of its group is missing",
            Self::Unreadable => "it cannot be read",
            Self::LacksRecords => "the log lacks what the app's records have",
        })
    }
}

/// The stored log is not as this log wrote it: another program changed it, or the file was damaged
/// and rebuilt (`R4`, `I4`). Nothing was served or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("failed to prove the log at {hlc}: {fault}")]
pub struct Altered {
    /// The stamp where the chain breaks.
    pub hlc: Hlc,
    /// The fault there.
    pub fault: ChainFault,
}

/// Follows the chain over entries, in order, and compares each tag with the stored one.
///
/// A store proves the entries that it is about to delete, and core proves every page.
#[derive(Debug, Clone, Copy)]
pub struct Proof {
    reached: Mark,
}

impl Proof {
    /// A proof that begins after `mark`, which is known to be right.
    #[must_use]
    pub const fn after(mark: Mark) -> Self {
        Self { reached: mark }
    }

    /// Adds the next entry, and its stored tag, if it has one.
    ///
    /// # Errors
    /// [`Altered`] if the chain breaks at this entry. The proof stays at the entry before it.
    pub fn take(&mut self, entry: &SharedChangeEntry, stored: Option<Tag>) -> Result<(), Altered> {
        let hlc = entry.hlc;
        let broken = |fault| Altered { hlc, fault };
        if hlc <= self.reached.hlc {
            return Err(broken(ChainFault::OutOfOrder));
        }
        let stored = stored.ok_or(broken(ChainFault::NoTag))?;
        let next = self.reached.then(entry);
        if next.tag != stored {
            return Err(broken(ChainFault::OtherTag));
        }
        self.reached = next;
        Ok(())
    }

    /// Ends the proof at `hlc`, which must be the last entry that was added.
    ///
    /// # Errors
    /// [`Altered`] if there was no such entry.
    pub fn end_at(self, hlc: Hlc) -> Result<Mark, Altered> {
        if self.reached.hlc == hlc {
            return Ok(self.reached);
        }
        Err(Altered {
            hlc: self.reached.hlc,
            fault: ChainFault::Missing,
        })
    }

    /// The mark of the last entry that was added, or the mark at which the proof began.
    #[must_use]
    pub const fn reached(&self) -> Mark {
        self.reached
    }
}
