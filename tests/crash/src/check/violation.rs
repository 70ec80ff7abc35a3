//! What must not be.

use sync_log_sqlite::{Hlc, Uuid};

/// Something that the acknowledgements do not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// An acknowledged entry is neither there nor pruned.
    #[error("acknowledged entry {hlc} is lost")]
    Lost { hlc: Hlc },
    /// An acknowledged entry has other content.
    #[error("acknowledged entry {hlc} has other content")]
    Altered { hlc: Hlc },
    /// An entry that nobody wrote.
    #[error("nobody wrote entry {hlc}")]
    Unknown { hlc: Hlc },
    /// An entry is there though the floor says it is gone.
    #[error("entry {hlc} is there, below the floor")]
    BelowFloor { hlc: Hlc },
    /// A batch is there in part, or out of order.
    #[error("{there} of {of} entries of a batch")]
    TornBatch { there: usize, of: usize },
    /// An entry went that an active peer has not acknowledged.
    #[error("entry {hlc} was pruned, and a peer lacks it")]
    PrunedUnacknowledged { hlc: Hlc },
    /// A prune stopped inside a chunk.
    #[error("a prune stopped after {gone} entries")]
    TornChunk { gone: usize },
    /// A prune said that it deleted another number of entries.
    #[error("a prune deleted {said} entries, {expected} were due")]
    PrunedCount { said: usize, expected: usize },
    /// What was pruned is no longer.
    #[error("the floor is {floor}, it was {acknowledged}")]
    FloorBack { floor: Hlc, acknowledged: Hlc },
    /// The floor is no entry that was here, or has not its tag.
    #[error("the floor {floor} has not its entry's tag")]
    FloorTag { floor: Hlc },
    /// The head is not at the newest entry that ever was.
    #[error("the head is {found}, not {expected}")]
    Head { found: Hlc, expected: Hlc },
    /// The high-water is below a stamp that was issued or observed.
    #[error("the high-water is {found}, below {least}")]
    HighWater { found: Hlc, least: Hlc },
    /// A stamp is not above an earlier one.
    #[error("stamp {hlc} was given out after {before}")]
    StampNotAbove { hlc: Hlc, before: Hlc },
    /// An append took another stamp than the entry had.
    #[error("an append took another stamp")]
    OtherStamp,
    /// A peer's ack went back.
    #[error("peer {peer} is at {found}, it was at {acknowledged}")]
    AckBack {
        peer: Uuid,
        found: Hlc,
        acknowledged: Hlc,
    },
    /// A peer's row is none that was acknowledged or in flight.
    #[error("the row of peer {peer} was never written")]
    PeerRow { peer: Uuid },
    /// A handle took an entry though its file was moved.
    #[error("entry {hlc} was taken by a handle whose file was moved")]
    NotMoved { hlc: Hlc },
    /// An entry of another log was served.
    #[error("entry {hlc} of another log was served")]
    Served { hlc: Hlc },
    /// An entry is in the log that was made in the stead of another one, and is none of its own.
    #[error("entry {hlc} strayed into the log of another device")]
    Stray { hlc: Hlc },
    /// An entry of the log that was made in the stead of another one is lost.
    #[error("acknowledged entry {hlc} of the other device is lost")]
    LostByOther { hlc: Hlc },
    /// A copy of the file has not what it has to have.
    #[error("in {folder}: {what}")]
    InCopy { folder: String, what: Box<Self> },
    /// An opening that is refused changed something.
    #[error("{folder} is not as it was before a refusal")]
    Touched { folder: String },
    /// It is the log of somebody else, or another one.
    #[error("it is another log")]
    OtherLog,
    /// There is no log though one was acknowledged.
    #[error("there is no log")]
    NoLog,
    /// An answer without a question: the child itself is broken.
    #[error("a child answered what was not asked")]
    Unannounced,
    /// The file cannot be read as a log.
    #[error("the file is damaged: {why}")]
    Unreadable { why: String },
    /// The log cannot be opened, or gives another answer than the file.
    #[error("failed to go on: {why}")]
    Reopening { why: String },
    /// A child failed, or ended without being killed.
    #[error("a child failed: {why}")]
    Child { why: String },
}
