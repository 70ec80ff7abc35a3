//! What can happen to devices with an app. Every step can be taken in every state: one that makes no
//! sense any more does nothing, so that steps can be left out.

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The app of a device changes some records in one transaction. The drain brings the changes into the
    /// log afterwards.
    Write {
        on: u8,
        edits: Vec<Edit>,
        references: References,
        struck: Option<Struck>,
    },
    /// A device appends to its log what its app's database holds for it.
    Drain { on: u8, struck: Option<Struck> },
    /// A reader asks an origin for what follows on a cursor that it had `back` pages ago.
    Pull {
        reader: u8,
        origin: u8,
        back: u8,
        limit: u8,
    },
    /// A reader asks for what follows on a page that is still on its way to it.
    PullAhead { pick: u8 },
    /// A message arrives: the one at this place in flight, counted from the oldest.
    Deliver { pick: u8, struck: Option<Struck> },
    /// A message is lost.
    Lose { pick: u8 },
    /// A message will arrive twice.
    Duplicate { pick: u8 },
    /// A page that is on its way is followed by one that no honest log serves.
    Forge { pick: u8, how: Forgery },
    /// The process of a device is killed.
    Crash { on: u8 },
    /// A device deletes from its log what every peer has acknowledged.
    Prune { on: u8 },
    /// A device forgets deletions that every other device is past.
    Forget { on: u8 },
    /// A device takes a snapshot of another one.
    Snapshot { reader: u8, donor: u8 },
    /// A device installs the second release of the app.
    Upgrade { on: u8 },
    /// Time passes.
    Wait { ms: i64 },
    /// The wall clock of a device is set: so far off.
    Jump { on: u8, off_ms: i64 },
}

/// A model of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    Tag,
    Album,
    Link,
    Note,
    Memo,
}

impl Model {
    pub(crate) const ALL: [Self; 5] = [Self::Tag, Self::Album, Self::Link, Self::Note, Self::Memo];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Album => "album",
            Self::Link => "link",
            Self::Note => "note",
            Self::Memo => "memo",
        }
    }
}

/// One change that the app wants to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edit {
    pub model: Model,
    /// Which of the records of the model.
    pub record: u8,
    pub how: How,
    /// What its members become.
    pub values: [u8; 3],
}

/// How the app changes a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It updates the row, or inserts it if there is none.
    Save,
    /// It inserts the row, or replaces it by a new one.
    Insert,
    /// It updates the record, even if it was deleted.
    Update,
    /// It saves the row as it is.
    SaveUnchanged,
    /// It deletes the row.
    Delete,
    /// It gives two tags the name of each other.
    Swap,
}

/// Whether the app's database checks references in the transaction of an own write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum References {
    Checked,
    Unchecked,
}

/// What happens to a device while it does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// The database is busy when it is called for the `call`th time.
    Busy { call: u8 },
    /// The process is killed before it commits.
    BeforeCommit,
    /// The process is killed after it commits, and before anything follows from that.
    AfterCommit,
    /// The process is killed while it drains: one group was appended, and is not cleared.
    AfterAppend,
    /// The power is cut after the commit, or at the end of a drain: what was not synced is lost.
    PowerCut,
}

impl Struck {
    /// Whether the process is killed.
    pub fn kills(self) -> bool {
        !matches!(self, Self::Busy { .. })
    }
}

/// A page that no honest log serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgery {
    /// The same entries under another log id.
    OtherLog,
    /// The same entries with another past.
    OtherPast,
    /// The same page, in which an entry was changed.
    OtherEntry,
}
