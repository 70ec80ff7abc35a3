#![doc = include_str!("../README.md")]

mod adopt;
mod connect;
mod db;
mod error;
mod failure;
pub mod inspect;
pub mod legacy;
pub mod migration;
mod options;
mod private_copy;
mod probe;
mod rows;
mod sight;
mod statement;
mod store;
mod time;

pub use db::SyncDb;
pub use error::OpenError;
pub use options::{DEFAULT_BUSY_TIMEOUT, DEFAULT_POLL_INTERVAL, FILE_NAME, SyncDbOptions};
pub use store::SqliteStore;

pub use sync_log_core as core;
pub use sync_log_core::hlc::{self, DriftLimit, DriftLimits, ManualClock, SystemClock, WallClock};
pub use sync_log_core::{
    AckFault, AckOutcome, Cause, Change, ChangeType, Cursor, ErrorKind, Explanation, HLC, Held,
    Hlc, JsonText, JsonTextError, LogError, LogIdentity, OnAck, Page, ParseCursorError, Peer,
    PeerFacts, PeerState, PrunePolicy, ReadLimits, RegisteredBy, Registration, Remedy,
    RetireReason, SharedChangeEntry, Status, StoreError, StoreErrorKind, SyncLog, Tag,
    UnknownPeers, UntrustedRow, Uuid, Watch,
};
