//! A file that was put back to an earlier copy is recognised (`R2`).

use sync_log_core::{Ack, AckOutcome, Cursor, LogError, SharedChangeEntry};

use crate::harness::Tampering;
use crate::refusals::{ack_beyond_head, compacted, diverged, unknown_stamp};
use crate::rig::{Log, Rig};
use crate::sample::{HOUR_MS, change, peer};

/// A log with three entries is backed up, peer 1 reads two more, and the backup is restored.
/// Returns the two entries and the cursor of peer 1.
async fn put_back<H: Tampering>(rig: &Rig<H>) -> (Log, [SharedChangeEntry; 2], Cursor) {
    let log = rig.open_with_peers(1).await;
    log.record_one_by_one(3).await;
    let (log, backup) = rig.back_up(log).await;
    rig.wall.advance_ms(5);
    log.record_one_by_one(2).await;
    let page = log.page(peer(1), Cursor::ZERO).await;
    let lost = [page.entries[3].clone(), page.entries[4].clone()];
    (rig.restore(log, &backup).await, lost, page.next)
}

/// Nothing was written since the restore: the peer is ahead of the head.
pub async fn a_restored_file_is_behind_its_peer<H: Tampering>(rig: Rig<H>) {
    let (log, _, cursor) = put_back(&rig).await;
    let head = log.head().await.unwrap();
    let requested = cursor.hlc();
    let refused = LogError::AheadOfHead { requested, head };
    log.refuses_to_read("R2", peer(1), cursor, refused).await;
    let ack = ack_beyond_head(peer(1), requested, head);
    log.refuses_ack("K3", Ack::new(peer(1), cursor), ack).await;
}

/// Other entries were written since, with the same stamps or with later ones:
/// the peer gets an error, never those entries.
pub async fn a_restored_file_that_went_on_never_serves_a_peer_that_was_further<H: Tampering>() {
    for advance_ms in [0, 1, HOUR_MS] {
        let rig = Rig::<H>::new().await;
        let (log, _, cursor) = put_back(&rig).await;
        rig.wall.advance_ms(advance_ms);
        for number in 100..110 {
            log.record(change(number)).await.unwrap();
        }
        let (requested, head) = (cursor.hlc(), log.head().await.unwrap());
        log.refuses_to_read("R2", peer(1), cursor, diverged(requested, head))
            .await;
        let ack = log.acknowledge(Ack::new(peer(1), cursor));
        let unknown = unknown_stamp(peer(1), requested);
        log.refuses("K3", unknown, ack).await;
    }
}

/// The stamp of the peer's cursor was pruned after the restore: still no silent hole.
pub async fn a_restored_file_that_pruned_its_new_entries_is_compacted<H: Tampering>(rig: Rig<H>) {
    let (log, _, cursor) = put_back(&rig).await;
    for number in 100..110 {
        log.record(change(number)).await.unwrap();
    }
    let head = log.head().await.unwrap();
    log.on_ack(peer(1), head).await.unwrap();
    let refused = compacted(cursor.hlc(), head, head);
    log.refuses_to_read("R2", peer(1), cursor, refused).await;
}

/// The floor is at the stamp of the peer's cursor, with other content: the tag of
/// the floor shows it.
pub async fn a_restored_file_pruned_to_the_peers_stamp_diverged<H: Tampering>(rig: Rig<H>) {
    let (log, _, cursor) = put_back(&rig).await;
    for number in 100..102 {
        log.record(change(number)).await.unwrap();
    }
    let head = log.head().await.unwrap();
    assert_eq!(head, cursor.hlc(), "the clock gives the same stamps again");
    log.on_ack(peer(1), head).await.unwrap();
    let log = rig.reopen(log).await;
    let requested = cursor.hlc();
    log.refuses_to_read("R2", peer(1), cursor, diverged(requested, head))
        .await;
}

/// A peer that was not further than the copy is served as before.
pub async fn a_peer_that_was_not_further_reads_on<H: Tampering>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(3).await;
    let cursor = log.cursor_at(stamps[1]).await;
    let (log, backup) = rig.back_up(log).await;
    log.record_one_by_one(2).await;
    let log = rig.restore(log, &backup).await;
    let new = log.record(change(100)).await.unwrap();
    let page = log.page(peer(1), cursor).await;
    let read: Vec<_> = page.entries.iter().map(|entry| entry.hlc).collect();
    assert_eq!(read, [stamps[2], new], "R2");
}

/// The last entry is appended again at its old stamp, which closes the gap in the stamps. A peer
/// that had more entries still gets an error.
pub async fn the_same_entry_after_another_past_is_another_position<H: Tampering>() {
    for prunes in [false, true] {
        let rig = Rig::<H>::new().await;
        let (log, [_, last], cursor) = put_back(&rig).await;
        let hlc = log.append(last).await.unwrap();
        assert_eq!(hlc, cursor.hlc(), "R4: the stamp is there again");
        if prunes {
            log.on_ack(peer(1), hlc).await.unwrap();
        }
        log.refuses_to_read("R2", peer(1), cursor, diverged(hlc, hlc))
            .await;
        log.register_peer(peer(2)).await.unwrap();
        let unknown = unknown_stamp(peer(2), hlc);
        log.refuses_ack("K3", Ack::new(peer(2), cursor), unknown)
            .await;
    }
}

/// All entries, written again in their order, get the same tags.
pub async fn the_same_entries_after_the_same_past_are_the_same_positions<H: Tampering>(
    rig: Rig<H>,
) {
    let (log, lost, cursor) = put_back(&rig).await;
    for entry in lost {
        log.append(entry).await.unwrap();
    }
    let page = log.page(peer(1), cursor).await;
    assert_eq!(page.entries, [], "R4: peer 1 has all");
    let ack = log.acknowledge(Ack::new(peer(1), cursor)).await.unwrap();
    assert_eq!(ack, AckOutcome::Advanced, "R4");
}
