//! A cursor names an entry or the floor of this log, or is an error (`R2`).

use sync_log_core::{Cursor, Hlc, LogError};

use crate::harness::Harness;
use crate::refusals::{compacted, diverged, other_log, unknown_peer};
use crate::rig::{Log, Rig};
use crate::sample::{
    change, foreign, in_other_log, just_above, just_below, made_up_tag, own_after, peer, retagged,
};

/// Six entries, of which the first three are pruned; peer 1 is at the floor.
async fn pruned_log<H: Harness>(rig: &Rig<H>) -> (Log, Vec<Hlc>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_apart(&rig.wall, 6, 10).await;
    log.on_ack(peer(1), stamps[2]).await.unwrap();
    (log, stamps)
}

async fn refuses(log: &Log, cursor: Cursor, expected: LogError) {
    log.refuses_to_read("R2", peer(1), cursor, expected).await;
}

/// Every retained entry and the floor are valid cursors, even after a restart.
pub async fn every_retained_entry_and_the_floor_are_positions<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(6).await;
    let mut cursors = Vec::new();
    for stamp in &stamps {
        cursors.push(log.cursor_at(*stamp).await);
    }
    log.on_ack(peer(1), stamps[2]).await.unwrap();
    let log = rig.reopen(log).await;
    assert_eq!(
        log.floor_cursor().await.unwrap(),
        cursors[2],
        "P3: the floor keeps its tag"
    );
    for (index, cursor) in cursors.iter().enumerate().skip(2) {
        let page = log.page(peer(1), *cursor).await;
        let read: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
        assert_eq!(read, stamps[index + 1..], "R2: after entry {index}");
    }
}

/// A cursor of another log is reported as such, wherever it points.
pub async fn a_cursor_of_another_log_is_refused_first<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = pruned_log(&rig).await;
    let floor = log.floor_cursor().await.unwrap();
    let retained = log.cursor_at(stamps[4]).await;
    let log_id = log.identity().log_id;
    let at = |hlc| Cursor::new(log_id, hlc, made_up_tag(7)).unwrap();
    let below = at(stamps[0]);
    let above = at(own_after(stamps[5], 1));
    for cursor in [floor, retained, below, above] {
        let other = in_other_log(cursor);
        let refused = other_log(other.log_id(), log_id);
        refuses(&log, other, refused).await;
    }
}

/// Two files of the same library and device are two logs.
pub async fn another_file_of_the_same_device_is_another_log<H: Harness>() {
    let (one, two) = (Rig::<H>::new().await, Rig::<H>::new().await);
    let (log, copy) = (one.open().await, two.open().await);
    for each in [&log, &copy] {
        each.register_peer(peer(1)).await.unwrap();
        each.record(change(0)).await.unwrap();
    }
    let cursor = log.head_cursor().await.unwrap();
    assert_eq!(cursor.hlc(), copy.head().await.unwrap(), "the same stamp");
    let refused = other_log(log.identity().log_id, copy.identity().log_id);
    refuses(&copy, cursor, refused).await;
}

/// Below the floor, and at zero, the reader needs a snapshot, whatever its tag.
pub async fn a_cursor_below_the_floor_is_compacted<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = pruned_log(&rig).await;
    let log_id = log.identity().log_id;
    let at = |hlc| Cursor::new(log_id, hlc, made_up_tag(1)).unwrap();
    let below = [stamps[0], stamps[1], just_below(stamps[2])].map(at);
    for cursor in [Cursor::ZERO].into_iter().chain(below) {
        let requested = cursor.hlc();
        let refused = compacted(requested, stamps[2], stamps[5]);
        refuses(&log, cursor, refused).await;
    }
}

/// A cursor above the head shows that this file is older than the reader.
pub async fn a_cursor_above_the_head_is_ahead_of_it<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = pruned_log(&rig).await;
    let (log_id, head) = (log.identity().log_id, stamps[5]);
    for requested in [just_above(head), own_after(head, 9), foreign(head)] {
        let cursor = Cursor::new(log_id, requested, made_up_tag(1)).unwrap();
        let refused = LogError::AheadOfHead { requested, head };
        refuses(&log, cursor, refused).await;
    }
}

/// A cursor between floor and head that names no entry with that content shows
/// that the file has another history.
pub async fn a_cursor_that_names_no_entry_diverged<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = pruned_log(&rig).await;
    let head = stamps[5];
    let floor = log.floor_cursor().await.unwrap();
    let retained = log.cursor_at(stamps[4]).await;
    let last = log.cursor_at(head).await;
    let between = own_after(stamps[3], 5);
    let absent = Cursor::new(log.identity().log_id, between, made_up_tag(1)).unwrap();
    for cursor in [retagged(floor), retagged(retained), retagged(last), absent] {
        let requested = cursor.hlc();
        refuses(&log, cursor, diverged(requested, head)).await;
    }
}

/// Head and floor as cursors: on a fresh log, with entries, partly and wholly
/// pruned.
pub async fn head_and_floor_are_cursors_at_every_stage<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let ends = || async {
        (
            log.floor_cursor().await.unwrap(),
            log.head_cursor().await.unwrap(),
        )
    };
    assert_eq!(ends().await, (Cursor::ZERO, Cursor::ZERO), "R2: fresh");
    let stamps = log.record_one_by_one(3).await;
    let last = log.cursor_at(stamps[2]).await;
    assert_eq!(ends().await, (Cursor::ZERO, last), "R2: never pruned");
    let middle = log.cursor_at(stamps[1]).await;
    log.on_ack(peer(1), stamps[1]).await.unwrap();
    assert_eq!(ends().await, (middle, last), "R2: partly pruned");
    log.on_ack(peer(1), stamps[2]).await.unwrap();
    assert_eq!(ends().await, (last, last), "R2: wholly pruned");
    assert_eq!(
        (log.floor().await.unwrap(), log.head().await.unwrap()),
        (stamps[2], stamps[2]),
        "R2"
    );
}

/// An unregistered peer gets nothing, and reading does not register it.
pub async fn reading_never_registers<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.record(change(0)).await.unwrap();
    let head = log.head_cursor().await.unwrap();
    for cursor in [Cursor::ZERO, head, in_other_log(head)] {
        refuses(&log, cursor, unknown_peer(peer(1))).await;
    }
}
