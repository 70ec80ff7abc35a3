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
            Self::UnknownPeer { .. } => {
                "register the peer first; if it was registered before, this file was restored from \
                 an older copy, and its device continues under a new id"
            }
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
                "check that the ack is of a page that this log served: if it is, this file was \
                 restored from a copy, and its device continues under a new id"
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
            Self::Clock(error) => about_clock(error),
            Self::WithRecords => {
                "record the change with `SharedRecords`: `insert`, `update`, `delete`, `write`, or \
                 `record_in` in the transaction that changes the row"
            }
            Self::Store(error) => error.fault().help(),
        }
    }
}

const fn about_clock(error: &ObserveError) -> &'static str {
    match error {
        ObserveError::TooFarAhead(_) => {
            "set the wrong clock right, here or on the other device, and try again; if both are \
             right by now, the other device continues under a new id, or waits until its stamps \
             are not ahead any more"
        }
        ObserveError::AboveCeiling { .. } => {
            "drop the stamp: the device that drew it needs a new id"
        }
        ObserveError::OwnStampAhead { .. } => {
            "give this device a new id: it was restored or cloned"
        }
    }
}

impl StoreFault {
    /// Says to a person what to do next, in one sentence.
    #[must_use]
    pub const fn help(self) -> &'static str {
        match self {
            Self::Locked => "try again once the other program has finished",
            Self::NoConnection => {
                "in a transaction of your own call only `record_in`, because other calls need a \
                 connection of their own; otherwise try again, or let the pool have more connections"
            }
            Self::ReadOnly => {
                "make sure that the file and its folder are writable, then open the log to write: \
                 a log that is open only to read takes no changes"
            }
            Self::Full => {
                "free space elsewhere on the disk, then try again: while it is full, the log can \
                 neither take acks nor prune"
            }
            Self::Corrupt => {
                "keep the file, and continue with a restored copy under a new device id, or with a \
                 new log that is made beside the records"
            }
            Self::Closed => "open the log again",
            Self::Panicked => "find the panic in the app's wall clock or tracing subscriber",
            Self::Moved => {
                "close this log, which writes committed entries that it may still hold, then open \
                 the log again, where its file is now"
            }
            Self::Uncertain => {
                "close this log and open it again, where its file is now, then look at the record: \
                 the change may be in the file that was moved, so record it again only if it is \
                 missing"
            }
            Self::NotWhole => {
                "copy the -wal together with the file, or open the log and close it again later"
            }
            Self::Io => "look at the cause, then open the log again",
        }
    }
}

#[cfg(test)]
mod tests {
    use hlc::{DriftExceeded, Hlc};
    use uuid::Uuid;

    use super::*;

    /// Each of these errors has a second cause, or a step that must come first.
    #[test]
    fn what_is_easily_overlooked_is_in_the_help() {
        let peer = Uuid::from_u128(1).into();
        let hlc = Hlc::ZERO;
        let of_unknown = LogError::UnknownStamp { peer, hlc }.help();
        assert!(of_unknown.contains("restored from a copy"));
        let of_stranger = LogError::UnknownPeer { peer }.help();
        assert!(of_stranger.contains("if it was registered before"));
        assert!(LogError::WithRecords.help().contains("`SharedRecords`"));
        let ahead = ObserveError::TooFarAhead(DriftExceeded {
            device: Uuid::nil(),
            remote: hlc,
            now_ms: 0,
            ahead_by_ms: 2,
            limit_ms: 1,
        });
        let of_ahead = LogError::Clock(ahead).help();
        assert!(of_ahead.contains("if both are right by now"));
        let faults = [
            (StoreFault::Moved, "close this log"),
            (StoreFault::Uncertain, "in the file that was moved"),
            (StoreFault::NoConnection, "in a transaction of your own"),
            (StoreFault::ReadOnly, "open only to read"),
            (StoreFault::Full, "elsewhere on the disk"),
            (StoreFault::Corrupt, "keep the file"),
        ];
        for (fault, says) in faults {
            assert!(fault.help().contains(says), "{}", fault.help());
        }
    }
}
