//! What can go wrong, and what the caller can do about it.

use hlc::{Hlc, ObserveError, ResumeError};
use uuid::Uuid;

use super::ahead::{Ahead, AheadOfHead, BeginsAfter};
use super::kind::ErrorKind;
use super::store_error::StoreError;
use crate::limits::{MAX_MODEL_TYPE_BYTES, MAX_PAGE_BYTES, MAX_PAGE_ENTRIES};
use crate::model::{Altered, ChainFault, DeviceId, LibraryId, RetireReason};

/// Why a call was refused, or failed.
///
/// After every error the log is as it was before the call, except where a
/// variant says otherwise.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// An id is nil. Pass a real one.
    #[error("failed to accept a nil {what}")]
    NilId {
        /// Which id.
        what: &'static str,
    },
    /// The log belongs to another library or device (`I1`).
    #[error(
        "failed to open the log as library {library} and device {device}: it is the log of \
         library {stored_library} and device {stored_device}"
    )]
    IdentityMismatch {
        /// The library that the log belongs to.
        stored_library: LibraryId,
        /// The device that the log belongs to.
        stored_device: DeviceId,
        /// The library of the call.
        library: LibraryId,
        /// The device of the call.
        device: DeviceId,
    },
    /// An option is outside its range.
    #[error("failed to take option {option}: {value} is above the limit of {limit}")]
    OptionOutOfRange {
        /// Which option.
        option: &'static str,
        /// The value of the call.
        value: u64,
        /// The most that is allowed.
        limit: u64,
    },

    /// `model_type` is empty or too long.
    #[error(
        "failed to take a model type of {length_bytes} bytes: it must have 1 to {} bytes",
        MAX_MODEL_TYPE_BYTES
    )]
    ModelTypeLength {
        /// Its length.
        length_bytes: usize,
    },
    /// `data` is larger than one entry may hold.
    #[error("failed to take data of {length_bytes} bytes: the limit is {limit_bytes} bytes")]
    DataTooLarge {
        /// Its length.
        length_bytes: usize,
        /// The limit that holds here.
        limit_bytes: usize,
    },
    /// A batch or list has too many items; split it.
    #[error("failed to take {count} items in one call: the limit is {limit}")]
    TooMany {
        /// How many items the call has.
        count: usize,
        /// The most that one call takes.
        limit: usize,
    },
    /// `data` is nested more deeply than JSON readers accept; see [`JsonText`](crate::JsonText).
    #[error("failed to take data that is nested more than {limit} levels deep")]
    DataTooDeep {
        /// The most levels.
        limit: usize,
    },
    /// A batch has too many content bytes; split it.
    #[error("failed to take a batch of {length_bytes} bytes: the limit is {limit_bytes} bytes")]
    BatchTooLarge {
        /// Its content bytes.
        length_bytes: usize,
        /// The most that one batch takes.
        limit_bytes: usize,
    },
    /// A group is larger than a page, in entries or in content bytes. Make the group smaller, or
    /// write its changes with `record_each`, which makes each of them a group by itself.
    #[error(
        "failed to take a group of {count} entries and {length_bytes} bytes: the limits are \
         {MAX_PAGE_ENTRIES} entries and {MAX_PAGE_BYTES} bytes"
    )]
    GroupTooLarge {
        /// Its entries.
        count: usize,
        /// The content bytes of these entries.
        length_bytes: usize,
    },
    /// The last entry of a batch does not end its group. Set its `group_end`.
    #[error("failed to take a batch whose last entry does not end its group: {hlc}")]
    GroupWithoutEnd {
        /// The last entry.
        hlc: Hlc,
    },
    /// A batch is not strictly ascending.
    #[error("failed to take a batch that is not in ascending order: {hlc} follows {previous}")]
    BatchNotAscending {
        /// The entry that is out of order.
        hlc: Hlc,
        /// The one before it.
        previous: Hlc,
    },
    /// Some entries of a batch are in the log already, others are not: it is
    /// neither a new batch nor a retry of one.
    #[error("failed to take a batch that mixes retained entries with new ones: {hlc} is new")]
    BatchMixed {
        /// The first entry that is not in the log.
        hlc: Hlc,
    },
    /// A stamp of another device: only this device's changes enter its log,
    /// and only its stamps can be acknowledged (`A4`, `K3`).
    #[error(
        "failed to take a stamp of another device: this is the log of device {device_id}, the stamp is {hlc}"
    )]
    ForeignOrigin {
        /// The stamp.
        hlc: Hlc,
        /// The device whose log it is.
        device_id: DeviceId,
    },
    /// Another append was faster: the stamp of this entry is below the head, and the log holds no
    /// entry with it (`A1`). This entry was not written: stamp it again, or use `record`.
    #[error("failed to append: another append was faster, and the head is {} ahead of the entry; the entry is {hlc}, the head {head}", Ahead(*head, *hlc))]
    Overtaken {
        /// The entry's stamp; of a batch, the first.
        hlc: Hlc,
        /// Highest HLC ever committed.
        head: Hlc,
    },
    /// The log holds another entry with this stamp (`A1`): one stamp was used for two changes.
    #[error("failed to append: the log holds another entry with the stamp {hlc}")]
    OtherContent {
        /// The stamp.
        hlc: Hlc,
    },
    /// The stamp is at or below the floor, or at or below the stamp that was drawn when this log
    /// was made (`A1`). Every peer that counts has everything up to there. The log no longer
    /// knows whether this entry was part of it.
    #[error("failed to append {hlc}: entries up to {floor} were pruned, or are of an earlier log")]
    BelowFloor {
        /// The entry's stamp; of a batch, the first that is there.
        hlc: Hlc,
        /// Up to here the log knows retained entries only.
        floor: Hlc,
    },
    /// A stamp of this device came back, and this log has no entry with it (`H7`): the file was
    /// restored or cloned, or two devices run under one id. A [`Verdict`](crate::Verdict) was
    /// stored.
    #[error("failed to observe a stamp of this device that its log does not know: {hlc}")]
    UnknownOwnStamp {
        /// The stamp.
        hlc: Hlc,
    },
    /// The clock refused a stamp.
    #[error(transparent)]
    Clock(#[from] ObserveError),
    /// The stored high-water is beyond what a clock can resume from.
    #[error(transparent)]
    Resume(#[from] ResumeError),

    /// A limit is 0, so the call asks for nothing.
    #[error("failed to read with a limit of 0")]
    ZeroLimit,
    /// The cursor is of another log.
    #[error(
        "failed to find the cursor in this log: it is of log {requested}, this is log {log_id}"
    )]
    OtherLog {
        /// The cursor's log.
        requested: Uuid,
        /// This log.
        log_id: Uuid,
    },
    /// The entries after the cursor were pruned: the reader needs a snapshot.
    #[error("failed to read entries that were pruned: {}; the cursor is {requested}, the floor {floor}, the head {head}", BeginsAfter { floor: *floor, cursor: *requested })]
    Compacted {
        /// The last entry that the reader has.
        requested: Hlc,
        /// Highest HLC ever pruned.
        floor: Hlc,
        /// Highest HLC ever committed.
        head: Hlc,
    },
    /// The cursor is above everything that was ever committed here: this file
    /// was restored from an earlier copy, or the cursor is of a later one.
    #[error("failed to find the cursor in this log: {}; the cursor is {requested}, the head {head}", AheadOfHead(*requested, *head))]
    AheadOfHead {
        /// The last entry that the reader has.
        requested: Hlc,
        /// Highest HLC ever committed.
        head: Hlc,
    },
    /// This log never held that entry: it was restored, cloned or rewritten.
    #[error(
        "failed to find the cursor in this log: the log has another history there; the cursor is {requested}, the head {head}"
    )]
    Diverged {
        /// The last entry that the reader has.
        requested: Hlc,
        /// Highest HLC ever committed.
        head: Hlc,
    },
    /// The stored log is not as it was written (`R4`). Close the log and open it again, which
    /// adopts the rows that are there (`I4`).
    #[error(transparent)]
    Altered(#[from] Altered),

    /// The peer is this device itself.
    #[error("failed to take device {peer} as a peer of its own log")]
    OwnPeer {
        /// This device.
        peer: DeviceId,
    },
    /// The peer was never registered.
    #[error("failed to find peer {peer}: it is not registered")]
    UnknownPeer {
        /// The peer.
        peer: DeviceId,
    },
    /// The peer was retired, and may lack entries that were pruned since.
    #[error("failed to serve peer {peer}: it was retired by {reason}")]
    PeerRetired {
        /// The peer.
        peer: DeviceId,
        /// When that happened, in ms since the Unix epoch.
        since_ms: i64,
        /// Why.
        reason: RetireReason,
    },
    /// The ack has another admission number than the present one: the peer was retired and admitted
    /// again, and has not taken a snapshot under its new number (`K6`).
    #[error(
        "failed to take the ack of peer {peer} under admission {given}: its admission is {admission} now"
    )]
    OtherAdmission {
        /// The peer.
        peer: DeviceId,
        /// The number of the ack.
        given: u32,
        /// The present one.
        admission: u32,
    },
    /// The ack names this log, and an admission number that this log has not given yet (`K6`):
    /// the file was restored from an older copy. A [`Verdict`](crate::Verdict) was stored.
    #[error(
        "failed to take the ack of peer {peer} under admission {given}: this log has given only \
         {admission} so far"
    )]
    AdmissionAhead {
        /// The peer.
        peer: DeviceId,
        /// What it acknowledged.
        hlc: Hlc,
        /// The number of the ack.
        given: u32,
        /// The highest that this log has given.
        admission: u32,
    },
    /// A peer was admitted as often as can be counted. Give the device another id.
    #[error("failed to admit peer {peer}: it was admitted {} times", u32::MAX)]
    AdmittedTooOften {
        /// The peer.
        peer: DeviceId,
    },
    /// The ack is above everything that was ever committed here.
    #[error("failed to take the ack of peer {peer}: {}; the ack is {hlc}, the head {head}", AheadOfHead(*hlc, *head))]
    AckBeyondHead {
        /// The peer.
        peer: DeviceId,
        /// What it acknowledged.
        hlc: Hlc,
        /// Highest HLC ever committed.
        head: Hlc,
    },
    /// The ack names no entry of this log, or one with other content.
    #[error("failed to take the ack of peer {peer}: this log has no entry {hlc}")]
    UnknownStamp {
        /// The peer.
        peer: DeviceId,
        /// What it acknowledged.
        hlc: Hlc,
    },
    /// There are active peers, so the library is not solo.
    #[error("failed to declare the library solo: {}", active_peers(*active))]
    NotSolo {
        /// How many.
        active: usize,
    },

    /// The log takes own changes only with the versions of their records (`W2`).
    #[error("failed to record: a receiver records the own changes of this log, with their records")]
    WithRecords,

    /// The storage failed.
    #[error(transparent)]
    Store(StoreError),
}

