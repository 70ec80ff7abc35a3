//! What can happen in a scenario. Every step can be taken in every state: one
//! that makes no sense any more does nothing, so that steps can be left out.

use crate::gate::Struck;

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A device calls its own log.
    Call {
        on: u8,
        process: u8,
        call: Call,
        struck: Option<Struck>,
    },
    /// A message arrives.
    Deliver {
        /// Counted from the oldest in flight; below 0 from the newest.
        pick: i16,
        process: u8,
        struck: Option<Struck>,
    },
    /// A reader asks an origin for the next page.
    Pull { reader: u8, origin: u8, limit: u16 },
    /// A reader tells an origin how far it is.
    Ack { reader: u8, origin: u8 },
    /// A reader that cannot go on is registered and given a copy.
    Bootstrap {
        reader: u8,
        origin: u8,
        struck: Option<Struck>,
    },
    /// A message is lost.
    Lose { pick: u16 },
    /// A message will arrive twice.
    Duplicate { pick: u16 },
    /// Two devices no longer hear each other.
    Cut { one: u8, other: u8 },
    /// They do again.
    Mend { one: u8, other: u8 },
    /// An operation that was held up goes on.
    Resume {
        /// Counted from the newest of those.
        pick: u8,
        struck: Option<Struck>,
    },
    /// An operation that was held up is dropped.
    Cancel { pick: u8 },
    /// Time passes.
    Wait { ms: i64 },
    /// The wall clock of a device is set.
    Jump { on: u8, ms: i64 },
    /// A process is killed.
    Crash { on: u8, process: u8 },
    /// Both processes of a device close their log.
    Close { on: u8 },
    /// A device copies its files.
    BackUp { on: u8 },
    /// A device puts files back to an earlier copy.
    Restore { on: u8, pick: u8, files: Files },
    /// A copy of a device's files goes on elsewhere, under the same id.
    Clone { of: u8, copy: u8 },
    /// A device's log is lost; it makes a new one, beside its records.
    LoseFile { on: u8 },
    /// A device joins.
    Join { on: u8 },
    /// A device joins, with records that are in no log.
    JoinWithRecords { on: u8 },
    /// A device joins, with a file that an earlier program made.
    JoinWithEarlierFile {
        on: u8,
        /// How many entries of the device are in it.
        entries: u8,
    },
    /// A device is gone for good.
    Leave { on: u8 },
    /// Another program writes to a device's log.
    Foreign {
        on: u8,
        what: ForeignWrite,
        /// Whether the log is pruned before all of it is read.
        prunes_first: bool,
    },
    /// A process of a device begins to watch its log.
    Watch { on: u8, process: u8 },
}

/// What another program writes, which knows the original tables only, or what damage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignWrite {
    /// A change of this device, above all that is there.
    Append,
    /// A change of this device, below the newest that is there.
    Insert,
    /// A change of another device.
    Strange,
    /// That the oldest entry is gone. Its tag stays.
    DeleteOldest,
    /// That the newest entry is gone. Its tag stays.
    DeleteNewest,
    /// That a peer has everything.
    Ack { peer: u8 },
    /// A file that was rebuilt row by row, with less or something else in it.
    Rebuild(Damage),
}

/// What is other in a file that was rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The oldest entry is gone, and its tag.
    NoOldest,
    /// An entry in the middle is gone, and its tag.
    NoMiddle,
    /// The newest entry is gone, and its tag.
    NoNewest,
    /// Every entry is gone, and its tag.
    Nothing,
    /// An entry has other content.
    OtherContent,
    /// An entry has no tag.
    NoTag,
    /// An entry has another tag.
    OtherTag,
}

impl Damage {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::NoOldest,
        Self::NoMiddle,
        Self::NoNewest,
        Self::Nothing,
        Self::OtherContent,
        Self::NoTag,
        Self::OtherTag,
    ];
}

/// What a device calls on its own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Record changes as one batch.
    Record { changes: u16 },
    /// Draw a stamp for a later append.
    Tick,
    /// Append under the stamp that was drawn, again if it was appended.
    Append,
    /// Prune.
    Prune,
    /// Register a device as a peer.
    Register { peer: u8 },
    /// Retire a device.
    Retire { peer: u8 },
    /// Admit a device again that was retired.
    Admit {
        peer: u8,
        /// Whether it has lost what it had of this log.
        is_fresh: bool,
    },
    /// Declare that the devices that are there are all peers.
    Declare,
    /// Trust the acks of an adopted file, if they are true.
    Trust,
    /// Declare the library solo.
    Solo,
    /// Look at everything that is pending.
    Review,
    /// Ask why it does not shrink.
    Explain,
    /// Observe the newest of its own stamps that another device has.
    Echo {
        /// The device that has it.
        reader: u8,
    },
    /// Dismiss the signs that its file was restored or cloned.
    DismissVerdicts,
    /// Take an ack that no device would give.
    WildAck {
        /// The device whose ack it is said to be.
        peer: u8,
        ack: WildAck,
    },
}

/// An ack that no device would give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WildAck {
    /// Above everything in the log.
    BeyondHead,
    /// A stamp that was drawn and never appended.
    Unused,
    /// A stamp of another device.
    Foreign,
}

/// Which files a restore puts back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// The log and what was received.
    Both,
    /// The log alone.
    Log,
    /// What was received alone.
    Received,
}
