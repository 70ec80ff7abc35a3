//! The plan is computed in the transaction that deletes (`P4`): every commit
//! before that transaction counts.

use std::sync::Arc;

use sync_log_core::{Hlc, SMALLEST_PRUNE_CHUNK_ENTRIES};

use crate::harness::Harness;
use crate::interpose::Interposed;
use crate::refusals::unknown_stamp;
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, LIBRARY, change, peer};

/// Entries that peer 1 has acknowledged; a handle to prune with, in front of
/// whose writes something can be put; and another handle to put there.
async fn set_up<H: Harness>(rig: &Rig<H>, entries: usize) -> (Log, Arc<Interposed>, Log, Vec<Hlc>) {
    let rival = rig.open().await;
    rival.register_peer(peer(1)).await.unwrap();
    let stamps = rival.record_bulk(entries).await;
    let last = *stamps.last().unwrap();
    rival.record_ack(peer(1), last).await.unwrap();
    let raced = Interposed::new(rig.storage.open(LIBRARY, DEVICE).await.unwrap());
    let log = Log::on(raced.clone(), rig.options()).await;
    (log, raced, rival, stamps)
}

/// A peer registers right before the delete: it keeps everything.
pub async fn a_registration_right_before_the_delete_counts<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, 3).await;
    raced.before_write(async move {
        rival.register_peer(peer(2)).await.unwrap();
    });
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P4");
    assert!(raced.is_done(), "P4: the rival went first");
    assert_eq!(rig.storage.retained().await, stamps, "P4");
}

/// A peer registers between two chunks: the rest stays.
pub async fn a_registration_between_two_chunks_counts<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, SMALLEST_PRUNE_CHUNK_ENTRIES + 5).await;
    raced.before_write(async {});
    raced.before_write(async move {
        rival.register_peer(peer(2)).await.unwrap();
    });
    let pruned = log.prune_acked().await.unwrap();
    assert_eq!(
        pruned, SMALLEST_PRUNE_CHUNK_ENTRIES,
        "P4: planned anew per chunk"
    );
    assert_eq!(rig.storage.retained().await, stamps[pruned..], "P4");
    let floor = log.floor().await.unwrap();
    assert_eq!(floor, stamps[pruned - 1], "P3: the floor is that far");
}

/// A peer's row is put back, by a rewind, right before the delete.
pub async fn a_rewind_right_before_the_delete_counts<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, 3).await;
    let cursor = rival.cursor_at(stamps[0]).await;
    raced.before_write(async move {
        rival.page(peer(1), cursor).await;
    });
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P4");
    assert_eq!(rig.storage.retained().await, stamps[1..], "P4");
}

/// Appends right before the delete stay.
pub async fn an_append_right_before_the_delete_stays<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, 3).await;
    let writer = rival.clone();
    raced.before_write(async move {
        writer.record(change(9)).await.unwrap();
    });
    assert_eq!(log.prune_acked().await.unwrap(), 3, "P4");
    let head = rival.head().await.unwrap();
    assert!(head > stamps[2], "P4: the rival went first");
    assert_eq!(rig.storage.retained().await, [head], "P4");
}

/// An ack right before the delete may count, and so may a retirement. Both only
/// allow more entries to be pruned.
pub async fn an_ack_right_before_the_delete_is_safe<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, 3).await;
    rival.register_peers(3).await;
    let last = stamps[2];
    let acker = rival.clone();
    raced.before_write(async move {
        acker.record_ack(peer(2), last).await.unwrap();
        acker.retire(peer(3)).await.unwrap();
    });
    assert_eq!(log.prune_acked().await.unwrap(), 3, "P4");
    assert_eq!(log.floor().await.unwrap(), last, "P3");
}

/// Another process prunes right before: nothing is left, nothing breaks.
pub async fn a_prune_right_before_the_delete_is_safe<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, 3).await;
    raced.before_write(async move {
        assert_eq!(rival.prune_acked().await.unwrap(), 3);
    });
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P4");
    assert_eq!(log.floor().await.unwrap(), stamps[2], "P3");
}

/// A solo library gets its first peer right before the delete: nothing is pruned.
pub async fn the_first_registration_right_before_the_delete_ends_solo<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, 3).await;
    rival.retire(peer(1)).await.unwrap();
    rival.declare_solo().await.unwrap();
    raced.before_write(async move {
        rival.register_peer(peer(2)).await.unwrap();
    });
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P4");
    assert_eq!(rig.storage.retained().await, stamps, "P2");
}

/// A peer registers right before solo is declared: the declaration is refused.
pub async fn a_registration_right_before_the_declaration_counts<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, 3).await;
    rival.retire(peer(1)).await.unwrap();
    raced.before_write(async move {
        rival.register_peer(peer(2)).await.unwrap();
    });
    let error = log.declare_solo().await.unwrap_err();
    assert_eq!(format!("{error:?}"), "NotSolo { active: 1 }", "P2");
    assert_eq!(log.prune_acked().await.unwrap(), 0, "P2");
    assert_eq!(rig.storage.retained().await, stamps, "P2");
}

/// A prune runs right before an ack of an entry that it deleted: the entry is the
/// floor now, or below the floor, and the ack is judged as such.
pub async fn an_ack_is_judged_after_the_prune_that_was_first<H: Harness>(rig: Rig<H>) {
    let (log, raced, rival, stamps) = set_up(&rig, 3).await;
    raced.before_write(async move {
        rival.prune_acked().await.unwrap();
    });
    let error = log.record_ack(peer(2), stamps[1]).await.unwrap_err();
    let unknown = unknown_stamp(peer(2), stamps[1]);
    assert_eq!(format!("{error:?}"), format!("{unknown:?}"), "K3");
    assert_eq!(log.snapshot().await.peer(peer(2)), None, "K3");
    log.record_ack(peer(2), stamps[2]).await.unwrap();
}
