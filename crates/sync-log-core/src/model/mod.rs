//! The values of a log. They refuse nothing: the functions in `decide` do.

mod ack;
mod cursor;
mod defaults;
mod entry;
mod explanation;
mod ids;
mod json;
pub mod judge;
mod page;
mod peer;
mod peer_row;
mod policy;
mod proof;
mod state;
mod status;
mod tag;
mod text;
mod verdict;

pub use ack::{Ack, AckAt, AckOutcome};
pub use cursor::{Cursor, ParseCursorError};
pub use entry::{Change, ChangeType, SharedChangeEntry, UnknownChangeType};
pub use explanation::{Cause, Explanation, Reason, Remedy};
pub use ids::{DeviceId, LibraryId};
pub use json::{JsonText, JsonTextError};
pub use page::{Page, ReadLimits};
pub use peer::{Peer, PeerFacts, PeerState, RegisteredBy, RetireReason};
pub use peer_row::{OwnRow, PeerRow, RowFault, UntrustedRow};
pub use policy::{PrunePolicy, UnknownPeers};
pub use proof::{Altered, ChainFault, Proof};
pub use state::{Birth, LogIdentity, LogState};
pub use status::Status;
pub use tag::{Digest, Mark, ParseTagError, Tag};
pub use text::parse_uuid;
pub use verdict::{Verdict, VerdictKind};
