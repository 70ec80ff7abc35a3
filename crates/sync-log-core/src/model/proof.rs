//! Whether what is stored is what was written (`R4`).

use std::fmt;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use super::entry::SharedChangeEntry;
use super::tag::{Mark, Tag};

/// What is wrong where the chain breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ChainFault {
    /// The entry has no tag: another program wrote it.
    NoTag,
    /// The tag is not that of this entry after the one before it: an entry was changed, or one
    /// between them was deleted or inserted.
    OtherTag,
    /// The entry is at or below one that it comes after.
    OutOfOrder,
    /// Entries that were committed are missing from here on.
    Missing,
    /// The group that begins here has no end within the size of a page.
    OpenGroup,
    /// The entry cannot be read: another program changed it, or it was damaged.
    Unreadable,
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
        })
    }
}

/// What is stored is not what this log wrote: another program changed it, or it was damaged
/// and rebuilt (`R4`, `I4`). Nothing was served or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("failed to prove the log at {hlc}: {fault}")]
pub struct Altered {
    /// Where.
    pub hlc: Hlc,
    /// What is wrong there.
    pub fault: ChainFault,
}

/// Follows the chain over entries, in order, and compares each tag with the stored one.
///
/// A store uses it for what it is about to delete; core, for every page.
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

    /// Takes the next entry, and the tag that is stored for it, if there is one.
    ///
    /// # Errors
    /// [`Altered`] where the chain breaks. The proof stays where it was.
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

    /// Ends at `hlc`, which must be the last entry that was taken.
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

    /// The last entry that was taken, or where the proof began.
    #[must_use]
    pub const fn reached(&self) -> Mark {
        self.reached
    }
}
