//! The list of faults of a store of records, by the case that has to catch each.

use crate::fault::faults;

faults! {
    /// What is wrong with a store of records. A case of the receiver's contract catches each fault.
    RecordFault; case
    entries_reach_the_log_as_they_were_put_out {
        /// The entries of one call are put out in the opposite order.
        OutboxReversed;
        /// Each entry is put out as the end of a group.
        GroupsCutUp;
    }
    what_was_put_out_raises_the_mark {
        /// The mark is read from the entries that are still in the outbox.
        MarkOfTheOutbox;
    }
    what_was_received_raises_the_mark {
        /// What is received does not raise the mark.
        ReceivedNotStored;
        /// The mark falls to what is received.
        MarkFalls;
    }
    pages_of_every_size_hold_every_record_once {
        /// A page holds more records than were asked for.
        PageLimitIgnored;
    }
    only_what_the_app_cannot_read_is_unreadable {
        /// A record of a newer version of its model counts as readable.
        NewerModelIsReadable;
        /// Each record that is not shown counts as unreadable.
        HiddenIsUnreadable;
    }
    every_origin_has_its_own_watermark {
        /// There is one watermark for all origins.
        OneWatermark;
    }
    entries_wait_until_they_are_taken_back {
        /// Entries that wait are returned in the opposite order.
        WaitingDescends;
        /// All entries are taken back with one of them.
        AllTakenBack;
    }
    deleted_records_are_listed_by_stamp {
        /// A deletion above the stamp is listed.
        DeletedUpToIgnored;
        /// Deleted records are listed by record.
        DeletedByRecord;
    }
    what_is_forgotten_leaves_its_stamp_alone {
        /// The ties of a forgotten record stay.
        ForgottenTiesStay;
        /// The stamp of the last record is stored, and not the highest.
        LastForgottenStored;
    }
    a_version_comes_back_as_it_was_written {
        /// The highest update of each model version is lost.
        UpdatesLost;
        /// White space within a payload is lost.
        DataCompacted;
        /// Of a shown record the members that are empty are lost.
        EmptiedLost;
    }
    a_payload_of_the_largest_size_comes_back {
        /// A record with a payload of the largest size is not written.
        LargestPayloadLost;
    }
    a_record_is_looked_up_as_it_was_written_last {
        /// The first version of a record stays.
        FirstVersionStays;
    }
    a_record_is_found_by_its_own_model_and_id {
        /// The name of a model ends at its first NUL.
        ModelCutAtNul;
        /// The case of a model's name does not matter.
        ModelInAnyCase;
    }
    a_tie_finds_the_records_that_have_it_and_no_other {
        /// The name of a key does not matter.
        KeyNameIgnored;
        /// References are no ties.
        ReferencesNotTied;
    }
    ties_are_replaced_if_they_changed {
        /// The ties that a record had stay beside the new ones.
        OldTiesStay;
        /// A record loses its ties when it is written without new ones.
        TiesLost;
    }
    steps_are_taken_in_their_order {
        /// Rows are shown before others are removed.
        ShownBeforeHidden;
    }
    a_row_that_is_refused_is_an_answer {
        /// The steps around a refused one are taken.
        RefusalHalfDone;
        /// A refusal is an error.
        RefusalIsFailure;
        /// Only the first refused record is named.
        FirstRefusalAlone;
    }
    all_watermarks_are_listed {
        /// The watermark of the last origin is not listed.
        LastWatermarkNotListed;
    }
    the_mark_of_what_was_forgotten_only_rises {
        /// A lower stamp takes the mark of what was forgotten back.
        ForgottenFalls;
    }
    own_changes_are_missing_until_they_have_versions {
        /// That own changes have versions is not stored.
        VersionedNotStored;
    }
    what_was_committed_is_there_after_a_restart {
        /// Entries that wait are in memory alone.
        WaitingInMemory;
        /// What is looked up with the mark is not found.
        FoundWithoutMark;
        /// Records that are written with entries are lost.
        RecordsLostWithEntries;
    }
    a_rollback_leaves_nothing {
        /// A rollback leaves the mark raised.
        MarkOutlivesRollback;
        /// A rollback leaves the rows.
        RowsOutliveRollback;
        /// A rollback leaves the ties.
        TiesOutliveRollback;
        /// A rollback leaves the watermark.
        WatermarkOutlivesRollback;
    }
    of_two_transactions_one_waits_for_the_other {
        /// A transaction begins while another one is under way.
        TransactionsOverlap;
    }
}
