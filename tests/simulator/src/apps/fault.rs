//! What can be wrong with an app, with its receiver's store, or with what drives them.

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($(#[doc = $wrong:literal])+ $fault:ident;)+) => {
        /// A fault of a device. Each has to be found within 500 seeds of 200 steps.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum AppFault {
            $($(#[doc = $wrong])+ $fault,)+
        }

        impl AppFault {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$fault),+];

            /// Its name, as it is written here.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$fault => stringify!($fault)),+
                }
            }
        }
    };
}

faults! {
    /// The watermark is committed before the records.
    WatermarkOutsideTransaction;
    /// A page is acknowledged before it is applied.
    AckBeforeApply;
    /// The last entry of a page is acknowledged, whatever the watermark is.
    AckFromEntry;
    /// One cursor, the highest of all origins, is what every origin is asked from.
    MaximumOverPeers;
    /// A page that brings nothing new is not acknowledged.
    DuplicateNotAcked;
    /// A page whose chain does not pass through the watermark is taken.
    ChainBesideWatermark;
    /// A page of another log is taken.
    OtherLogTaken;
    /// An entry of another device is logged as an own change.
    ForeignEntryLogged;
    /// An own write moves no version.
    WriteWithoutVersion;
    /// Rows from before they were shared count as changed when they were shared.
    BaselineStampedNow;
    /// What an app logged before it shared its records moves no version.
    LoggedWithoutVersions;
    /// The version of a record is that of the log, which has no entry of a pruned change.
    VersionsFromPrunedLog;
    /// A deletion is forgotten as soon as one origin is past it.
    TombstoneDroppedEarly;
    /// A page that fails raises the clock.
    ClockMovedByFailure;
    /// A page does not raise the mark of the own clock.
    MarkNotRaised;
    /// A part of a group is committed before the rest.
    HalfGroupVisible;
    /// A group that refers to a record which is still to come is dropped.
    WaitingDropped;
    /// A deleted record counts as one that is still to come.
    DeletedCountsAsMissing;
    /// A database that is busy counts as one that refuses the row.
    BusyIsRefusal;
    /// An update of a member of a deleted record is dropped.
    DeadUpdateDropped;
    /// Of a deletion and an insertion in one page, the insertion is lost.
    InsertAfterDeleteLost;
    /// An older app does not put back members that it does not know.
    UnknownMembersStripped;
    /// An older app merges and reads what a newer one wrote by its own rules.
    NewerByOldRules;
    /// What is not shown is lost at a restart.
    HiddenForgotten;
    /// A drain appends the newest group first.
    OutboxReversed;
    /// An own write draws its stamps before it has the write lock, so a later commit can have lower ones.
    StampedBeforeLock;
    /// A drain appends only what is not too far ahead of the wall clock.
    OutboxJudgedByDrift;
    /// A drain that was killed appends again what it had appended, as new changes.
    OutboxAppendedTwice;
    /// A drain appends what the app's database has not synced.
    DrainedUnsynced;
    /// A page is acknowledged before the app's database was synced.
    AckedUnsynced;
    /// A row that is to be hidden stays.
    RowStays;
    /// A row stays if another one must refer to it, on one device alone.
    RestrictOnOneDevice;
    /// Two tags swap their names, and the rows that refer to them are lost.
    SwapLosesChildren;
    /// An app deletes a tag, and the other tag with the same name is not shown.
    OwnDeleteShowsNothing;
    /// A newer app goes on with what the older one decided.
    UpgradeShowsNothing;
    /// A snapshot comes without the groups that wait at the donor.
    WaitingNotCarried;
    /// A snapshot brings back what was deleted and forgotten.
    ForgottenComesBack;
    /// A snapshot moves no watermark.
    SnapshotMovesNothing;
}

impl fmt::Display for AppFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for AppFault {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.iter().copied();
        all.find(|fault| fault.name() == text).ok_or(())
    }
}
