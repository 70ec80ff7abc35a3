#![doc = include_str!("../README.md")]
//!
//! # I want to …
//!
//! | to | see |
//! |---|---|
//! | append, serve, acknowledge, prune, explain | [`SyncLog`] |
//! | choose how a log behaves | [`LogOptions`], [`PrunePolicy`], [`UnknownPeers`] |
//! | describe a change | [`Change`], [`SharedChangeEntry`], [`JsonText`] |
//! | name the position of a reader | [`Cursor`], [`Tag`], [`Page`] |
//! | give a device a snapshot | [`SyncLog::head_cursor`]; with versions, [`receive::snapshot()`] and [`receive::merge_snapshot()`] |
//! | apply the pages of other devices | [`receive::apply()`], over a [`receive::ReceiverStore`] |
//! | write own changes in the app's transaction | [`receive::write()`], over a [`receive::OwnStore`] |
//! | take own changes from an outbox into the log | [`take_over()`] |
//! | notice that a file was restored or cloned | [`Verdict`], [`SyncLog::dismiss_verdicts`] |
//! | let a retired peer come back | [`SyncLog::admit`], [`SyncLog::acknowledge`] |
//! | see what a call would do, without doing it | [`SyncLog::dry_run`], [`DryRun`] |
//! | write a backend | [`LogStore`], [`WriteJob`], [`Writes`]; [`Contents`] for a store that keeps the whole log in memory |
//! | plan which entries may be deleted | [`plan`], [`prune_limit`] |
//! | learn why a log does not shrink | [`SyncLog::explain`], [`Explanation`] |
//! | decide what to do about an error | [`LogError::kind`], [`ErrorKind`]; [`LogError::help`] for a person |

mod decide;
mod error;
mod limits;
mod log;
mod model;
pub mod receive;
mod store;

pub use decide::peers::Registration;
pub use decide::prune::{Plan, PruneLimit, plan, prune_limit};
pub use error::{ErrorKind, LogError, StoreError, StoreFault};
pub use hlc::{
    CEILING_MS, Clock, DisplayMs, Drift, DriftExceeded, DriftLimit, DriftLimits, HLC, Hlc, HlcText,
    ManualClock, ObserveError, ParseHlcError, ResumeError, SystemClock, WallClock,
};
pub use limits::{
    BASELINE_COUNTER, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_DATA_BYTES, MAX_DATA_DEPTH,
    MAX_DECLARED_PEERS, MAX_KEPT_ENTRIES, MAX_MODEL_TYPE_BYTES, MAX_OBSERVED, MAX_PAGE_BYTES,
    MAX_PAGE_ENTRIES, MAX_SHARED_COMMIT_BYTES, PRUNE_CHUNK_ENTRIES, RETIRE_AFTER_MS,
    SMALLEST_PRUNE_CHUNK_ENTRIES,
};
pub use log::{LogOptions, OnAck, SharedWallClock, StatusWatch, SyncLog, Watch, take_over};
pub use model::judge;
pub use model::{
    Ack, AckAt, AckOutcome, Altered, Birth, Cause, ChainFault, Change, ChangeType, Cursor,
    DeviceId, Digest, Explanation, JsonText, JsonTextError, LibraryId, LogIdentity, LogState, Mark,
    OwnRow, Page, ParseCursorError, ParseTagError, Peer, PeerFacts, PeerRow, PeerState, Proof,
    PrunePolicy, ReadLimits, Reason, RegisteredBy, Remedy, RetireReason, RowFault,
    SharedChangeEntry, Status, Tag, UnknownChangeType, UnknownPeers, UntrustedRow, Verdict,
    VerdictKind, parse_uuid,
};
pub use store::{
    Contents, DryRun, EntrySummary, Extent, FoundEntry, LogStore, Needs, PeersNeeded, Positions,
    ReadRequest, ReadView, StoredEntry, SumUp, Survey, View, WriteJob, Writes,
};
pub use uuid::Uuid;