/// An entry that a store cannot read is not as it was written (`R4`), so the error is
/// [`LogError::Altered`]. Every other failure is [`LogError::Store`].
impl From<StoreError> for LogError {
    fn from(error: StoreError) -> Self {
        let unreadable = error.unreadable_entry().map(|hlc| Altered {
            hlc,
            fault: ChainFault::Unreadable,
        });
        unreadable.map_or(Self::Store(error), Self::Altered)
    }
}

impl LogError {
    /// What the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NilId { .. }
            | Self::IdentityMismatch { .. }
            | Self::OptionOutOfRange { .. }
            | Self::ModelTypeLength { .. }
            | Self::DataTooLarge { .. }
            | Self::DataTooDeep { .. }
            | Self::TooMany { .. }
            | Self::BatchTooLarge { .. }
            | Self::GroupTooLarge { .. }
            | Self::GroupWithoutEnd { .. }
            | Self::BatchNotAscending { .. }
            | Self::BatchMixed { .. }
            | Self::OtherContent { .. }
            | Self::ForeignOrigin { .. }
            | Self::ZeroLimit
            | Self::WithRecords
            | Self::OwnPeer { .. }
            | Self::NotSolo { .. }
            | Self::AckBeyondHead { .. }
            | Self::UnknownStamp { .. } => ErrorKind::FixCall,
            Self::Overtaken { .. } => ErrorKind::Retry,
            Self::BelowFloor { .. } => ErrorKind::Uncertain,
            Self::Clock(ObserveError::OwnStampAhead { .. })
            | Self::UnknownOwnStamp { .. }
            | Self::AdmissionAhead { .. }
            | Self::OtherLog { .. }
            | Self::AdmittedTooOften { .. }
            | Self::AheadOfHead { .. }
            | Self::Diverged { .. } => ErrorKind::NewIdentity,
            Self::Clock(_) | Self::Resume(_) => ErrorKind::FixClock,
            Self::Compacted { .. } | Self::OtherAdmission { .. } => ErrorKind::Bootstrap,
            Self::UnknownPeer { .. } | Self::PeerRetired { .. } => ErrorKind::Admit,
            Self::Altered(_) => ErrorKind::Reopen,
            Self::Store(error) => error.kind(),
        }
    }
}

fn active_peers(count: usize) -> String {
    match count {
        1 => "1 peer is active".to_owned(),
        _ => format!("{count} peers are active"),
    }
}
