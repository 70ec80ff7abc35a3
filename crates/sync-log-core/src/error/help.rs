//! What to do about an error, in one sentence.

use hlc::ObserveError;

use super::log_error::LogError;
use super::store_error::StoreFault;

impl LogError {
    /// Says to a person what to do next, in one sentence. [`kind`](Self::kind) says it to a
    /// program.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::NilId { .. } => "pass the real id: the nil id stands for nothing",
            Self::IdentityMismatch { .. } => {
                "open the log with the ids that it was made with, or use another folder"
            }
            Self::OptionOutOfRange { .. } => "pass a smaller value",
            Self::ModelTypeLength { .. } => "use a shorter name, and not an empty one",
            Self::DataTooLarge { .. } | Self::DataTooDeep { .. } => {
                "store the content elsewhere and log a reference to it"
            }
            Self::TooMany { .. } | Self::BatchTooLarge { .. } => "split the call into several",
            Self::GroupTooLarge { .. } => {
                "make the group smaller, or write each change as a group by itself with record_each"
            }
            Self::GroupWithoutEnd { .. } => "set group_end on the last entry of each group",
            Self::BatchNotAscending { .. } => "sort the entries by their stamps",
            Self::BatchMixed { .. } => "retry the batch exactly as it was first appended",
            Self::ForeignOrigin { .. } => {
                "pass a stamp that this device drew: other devices' changes are in their own logs"
            }
            Self::Overtaken { .. } => {
                "stamp the change again, or use record, which stamps it itself"
            }
            Self::OtherContent { .. } => "draw a new stamp for each change",
            Self::BelowFloor { .. } => {
                "look at the record, and log the change with a new stamp only if it is missing"
            }
            Self::ZeroLimit => "ask for at least one entry and one byte",
            Self::OwnPeer { .. } => "pass the id of another device",
            Self::UnknownPeer { .. } => "register the peer first",
            Self::PeerRetired { .. } => "admit the peer again, then give it a snapshot",
            Self::OtherAdmission { .. } => {
                "give the peer its present admission number together with a snapshot"
            }
            Self::AdmittedTooOften { .. } => "give that device a new id",
            Self::NotSolo { .. } => "retire the peers first, if they will not come back",
            Self::Compacted { .. } => "give the reader a snapshot, then let it read from there",
            Self::OtherLog { .. } => {
                "give the reader a snapshot: its cursor is of another log of this device"
            }
            Self::AckBeyondHead { .. } | Self::UnknownStamp { .. } => {
                "check that the ack is of a page that this log served"
            }
            Self::UnknownOwnStamp { .. }
            | Self::AdmissionAhead { .. }
            | Self::AheadOfHead { .. }
            | Self::Diverged { .. } => {
                "find out whether this file or the peer's was restored or cloned: a restored \
                 device continues under a new device id"
            }
            Self::Altered(_) => "close the log and open it again, which adopts what is stored",
            Self::Resume(_) => "restore the log from a backup, or start a new one",
            Self::Clock(ObserveError::TooFarAhead(_)) => {
                "set the clock right, here or on the other device, and try again"
            }
            Self::Clock(ObserveError::AboveCeiling { .. }) => {
                "drop the stamp: the device that drew it needs a new id"
            }
            Self::Clock(ObserveError::OwnStampAhead { .. }) => {
                "give this device a new id: it was restored or cloned"
            }
            Self::Store(error) => error.fault().help(),
        }
    }
}

impl StoreFault {
    /// Says to a person what to do next, in one sentence.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Locked => "try again once the other program has finished",
            Self::ReadOnly => "make the file and its folder writable, then open the log again",
            Self::Full => "free some space, then try again",
            Self::Corrupt => "verify the file, and repair or restore it",
            Self::Closed => "open the log again",
            Self::Panicked => "find the panic in the app's wall clock or tracing subscriber",
            Self::Moved => {
                "open the log again, and find out which program moved, deleted or replaced its file"
            }
            Self::NotWhole => {
                "copy the -wal together with the file, or open the log and close it again later"
            }
            Self::Io => "look at the cause, then open the log again",
        }
    }
}
