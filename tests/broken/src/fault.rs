//! The list of faults, by the clause that each breaks.

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($(#[doc = $list:literal])+ $name:ident; $by:ident
        $($clause:ident { $($(#[doc = $wrong:literal])+ $fault:ident;)+ })+) => {
        $(#[doc = $list])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(
                $(#[doc = $wrong])+
                #[doc = concat!(" Breaks `", stringify!($clause), "`.")]
                $fault,
            )+)+
        }

        impl $name {
            /// Every fault, in the order of the list.
            pub const ALL: &[Self] = &[$($(Self::$fault),+),+];

            /// Its name, as it is written here.
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$fault => stringify!($fault)),+),+
                }
            }

            /// What it breaks.
            pub const fn $by(self) -> &'static str {
                match self {
                    $($(Self::$fault => stringify!($clause)),+),+
                }
            }

            /// What is wrong, in one sentence.
            pub fn wrong(self) -> &'static str {
                match self {
                    $($(Self::$fault => concat!($($wrong),+)),+),+
                }
                .trim()
            }
        }
    };
}

pub(crate) use faults;

faults! {
    /// What is wrong with a store. Each fault breaks a clause.
    Fault; clause
    H5 {
        /// An own stamp that the log gave out is judged by drift: it is refused once the wall clock was set back.
        OwnStampJudgedByDrift;
    }
    H7 {
        /// Every stamp of this device is taken for one that this log gave out.
        OwnStampsAllKnown;
        /// A stamp of this device is not looked up among those that are retained.
        OwnStampNotLookedUp;
        /// After a restart the log is settled at zero.
        SettledForgotten;
    }
    H9 {
        /// How far the clock is ahead is read from the head: what was only ticked is not looked at.
        ClockAheadByHeadAlone;
        /// That a change was recorded after the clock was set back is not shown.
        NewestNotShown;
    }
    A1 {
        /// A stamp is drawn before the lock is had, so another writer may pass it.
        StampBeforeWrite;
        /// A stamp is drawn on what this handle knew, not on what others wrote since.
        StateNotReread;
        /// An entry below the head is taken.
        LateAppendTaken;
        /// An entry at the head is written over the one that is there.
        HeadReplaced;
        /// An identical entry is refused when it comes again.
        RetryRefused;
        /// Another entry at a retained stamp passes for a retry.
        RetryByStampAlone;
        /// The stamp at which the log was settled is not looked at.
        SettledIgnored;
        /// The head becomes the first entry of a batch, not the last.
        HeadIsFirstOfBatch;
    }
    A2 {
        /// The first entry of a batch is committed before the others.
        HalfBatch;
        /// The last entry of a batch is left out.
        BatchTailLost;
        /// Of a batch that mixes retained and new entries, the new ones are written.
        MixedBatchTaken;
        /// Of a batch that begins below the head, what lies above it is written.
        LateBatchCut;
        /// A call that is refused raises the high-water all the same.
        RefusalLeavesTrace;
        /// The refusal of one call is told to another that was written with it.
        RefusalSpreads;
    }
    A3 {
        /// A write is answered before it is committed, and lost if nothing follows.
        OkBeforeCommit;
        /// Closing forgets the last write.
        LastWriteLostAtClose;
        /// After a restart the acks are gone.
        AcksForgotten;
        /// A write that is overtaken by a close is answered with `Ok` and lost.
        CloseForgetsInFlight;
    }
    A4 {
        /// What is observed from another device enters the log as an entry.
        ObservedIsLogged;
        /// Entries are stored under the id of another device.
        OriginOverwritten;
    }
    A5 {
        /// After a restart head and high-water are those of the newest entry that is left.
        HeadForgotten;
        /// After a restart the high-water is the head: what was only observed is forgotten.
        ObservedForgotten;
        /// A tick is given out without being stored.
        TickNotStored;
        /// What is observed is not stored.
        ObservedNotStored;
        /// Observing a stamp from the past raises the high-water all the same.
        PastObservedWritten;
        /// The head is as high as what was only ticked or observed.
        HeadIsHighWater;
        /// The high-water goes back to the entry that was appended last.
        HighWaterGoesBack;
        /// The head of a log that was pruned empty is zero.
        EmptyLogHasNoHead;
    }
    A6 {
        /// White space around a payload is lost.
        DataTrimmed;
        /// A model type ends at its first NUL.
        TextCutAtNul;
        /// A delete comes back as an update.
        DeleteIsUpdate;
        /// The version of a model is not stored.
        ModelVersionLost;
        /// An entry of the largest size is refused.
        LargestEntryRefused;
    }
    A7 {
        /// A peer's row is written in two steps, which a dropped call leaves half done.
        RowInTwoSteps;
        /// A chunk of a prune is deleted in two steps, which a dropped call leaves half done.
        ChunkInTwoSteps;
        /// What a dropped call had decided is written after the next call.
        DroppedCallTakesEffectLater;
        /// After a dropped call nothing can be written any more.
        DroppedCallPoisons;
    }
    R1 {
        /// A page begins with the entry at the cursor.
        CursorIsInclusive;
        /// A page is not ascending.
        NewestFirst;
        /// A page holds one entry less than it could.
        PageOneShort;
        /// A page ignores how many entries were asked for.
        CountIgnored;
        /// A page ignores how many bytes were asked for.
        BytesIgnored;
        /// An entry that does not fit is skipped for a smaller one after it.
        SkipsToFit;
        /// An entry larger than the page is not served at all.
        LargeEntryNotServed;
        /// The owner's list is bounded by bytes too.
        OwnerBoundedByBytes;
        /// Entries that were recorded as one group are stored as a group each, so that pages cut it.
        GroupsForgotten;
        /// Entries are of a later moment than head and floor.
        PageOfTwoMoments;
        /// The sums are of a later moment than head and floor.
        SurveyOfTwoMoments;
    }
    R2 {
        /// A cursor that was given out once is taken though the file no longer has that entry: a restored file goes on as if nothing had happened.
        RestoredServed;
        /// A cursor at or below the head is taken whatever entry is there now: a clone is served like its original.
        CloneServed;
        /// A cursor is taken at an entry of another content, or at the floor of one: its tag is not looked at.
        CursorWithoutTag;
        /// The zero cursor is served on a log that was pruned.
        ZeroAlwaysServed;
        /// A log that is made beside records begins with a zero floor.
        BornWithZeroFloor;
        /// A sign that the file was restored or cloned is not stored.
        VerdictNotStored;
        /// After a restart the signs are forgotten.
        VerdictForgotten;
        /// A sign stays though it was dismissed.
        DismissedVerdictStays;
        /// A dismissal deletes all signs, even those that were found after its caller looked.
        UnseenVerdictDismissed;
        /// All logs have the same log id.
        LogIdShared;
        /// Where the newest entry is missing the log just ends.
        MissingEntryIsTheEnd;
        /// Reading registers the peer.
        ReadRegisters;
        /// A peer that is not registered is served.
        UnknownPeerServed;
    }
    R3 {
        /// A watch sleeps through what was committed before it began to wait.
        WatchSleepsThroughCommits;
        /// A watch tells a head that it has told before.
        WatchRepeatsItself;
        /// A watch waits for ever though the log is closed.
        WatchSurvivesClose;
        /// A watch that nobody polls keeps the log from being closed.
        WatchHoldsTheClose;
    }
    R4 {
        /// The tag of an entry is computed from that entry alone.
        TagWithoutPast;
        /// A page is not compared with the chain: its tags are made up to fit what is there.
        PageTagsMadeUp;
        /// An entry without a tag is passed over.
        UntaggedSkipped;
        /// What a prune deletes is not compared with the chain.
        PruneNotProven;
        /// The tag of an entry is not deleted with it.
        TagOutlivesEntry;
        /// An entry of which only the tag is left looks as if it had never been written.
        LostEntryForgotten;
        /// The log reports that it was altered, and does not store it.
        DamageNotStored;
    }
    K1 {
        /// A peer that never acked does not count when a prune is planned.
        NeverAckedNotCounted;
        /// A peer is registered with the head as its ack.
        RegisteredAtHead;
        /// A registration is answered and not stored.
        RegistrationNotStored;
        /// Registering a peer again sets it back to zero.
        RegisteringAgainResets;
        /// This device can be registered as its own peer.
        OwnPeerRegistered;
        /// Peers are listed in no order.
        PeersUnordered;
    }
    K2 {
        /// An ack below the recorded one moves it back.
        AckGoesBack;
        /// A read below the own ack is not noticed.
        RewindNotSeen;
        /// A read below the own ack holds nothing.
        HoldNotStored;
        /// A hold is committed after the page was returned.
        HoldAfterPage;
        /// Reading on from further up moves the hold up.
        HoldMovesUp;
        /// A stale ack lifts the hold.
        StaleAckLiftsHold;
        /// No ack lifts the hold.
        HoldNeverLifted;
        /// A prune is planned by what peers acked, whatever holds it.
        HoldNotCounted;
    }
    K3 {
        /// An ack above the head is taken.
        AckBeyondHeadTaken;
        /// An ack of a stamp that the log never had is taken.
        UnknownStampTaken;
        /// An ack of a stamp that the log never had counts for the entry below it.
        AckRounded;
        /// An ack by cursor is taken whatever its tag is.
        AckWithoutTag;
        /// The floor cannot be acknowledged.
        FloorNotAckable;
        /// An ack of another device's stamp is taken.
        ForeignAckTaken;
        /// Whether the peer is retired is checked after its ack.
        RetirementCheckedLast;
        /// An ack below the recorded one is looked up first.
        StaleLookedUp;
    }
    K4 {
        /// An ack that registers its peer prunes in the same call.
        UnknownAckPrunes;
        /// An ack of an unknown peer is taken though unknown peers are to be refused.
        UnknownAckTaken;
        /// An ack that is refused registers its peer.
        RefusedAckRegisters;
        /// A peer that was registered by its ack counts as registered by the app.
        AckRegistersAsApp;
    }
    K5 {
        /// An ack moves another peer than the one that gave it.
        AckMovesAnother;
    }
    K6 {
        /// A retired peer may read.
        RetiredMayRead;
        /// A retired peer may acknowledge.
        RetiredMayAck;
        /// A retired peer may register again.
        RetiredMayRegister;
        /// After a restart nobody is retired.
        RetirementForgotten;
        /// Retiring a peer again changes since when it is retired.
        RetirementMoves;
        /// A peer that was never registered can be retired.
        UnknownRetired;
        /// Retiring a peer deletes what it lacked, before the marker is written.
        RetiringDeletes;
        /// An ack under an old admission is taken.
        OldAdmissionTaken;
        /// An admission does not get a number of its own.
        AdmissionNotCounted;
        /// A peer that is admitted again keeps its ack.
        AdmittedKeepsItsAck;
        /// An admission does not end solo.
        AdmissionKeepsSolo;
    }
    P1 {
        /// A prune goes by the fastest peer.
        FastestPeerDecides;
        /// The last peer in the list is not counted.
        LastPeerNotCounted;
        /// A prune deletes one entry more than all have.
        OneTooMany;
        /// A prune deletes nothing and says that it did.
        NothingDeleted;
        /// A prune that deletes nothing writes all the same.
        EmptyPruneWrites;
        /// A prune stops before the first chunk is full.
        ChunkTooSmall;
    }
    W2 {
        /// That own changes come with their records is not stored.
        WithRecordsNotStored;
    }
    P2 {
        /// Without peers everything is deleted.
        NoPeersIsSolo;
        /// With retired peers alone everything is deleted.
        RetiredIsSolo;
        /// That the library is solo is not stored.
        SoloNotStored;
        /// After a restart the library is not solo any more.
        SoloForgotten;
        /// A registration does not end solo.
        SoloNeverEnds;
        /// An ack that registers its peer does not end solo.
        AckKeepsSolo;
        /// A library with active peers can be declared solo.
        SoloDespitePeers;
    }
    P3 {
        /// The floor is never stored.
        FloorNotStored;
        /// The floor is stored in a step after the delete, which a crash between them leaves out.
        FloorAfterDelete;
        /// The floor is stored in a step before the delete, which a crash between them leaves out.
        FloorBeforeDelete;
        /// The floor is stored without its tag.
        FloorWithoutTag;
        /// The floor moves without its tag, which stays that of the floor before.
        FloorTagLeftBehind;
        /// The floor is the entry before the last one that went.
        FloorOneBehind;
        /// The floor is the head as soon as anything went.
        FloorIsHead;
        /// After a restart the floor is zero.
        FloorForgotten;
    }
    P4 {
        /// A plan is computed in one transaction and carried out in the next.
        PlanOutsideTransaction;
        /// The chunks of a prune are planned by the peers that there were at its first.
        PlanOfFirstChunk;
        /// A prune is planned by the peers that there were when the handle was opened.
        PlanOfOpening;
    }
    P5 {
        /// A peer with a fault in its rows does not count when a prune is planned.
        UntrustedSkipped;
        /// A row with a fault is not named.
        UntrustedNotNamed;
        /// A peer that this program never registered does not count.
        StrangerSkipped;
        /// What another program wrote of a peer that was never registered is believed.
        StrangerTrusted;
        /// What the mirror says counts as the ack.
        MirrorAckBelieved;
        /// A peer whose own row cannot be read does not count.
        SpoiledSkipped;
        /// A row whose id is no device's blocks pruning.
        NobodysRowBlocks;
        /// An id in another spelling is understood.
        LooseText;
        /// An own row with an ack above the head counts as one at the head.
        AboveHeadClamped;
        /// A peer whose mirror was deleted has everything.
        DeletedMirrorIsHead;
        /// In a solo library a peer with a fault in its rows does not count.
        UntrustedSkippedInSolo;
        /// A number of an admission that cannot be read is taken for the first.
        AdmissionGuessed;
        /// Rows with a fault stay as they are where nothing else changes.
        RowsNotRepaired;
    }
    P6 {
        /// A policy takes every entry for old.
        AgesIgnored;
        /// When an entry was written is kept in whole seconds.
        AgesInSeconds;
        /// An entry that is dated after now stays until then, whatever is behind it.
        DatedAfterNowKept;
        /// A policy never sees more than one chunk of entries.
        WindowCut;
        /// Retiring a peer deletes what it alone lacked.
        RetiringPrunes;
    }
    P7 {
        /// A lag counts the entry that the peer has.
        LagCountsTheAcked;
        /// A lag leaves the model types out.
        LagWithoutModelType;
        /// A lag counts from the oldest entry of the log.
        LagOfOldest;
        /// Lags are told of the wrong peers.
        LagsSwapped;
        /// A peer that was rewound is shown as if it were not.
        RewindNotShown;
        /// Who was registered by an ack is not told.
        RegisteredByNotShown;
        /// No peer is named.
        NobodyNamed;
        /// Explaining writes to the log.
        ExplainWrites;
    }
    I1 {
        /// A log opens as whose it is asked for.
        BoundToNobody;
        /// A log gets another log id at each opening.
        LogIdRemade;
    }
    I3 {
        /// The acks of an adopted file are trusted.
        AdoptedAcksTrusted;
        /// An adopted log is pruned before its peers are declared.
        UndeclaredPeersIgnored;
        /// An ack of a peer leaves it not verified.
        VerificationNotStored;
        /// That the peers are declared is not stored.
        DeclarationNotStored;
    }
    I4 {
        /// A log that was found altered is served on.
        AlteredServed;
        /// A log that was found altered is written on.
        AlteredIgnored;
    }
    Handle {
        /// A closed handle goes on.
        CloseDoesNothing;
        /// Closing one handle closes the others.
        CloseClosesAll;
        /// Closing again fails.
        ClosingAgainFails;
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no fault has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFault(pub String);

impl fmt::Display for UnknownFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to find a fault named {:?}", self.0)
    }
}

impl std::error::Error for UnknownFault {}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let found = Self::ALL.iter().find(|fault| fault.name() == text);
        found.copied().ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_finds_its_fault_and_no_other_text_does() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(*fault));
            assert!(fault.wrong().ends_with('.'), "{fault} is a sentence");
        }
        for text in ["", "floornotstored", " FloorNotStored"] {
            assert_eq!(text.parse::<Fault>(), Err(UnknownFault(text.to_owned())));
        }
    }
}
