//! What a backend provides: one trait, and the values that cross it.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use hlc::Hlc;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entry::SharedChangeEntry;
use crate::error::{ErrorKind, LogError};
use crate::peer::{Peer, PeerRow};
use crate::proof::Altered;
use crate::state::LogState;
use crate::tag::{Mark, Tag};
use crate::verdict::Verdict;

/// Storage of one sync log.
///
/// A store is thin. It keeps three things and never interprets them: the
/// [`LogState`], the entries in HLC order, and the peer rows.
/// Every decision is core's: a store takes its lock, shows core what it holds,
/// writes what core answers, and commits.
///
/// # Contract
/// - **One writer.** Jobs are decided one after another, each under the store's
///   write lock, on state that was read after the lock was taken, also when
///   another process writes to the same storage (`A1`, `P4`).
/// - **Atomic.** All changes of a job become visible and durable together or
///   not at all, and a job never sees half of another (`A2`, `P3`).
/// - **Durable.** After `Ok` the changes survive a killed process and a power
///   cut (`A3`). A store that cannot promise this says so in its first lines.
/// - **Consistent reads.** One [`read`](Self::read) or [`survey`](Self::survey)
///   shows one committed state.
/// - **Byte for byte.** Text comes back exactly as it went in (`A6`).
/// - **Nothing is held between polls.** A future that is not polled for a while, as the
///   other branch of a `select!` is, holds no lock and no turn that another call needs.
///
/// # Not promised
/// Fairness between callers, or any order between jobs that are in flight at
/// the same time.
#[async_trait]
pub trait LogStore: Send + Sync + 'static {
    /// Runs `job` under the write lock and commits what it decides.
    ///
    /// The steps, in this order, all in one transaction: take the write lock;
    /// read the [`LogState`]; ask [`WriteJob::needs`]; collect a [`View`]; call
    /// [`WriteJob::decide`]; write the [`Changes`]; commit. Several jobs may
    /// share one transaction, as long as each sees the changes of those before
    /// it and a refusal of one leaves no trace and does not touch the others.
    ///
    /// A job may be decided more than once, if an earlier attempt was rolled
    /// back; only the last decision counts. Empty changes need no write.
    ///
    /// # Guarantees
    /// - `A2` after `Ok` all changes are readable, after `Err` none is.
    /// - `A3` after `Ok` the changes survive a killed process.
    ///
    /// # Not promised
    /// Whether the changes survive if the storage fails in the commit itself and the process then
    /// dies: after a restart all of them are there, or none.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the log as after `Ok` or as after `Err` (`A7`).
    ///
    /// # Errors
    /// What the job refused with, as it is; or [`LogError::Store`].
    async fn write(&self, job: WriteJob) -> Result<(), LogError>;

    /// Reads entries after a place, and what core needs to judge the reader.
    ///
    /// # Guarantees
    /// - `R1` entries are those strictly above `request.after`, ascending,
    ///   without a gap, at most `max_entries`; at least one, if there is one
    ///   and `max_entries` is not 0, even if it alone exceeds `max_bytes`.
    /// - All parts of the [`ReadView`] are of one committed state.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    ///
    /// # Errors
    /// A row that cannot be read is [`StoreErrorKind::Corrupt`], never skipped; an entry is
    /// marked with [`of_unreadable_entry`](StoreError::of_unreadable_entry).
    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError>;

    /// Sums up what lies above some places, without reading payloads.
    ///
    /// `places` is called once, inside the read transaction, with the state and
    /// all peer rows; the answer has one [`Extent`] for each place, in order.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    async fn survey(&self, places: Places) -> Result<Survey, StoreError>;

    /// Waits until the head is above `place`, and returns it: at once if it is already.
    ///
    /// It may return late, never early: a head that is returned is committed. Commits through
    /// this store are noticed at once. Those through another store on the same storage, in this
    /// process or another, are noticed within a time that the store documents. A store need not
    /// look while no call waits.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the next call compares with the head again.
    ///
    /// # Errors
    /// [`StoreErrorKind::Closed`] once the storage is closed, even while it waits; or as for
    /// [`read`](Self::read).
    async fn head_above(&self, place: Hlc) -> Result<Hlc, StoreError>;

    /// Finishes the jobs that were accepted and closes the storage. Later calls
    /// of any method, on any clone, fail with [`StoreErrorKind::Closed`];
    /// closing again is `Ok`.
    ///
    /// # Errors
    /// The last flush or close failed; everything that was `Ok` is safe.
    async fn close(&self) -> Result<(), StoreError>;
}

