#![doc = include_str!("../README.md")]
//!
//! # I want to …
//!
//! | to | see |
//! |---|---|
//! | append, serve, acknowledge, prune, explain | [`SyncLog`] |
//! | choose how a log behaves | [`LogOptions`], [`PrunePolicy`], [`UnknownPeers`] |
//! | say what changed | [`Change`], [`SharedChangeEntry`], [`JsonText`] |
//! | say where a reader is | [`Cursor`], [`Tag`], [`Page`] |
//! | give a device a snapshot | [`SyncLog::head_cursor`] |
//! | know that a file was restored or cloned | [`Verdict`], [`SyncLog::dismiss_verdicts`] |
//! | let a retired peer come back | [`SyncLog::admit`], [`SyncLog::record_ack_under`] |
//! | see what a call would do, without doing it | [`SyncLog::dry_run`], [`DryRun`] |
//! | write a backend | [`LogStore`], [`WriteJob`], [`Changes`]; for one that keeps it all in memory, [`Contents`] |
//! | decide what may go | [`plan`], [`watermark`] |
//! | answer "why is it not shrinking?" | [`SyncLog::explain`], [`Explanation`] |
//! | decide what to do about an error | [`LogError::kind`], [`ErrorKind`] |

mod ack;
mod append;
mod contents;
mod cursor;
mod dry_run;
mod entry;
mod error;
mod explain;
mod json;
mod limits;
mod log;
mod options;
mod peer;
mod policy;
mod proof;
mod read;
mod shared_store;
mod state;
mod status;
mod store;
mod tag;
mod text;
mod verdict;

pub use ack::AckOutcome;
pub use contents::Contents;
pub use cursor::{Cursor, ParseCursorError};
pub use dry_run::DryRun;
pub use entry::{Change, ChangeType, SharedChangeEntry, UnknownChangeType};
pub use error::{ErrorKind, LogError};
pub use explain::{Cause, Explanation, Held, Remedy};
pub use hlc;
pub use hlc::{HLC, Hlc};
pub use json::{JsonText, JsonTextError};
pub use limits::{
    MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_DATA_BYTES, MAX_DATA_DEPTH, MAX_DECLARED_PEERS,
    MAX_KEPT_ENTRIES, MAX_MODEL_TYPE_BYTES, MAX_OBSERVED, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES,
    PRUNE_CHUNK_ENTRIES, SMALLEST_PRUNE_CHUNK_ENTRIES,
};
pub use log::{OnAck, Registration, SyncLog, Watch};
pub use options::{LogOptions, SharedWallClock, UnknownPeers};
pub use peer::{
    OwnRow, Peer, PeerFacts, PeerRow, PeerState, RegisteredBy, RetireReason, RowFault, UntrustedRow,
};
pub use policy::{Plan, PrunePolicy, Watermark, plan, watermark};
pub use proof::{Altered, ChainFault, Proof};
pub use read::{Page, ReadLimits};
pub use state::{Birth, LogIdentity, LogState};
pub use status::Status;
pub use store::{
    Changes, EntrySummary, Extent, FoundEntry, LogStore, Needs, PeersNeeded, Places, ReadRequest,
    ReadView, StoreError, StoreErrorKind, StoredEntry, Survey, View, WriteJob,
};
pub use tag::{Digest, Mark, ParseTagError, Tag};
pub use text::parse_uuid;
pub use uuid::Uuid;
pub use verdict::{Verdict, VerdictKind};
