#![doc = include_str!("../README.md")]

mod ack;
mod append;
mod contents;
mod cursor;
mod entry;
mod error;
mod explain;
mod json;
mod limits;
mod log;
mod options;
mod peer;
mod policy;
mod read;
mod shared_store;
mod state;
mod status;
mod store;
mod tag;
mod text;

pub use ack::AckOutcome;
pub use contents::Contents;
pub use cursor::{Cursor, ParseCursorError};
pub use entry::{Change, ChangeType, SharedChangeEntry, UnknownChangeType};
pub use error::{ErrorKind, LogError};
pub use explain::{Cause, Explanation, Held, Remedy};
pub use hlc;
pub use hlc::{HLC, Hlc};
pub use json::{JsonText, JsonTextError};
pub use limits::{
    MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_DATA_BYTES, MAX_DECLARED_PEERS, MAX_KEPT_ENTRIES,
    MAX_MODEL_TYPE_BYTES, MAX_OBSERVED, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES, PRUNE_CHUNK_ENTRIES,
    SMALLEST_PRUNE_CHUNK_ENTRIES,
};
pub use log::{OnAck, Registration, SyncLog, Watch};
pub use options::{LogOptions, SharedWallClock, UnknownPeers};
pub use peer::{
    AckFault, Peer, PeerFacts, PeerRow, PeerState, RegisteredBy, RetireReason, UntrustedRow,
};
pub use policy::{Plan, PrunePolicy, Watermark, plan, watermark};
pub use read::{Page, ReadLimits};
pub use state::{LogIdentity, LogState, Mark};
pub use status::Status;
pub use store::{
    Changes, EntrySummary, Extent, LogStore, Needs, PeersNeeded, Places, ReadRequest, ReadView,
    StoreError, StoreErrorKind, StoredEntry, Survey, View, WriteJob,
};
pub use tag::{ParseTagError, Tag};
pub use text::parse_uuid;
pub use uuid::Uuid;