/// Where to sum up from, given the state and the peers.
pub type Places = fn(&LogState, &[PeerRow]) -> Vec<Hlc>;

/// What a job wants to see before it decides.
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

/// Which peer rows a job wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeersNeeded {
    /// None.
    #[default]
    None,
    /// That peer's, if it is there.
    One(Uuid),
    /// All of them, in any order.
    All,
}

/// What a job sees: one state, read under the write lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View<'a> {
    /// The log's state.
    pub state: &'a LogState,
    /// Those of [`Needs::entries`] that are there and have a tag, in any order.
    pub entries: Vec<SharedChangeEntry>,
    /// Those of [`Needs::marks`] that have a tag, in any order, whether their entries are there
    /// or not.
    pub marks: Vec<Mark>,
    /// The peer rows that were asked for.
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
    /// Its place in the chain. `None` only of an entry that another program put there.
    pub tag: Option<Tag>,
}

/// An entry as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEntry {
    /// The entry. Without a tag, its `model_version` and `group_end` mean nothing.
    pub entry: SharedChangeEntry,
    /// The tag that is stored for it, if there is one.
    pub tag: Option<Tag>,
}

/// What a job decided, to be written as one step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
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
    /// Delete every entry up to and including this one, which is retained, and their tags.
    /// The store proves them first, with a [`Proof`](crate::Proof) from the floor, and refuses
    /// with what that finds (`R4`). The floor becomes the [`Mark`] that the proof ends at.
    pub prune_through: Option<Hlc>,
    /// What is stored was found not to be what was written: [`LogState::altered`] from now on,
    /// if there is none yet.
    pub altered: Option<Altered>,
    /// A verdict to store. It replaces another of its kind.
    pub verdict: Option<Verdict>,
    /// Whether to delete all verdicts; before the one to store is written.
    pub dismiss_verdicts: bool,
}

impl Changes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

type NeedsFn = Box<dyn Fn(&LogState) -> Needs + Send>;
type DecideFn = Box<dyn FnMut(&View<'_>) -> Result<Changes, LogError> + Send>;

/// One decision of core, to be taken under a store's write lock.
pub struct WriteJob {
    needs: NeedsFn,
    decide: DecideFn,
}

impl WriteJob {
    /// A job from its two steps. Neither does I/O or waits.
    pub fn new(
        needs: impl Fn(&LogState) -> Needs + Send + 'static,
        decide: impl FnMut(&View<'_>) -> Result<Changes, LogError> + Send + 'static,
    ) -> Self {
        Self {
            needs: Box::new(needs),
            decide: Box::new(decide),
        }
    }

    /// What to collect for [`decide`](Self::decide), given the state.
    #[must_use]
    pub fn needs(&self, state: &LogState) -> Needs {
        (self.needs)(state)
    }

    /// Decides what to write.
    ///
    /// # Errors
    /// The refusal; nothing is to be written for this job.
    pub fn decide(&mut self, view: &View<'_>) -> Result<Changes, LogError> {
        (self.decide)(view)
    }
}

impl fmt::Debug for WriteJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WriteJob")
    }
}

/// What to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadRequest {
    /// Entries strictly above this.
    pub after: Hlc,
    /// At most this many; 0 reads none.
    pub max_entries: usize,
    /// Stop before the page's content exceeds this.
    pub max_bytes: usize,
    /// Whose row to read with them.
    pub peer: Option<Uuid>,
}

