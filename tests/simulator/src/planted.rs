//! The faults that have to be found.

use broken_stores::Fault;

/// The list in the README: each of these has to be found within 500 seeds of
/// 200 steps. Any other fault of `broken-stores` may be planted too.
pub const PLANTED: [Fault; 36] = [
    Fault::FloorNotStored,
    Fault::FloorAfterDelete,
    Fault::NeverAckedNotCounted,
    Fault::AckGoesBack,
    Fault::AckBeyondHeadTaken,
    Fault::StampBeforeWrite,
    Fault::HeadForgotten,
    Fault::ObservedForgotten,
    Fault::RestoredServed,
    Fault::CloneServed,
    Fault::PlanOutsideTransaction,
    Fault::CursorWithoutTag,
    Fault::OldAdmissionTaken,
    Fault::AdmittedKeepsItsAck,
    Fault::RetiringDeletes,
    Fault::RetiredMayAck,
    Fault::SoloNeverEnds,
    Fault::AdoptedAcksTrusted,
    Fault::UndeclaredPeersIgnored,
    Fault::MirrorAckBelieved,
    Fault::AlteredServed,
    Fault::AlteredIgnored,
    Fault::DamageNotStored,
    Fault::TagWithoutPast,
    Fault::PageTagsMadeUp,
    Fault::UntaggedSkipped,
    Fault::PruneNotProven,
    Fault::TagOutlivesEntry,
    Fault::FloorTagLeftBehind,
    Fault::GroupsForgotten,
    Fault::WatchSleepsThroughCommits,
    Fault::WatchRepeatsItself,
    Fault::WatchSurvivesClose,
    Fault::BornWithZeroFloor,
    Fault::VerdictForgotten,
    Fault::SettledIgnored,
];
