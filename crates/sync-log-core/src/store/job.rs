//! A job: one decision of core, and the values that a store passes to it and gets from it.

use std::fmt;

use hlc::Hlc;
use serde::{Deserialize, Serialize};

use crate::error::LogError;
use crate::model::{
    Altered, DeviceId, LogState, Mark, Peer, PeerRow, SharedChangeEntry, Tag, Verdict,
};

/// What a job has to see before it decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// Retained entries with these HLCs, as many as there are.
    pub entries: Vec<Hlc>,
    /// The marks of retained entries with these HLCs, as many as there are.
    pub marks: Vec<Hlc>,
    /// Peer rows.
    pub peers: PeersNeeded,
    /// The oldest entries, at most this many, without payload.
    pub oldest: usize,
}

/// Which peer rows a job has to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeersNeeded {
    /// No peer row.
    #[default]
    None,
    /// The row of one peer, if there is one.
    One(DeviceId),
    /// All peer rows, in any order.
    All,
}

/// What a job sees: one state, read under the write lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View<'a> {
    /// The log's state.
    pub state: &'a LogState,
    /// The entries of [`Needs::entries`] that the log holds and that have a tag, in any order.
    pub entries: Vec<SharedChangeEntry>,
    /// The marks of [`Needs::marks`] that have a tag, in any order, even if their entries are
    /// missing.
    pub marks: Vec<Mark>,
    /// The peer rows that the job needs.
    pub peers: Vec<PeerRow>,
    /// The oldest entries, ascending.
    pub oldest: Vec<EntrySummary>,
}

/// An entry without its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntrySummary {
    /// The stamp.
    pub hlc: Hlc,
    /// When it was written, in ms since the Unix epoch.
    pub created_at_ms: i64,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEntry {
    /// The entry.
    pub entry: SharedChangeEntry,
    /// When it was written, in ms since the Unix epoch.
    pub created_at_ms: i64,
    /// Its position in the chain. `None` only if another program wrote the entry.
    pub tag: Option<Tag>,
}

/// What a job decided, for the store to write as one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Writes {
    /// Entries to insert, ascending, all above the head, each with its tag. The head
    /// becomes the last of them.
    pub append: Vec<StoredEntry>,
    /// The new high-water.
    pub high_water: Option<Hlc>,
    /// A peer to insert or replace: its ack row and this program's own row.
    pub peer: Option<Peer>,
    /// Whether the library is solo.
    pub solo: Option<bool>,
    /// Whether the peers that are registered are all there are.
    pub peers_declared: Option<bool>,
    /// Whether own changes come with the versions of their records, from a receiver.
    pub with_records: Option<bool>,
    /// Deletes every entry up to and including this one, which is retained, and their tags. The
    /// store first proves them, with a [`Proof`](crate::Proof) from the floor, and refuses the job
    /// if the proof fails (`R4`). The floor becomes the [`Mark`] at which the proof ends.
    pub prune_through: Option<Hlc>,
    /// The finding that the stored log is not as it was written. It becomes [`LogState::altered`],
    /// unless there is one already.
    pub altered: Option<Altered>,
    /// A verdict to store. It replaces another of its kind.
    pub verdict: Option<Verdict>,
    /// The verdicts to delete, before the new verdict is written. Each is deleted only if it is stored
    /// with the same content: another one of its kind was found meanwhile, and stays.
    pub dismiss_verdicts: Vec<Verdict>,
}

impl Writes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

type NeedsFn = Box<dyn Fn(&LogState) -> Needs + Send>;
type DecideFn = Box<dyn FnMut(&View<'_>) -> Result<Writes, LogError> + Send>;

/// One decision of core, which is made under a store's write lock.
pub struct WriteJob {
    needs: NeedsFn,
    decide: DecideFn,
    content_bytes: usize,
}

impl WriteJob {
    /// A job from its two steps. Neither does I/O or waits.
    pub fn new(
        needs: impl Fn(&LogState) -> Needs + Send + 'static,
        decide: impl FnMut(&View<'_>) -> Result<Writes, LogError> + Send + 'static,
    ) -> Self {
        Self {
            needs: Box::new(needs),
            decide: Box::new(decide),
            content_bytes: 0,
        }
    }

    /// The same job, with the content bytes of the entries that it may append.
    #[must_use]
    pub fn with_content_bytes(self, content_bytes: usize) -> Self {
        Self {
            content_bytes,
            ..self
        }
    }

    /// The content bytes of the entries that the job may append. A store that commits several jobs
    /// together bounds their sum (`A6`).
    #[must_use]
    pub const fn content_bytes(&self) -> usize {
        self.content_bytes
    }

    /// What to collect for [`decide`](Self::decide), given the state.
    #[must_use]
    pub fn needs(&self, state: &LogState) -> Needs {
        (self.needs)(state)
    }

    /// Decides what to write.
    ///
    /// # Errors
    /// The refusal. Nothing is written for this job.
    pub fn decide(&mut self, view: &View<'_>) -> Result<Writes, LogError> {
        (self.decide)(view)
    }
}

impl fmt::Debug for WriteJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteJob")
    }
}
