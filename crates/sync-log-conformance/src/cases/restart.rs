//! An entry that was `Ok` is there after a restart, and no stamp is issued twice (`A3`, `A5`).

use sync_log_core::Hlc;

use crate::harness::Harness;
use crate::rig::Rig;
use crate::sample::{DEVICE, HOUR_MS, START_MS, change, foreign, peer};

/// Everything that a log holds is found again after `close`.
pub async fn everything_is_there_after_a_restart<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let peers = log.register_peers(3).await;
    let stamps = log.record_one_by_one(5).await;
    for (peer, acked) in [(peers[0], stamps[3]), (peers[1], stamps[1])] {
        log.record_ack(peer, acked).await.unwrap();
    }
    log.retire(peers[2]).await.unwrap();
    log.prune_acked().await.unwrap();
    log.page(peers[0], log.cursor_at(stamps[2]).await).await;
    log.tick().await.unwrap();
    let before = log.snapshot().await;
    let log = rig.reopen(log).await;
    assert_eq!(log.snapshot().await, before, "A3");
    // Nothing comes between this `Ok` and the end.
    let last = log.record(change(9)).await.unwrap();
    let log = rig.reopen(log).await;
    assert_eq!(log.head().await.unwrap(), last, "A3: the last write too");
}

/// A handle that is dropped without `close` loses nothing that was `Ok`.
pub async fn nothing_that_was_ok_is_lost_without_close<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    let before = log.snapshot().await;
    drop(log);
    let second = rig.open().await;
    assert_eq!(second.snapshot().await, before, "A3");
    // Nothing comes between this `Ok` and the end.
    let last = second.record(change(9)).await.unwrap();
    drop(second);
    let third = rig.open().await;
    assert_eq!(third.head().await.unwrap(), last, "A3: the last write too");
}

/// The log is empty and the wall clock is set back by an hour: head and high-water
/// stay, and stamps still rise.
pub async fn an_empty_log_stamps_above_its_past_with_the_wall_clock_set_back<H: Harness>(
    rig: Rig<H>,
) {
    let log = rig.open_with_peers(1).await;
    let last = *log.record_one_by_one(3).await.last().unwrap();
    log.on_ack(peer(1), last).await.unwrap();
    assert_eq!(log.snapshot().await.entries, [], "A5: the log is empty");
    let log = rig.reopen(log).await;
    rig.wall.advance_ms(-HOUR_MS);
    let log = rig.reopen(log).await;
    let state = log.snapshot().await.state;
    assert_eq!(
        (state.head.hlc, state.high_water, state.floor.hlc),
        (last, last, last),
        "A5: survive an empty log and a restart"
    );
    let next = log.record(change(0)).await.unwrap();
    assert!(next > last, "A5: {next} is above {last}");
}

/// A tick was given out and not appended: no later start issues it again.
pub async fn a_tick_is_never_issued_again_after_a_restart<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let tick = log.tick().await.unwrap();
    assert_eq!(log.snapshot().await.state.high_water, tick, "A5");
    assert_eq!(log.head().await.unwrap(), Hlc::ZERO, "A5: not the head");
    let log = rig.reopen(log).await;
    rig.wall.advance_ms(-HOUR_MS);
    assert!(log.tick().await.unwrap() > tick, "A5");
}

/// After a restart observed stamps count as issued stamps do.
pub async fn what_was_observed_counts_after_a_restart<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let remote = foreign(Hlc::new((START_MS + HOUR_MS).cast_unsigned(), 9, DEVICE));
    log.observe_all(&[remote]).await.unwrap();
    drop(log);
    rig.wall.advance_ms(-HOUR_MS);
    let reopened = rig.open().await;
    let stamp = reopened.record(change(0)).await.unwrap();
    assert!(stamp > remote, "A5: {stamp} is above {remote}");
}

/// The wall clock reads nonsense: stamps ascend, and the log works.
pub async fn a_wall_clock_that_reads_nonsense_stops_nothing<H: Harness>(rig: Rig<H>) {
    let mut log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    let mut last = Hlc::ZERO;
    for reading in [START_MS, -1, i64::MIN, 0, i64::MAX, START_MS - 10 * HOUR_MS] {
        rig.wall.set_ms(reading);
        let stamp = log.record(change(0)).await.unwrap();
        assert!(stamp > last, "A5: {stamp} after {last} at {reading} ms");
        let explanation = log.explain().await.unwrap();
        assert_eq!(
            explanation.reasons[0].lag_entries, explanation.pending_entries,
            "P7: at {reading} ms"
        );
        log = rig.reopen(log).await;
        last = log.tick().await.unwrap();
        assert!(last > stamp, "A5: {last} after {stamp} at {reading} ms");
    }
    let acked = log.head().await.unwrap();
    assert_eq!(log.on_ack(peer(1), acked).await.unwrap().pruned, 6, "P1");
}