/// What was read, all of one committed state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadView {
    /// The log's state.
    pub state: LogState,
    /// The mark of the newest retained entry at or below `after`, if there is one.
    pub before: Option<Mark>,
    /// The entries above it.
    pub entries: Vec<FoundEntry>,
    /// Whether no entry is stored above these. Where the limits ended the read, that need not
    /// be known: then it is `false`.
    pub reached_end: bool,
    /// The row of the peer that was asked for, if there is one.
    pub peer: Option<PeerRow>,
}

/// How much lies above a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Entries.
    pub entries: u64,
    /// Their content bytes: `model_type` and `data`.
    pub bytes: u64,
    /// When the oldest of them was written, in ms since the Unix epoch.
    pub oldest_created_at_ms: Option<i64>,
}

/// The answer of [`LogStore::survey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// The log's state.
    pub state: LogState,
    /// All peer rows, ordered by their peer id text.
    pub peers: Vec<PeerRow>,
    /// One for each place that was asked about.
    pub extents: Vec<Extent>,
    /// The stored verdicts, at most one of a kind, in any order.
    pub verdicts: Vec<Verdict>,
}

impl Survey {
    /// The signs that were kept, in the order of their kinds.
    pub(crate) fn signs(&self) -> Vec<Verdict> {
        let mut signs = self.verdicts.clone();
        signs.sort_by_key(|verdict| verdict.kind);
        signs
    }
}

/// What went wrong in the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Another process or connection holds the lock; the wait was given up.
    Locked,
    /// The file or its folder cannot be written.
    ReadOnly,
    /// No space is left.
    Full,
    /// A row or the file is damaged.
    Corrupt,
    /// The log was closed.
    Closed,
    /// Anything else; the source says what.
    Io,
}

impl StoreErrorKind {
    /// What the caller can do about it.
    #[must_use]
    pub const fn remedy(self) -> ErrorKind {
        match self {
            Self::Locked | Self::Full => ErrorKind::Retry,
            Self::Corrupt => ErrorKind::RepairData,
            Self::ReadOnly | Self::Closed | Self::Io => ErrorKind::Reopen,
        }
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Locked => "the storage is locked by another writer",
            Self::ReadOnly => "the storage is read-only",
            Self::Full => "the storage is full",
            Self::Corrupt => "the storage is damaged",
            Self::Closed => "the log is closed",
            Self::Io => "the storage failed",
        })
    }
}

/// A failure of the storage. Cheap to clone: one failed commit is reported to
/// every caller that it concerns.
#[derive(Debug, Clone, thiserror::Error)]
#[error("failed to {doing}: {kind}")]
pub struct StoreError {
    kind: StoreErrorKind,
    doing: Cow<'static, str>,
    unreadable_entry: Option<Hlc>,
    #[source]
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// A failure of `kind` while `doing` something, such as "read a page".
    pub fn new(kind: StoreErrorKind, doing: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            doing: doing.into(),
            unreadable_entry: None,
            source: None,
        }
    }

    /// The same failure, of an entry that is stored and cannot be read: the one with this stamp;
    /// zero if the stamp itself cannot be read.
    #[must_use]
    pub const fn of_unreadable_entry(mut self, hlc: Hlc) -> Self {
        self.unreadable_entry = Some(hlc);
        self
    }

    /// The stamp of the entry that cannot be read, if that is the failure; zero if not even its
    /// stamp can be read.
    #[must_use]
    pub const fn unreadable_entry(&self) -> Option<Hlc> {
        self.unreadable_entry
    }

    /// The same failure, with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// What caused it, where that is an error of this type, such as one of a driver.
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
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

/// A failure of a file that a store keeps. Data that a reader refused to take,
/// or that ends too early, is [`StoreErrorKind::Corrupt`].
impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => StoreErrorKind::Corrupt,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreErrorKind::ReadOnly
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreErrorKind::Full,
            io::ErrorKind::WouldBlock => StoreErrorKind::Locked,
            _ => StoreErrorKind::Io,
        };
        Self::new(kind, "use a file").with_source(error)
    }
}
