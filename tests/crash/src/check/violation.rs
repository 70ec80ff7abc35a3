//! What must not be.

use std::fmt;

use sync_log_sqlite::{Hlc, Uuid};

/// Something that the acknowledgements do not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// An acknowledged entry is neither there nor pruned.
    Lost {
        /// Which.
        hlc: Hlc,
    },
    /// An acknowledged entry has other content.
    Altered {
        /// Which.
        hlc: Hlc,
    },
    /// An entry that nobody wrote.
    Unknown {
        /// Which.
        hlc: Hlc,
    },
    /// An entry is there though the floor says it is gone.
    BelowFloor {
        /// Which.
        hlc: Hlc,
    },
    /// A batch is there in part, or out of order.
    TornBatch {
        /// Entries that are there.
        there: usize,
        /// Entries that it has.
        of: usize,
    },
    /// An entry went that an active peer has not acknowledged.
    PrunedUnacknowledged {
        /// Which.
        hlc: Hlc,
    },
    /// A prune stopped inside a chunk.
    TornChunk {
        /// Entries that went.
        gone: usize,
    },
    /// A prune said that it deleted another number of entries.
    PrunedCount {
        /// What it said.
        said: usize,
        /// What all peers had acknowledged.
        expected: usize,
    },
    /// What was pruned is no longer.
    FloorBack {
        /// Where it is.
        floor: Hlc,
        /// Where it was.
        acknowledged: Hlc,
    },
    /// The floor is no entry that was here, or has not its tag.
    FloorTag {
        /// Where it is.
        floor: Hlc,
    },
    /// The head is not at the newest entry that ever was.
    Head {
        /// Where it is.
        found: Hlc,
        /// Where it should be.
        expected: Hlc,
    },
    /// The high-water is below a stamp that was issued or observed.
    HighWater {
        /// Where it is.
        found: Hlc,
        /// Where it should be at least.
        least: Hlc,
    },
    /// A stamp is not above an earlier one.
    StampNotAbove {
        /// The stamp.
        hlc: Hlc,
        /// The earlier one.
        before: Hlc,
    },
    /// An append took another stamp than the entry had.
    OtherStamp,
    /// A peer's ack went back.
    AckBack {
        /// The peer.
        peer: Uuid,
        /// Where it is.
        found: Hlc,
        /// What was acknowledged.
        acknowledged: Hlc,
    },
    /// A peer's row is none that was acknowledged or in flight.
    PeerRow {
        /// The peer.
        peer: Uuid,
    },
    /// It is the log of somebody else, or another one.
    OtherLog,
    /// There is no log though one was acknowledged.
    NoLog,
    /// An answer without a question: the child itself is broken.
    Unannounced,
    /// The file cannot be read as a log.
    Unreadable {
        /// Why.
        why: String,
    },
    /// The log cannot be opened, or gives another answer than the file.
    Reopening {
        /// Why.
        why: String,
    },
    /// A child failed, or ended without being killed.
    Child {
        /// How.
        why: String,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { hlc } => write!(f, "acknowledged entry {hlc} is lost"),
            Self::Altered { hlc } => write!(f, "acknowledged entry {hlc} has other content"),
            Self::Unknown { hlc } => write!(f, "nobody wrote entry {hlc}"),
            Self::BelowFloor { hlc } => write!(f, "entry {hlc} is there, below the floor"),
            Self::TornBatch { there, of } => write!(f, "{there} of {of} entries of a batch"),
            Self::PrunedUnacknowledged { hlc } => {
                write!(f, "entry {hlc} was pruned, and a peer lacks it")
            }
            Self::TornChunk { gone } => write!(f, "a prune stopped after {gone} entries"),
            Self::PrunedCount { said, expected } => {
                write!(f, "a prune deleted {said} entries, {expected} were due")
            }
            Self::FloorBack {
                floor,
                acknowledged,
            } => write!(f, "the floor is {floor}, it was {acknowledged}"),
            Self::FloorTag { floor } => write!(f, "the floor {floor} has not its entry's tag"),
            Self::Head { found, expected } => write!(f, "the head is {found}, not {expected}"),
            Self::HighWater { found, least } => {
                write!(f, "the high-water is {found}, below {least}")
            }
            Self::StampNotAbove { hlc, before } => {
                write!(f, "stamp {hlc} was given out after {before}")
            }
            Self::OtherStamp => write!(f, "an append took another stamp"),
            Self::AckBack {
                peer,
                found,
                acknowledged,
            } => write!(f, "peer {peer} is at {found}, it was at {acknowledged}"),
            Self::PeerRow { peer } => write!(f, "the row of peer {peer} was never written"),
            Self::OtherLog => write!(f, "it is another log"),
            Self::NoLog => write!(f, "there is no log"),
            Self::Unannounced => write!(f, "a child answered what was not asked"),
            Self::Unreadable { why } => write!(f, "the file is damaged: {why}"),
            Self::Reopening { why } => write!(f, "failed to go on: {why}"),
            Self::Child { why } => write!(f, "a child failed: {why}"),
        }
    }
}
