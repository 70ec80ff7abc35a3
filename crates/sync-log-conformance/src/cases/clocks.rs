//! The wall clock of this device was wrong, and is right again (`H5`, `H9`).

use sync_log_core::{
    Cause, Hlc, LogError, PRUNE_CHUNK_ENTRIES, PrunePolicy, Reason, Remedy, VerdictKind, WallClock,
};

use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{DEVICE, HOUR_MS, START_MS, change, entry, peer};

const DAY_MS: i64 = 24 * HOUR_MS;

/// How far ahead the wall clock was: a day and an hour, three days, and 56 years.
const AHEAD_MS: [i64; 3] = [DAY_MS + HOUR_MS, 3 * DAY_MS, 56 * 365 * DAY_MS];

impl<H: Harness> Rig<H> {
    /// Records `count` changes while the wall clock is so far ahead, and sets it right again.
    async fn record_while_ahead(&self, log: &Log, count: usize, ahead_ms: i64) -> Vec<Hlc> {
        let right_ms = self.wall.now_ms();
        self.wall.set_ms(right_ms + ahead_ms);
        let stamps = log.record_bulk(count).await;
        self.wall.set_ms(right_ms);
        stamps
    }
}

/// The stamps that this log gives out go on above those of the wrong time, and the log takes each
/// of them: on the same handle, after a restart, and on another handle.
pub async fn own_stamps_are_taken_however_far_the_wall_clock_was_set_back<H: Harness>(rig: Rig<H>) {
    let mut log = rig.open().await;
    for ahead_ms in AHEAD_MS {
        let wrong = rig.record_while_ahead(&log, 1, ahead_ms).await[0];
        let tick = log.tick().await.unwrap();
        assert!(tick > wrong, "H5: {tick} after {wrong}");
        log.append(entry(tick, 1)).await.unwrap();
        let batch = [log.tick().await.unwrap(), log.tick().await.unwrap()];
        let batch = batch.map(|stamp| entry(stamp, 2)).to_vec();
        log.append_many(batch).await.unwrap();
        let other = rig.open().await;
        let of_other = other.tick().await.unwrap();
        log.append(entry(of_other, 3)).await.unwrap();
        let before = log.tick().await.unwrap();
        log = rig.reopen(log).await;
        log.append(entry(before, 4)).await.unwrap();
        assert!(log.record(change(5)).await.unwrap() > before, "H5");
    }
    assert_eq!(rig.storage.retained().await.len(), 7 * AHEAD_MS.len(), "H5");
}

/// Entries that are dated after now count as being as old as the oldest entry behind them that is
/// not, across chunks: they are pruned, and not before that.
pub async fn keep_for_prunes_what_is_dated_after_now<H: Harness>(rig: Rig<H>) {
    for count in [3, 2 * PRUNE_CHUNK_ENTRIES + 3] {
        let mut options = rig.options();
        options.policy = PrunePolicy::KeepFor { age_ms: 100 };
        let log = rig.open_with(options).await;
        log.register_peer(peer(1)).await.unwrap();
        let wrong = rig.record_while_ahead(&log, count, AHEAD_MS[2]).await;
        let last = wrong[count - 1];
        assert_eq!(log.on_ack(peer(1), last).await.unwrap().pruned, 0, "P6");
        let right = log.record(change(0)).await.unwrap();
        rig.wall.advance_ms(99);
        assert_eq!(log.prune_acked().await.unwrap(), 0, "P6: 99 ms");
        rig.wall.advance_ms(1);
        assert_eq!(log.prune_acked().await.unwrap(), count, "P6: 100 ms");
        assert_eq!(rig.storage.retained().await, [right], "P1");
        assert_eq!(log.on_ack(peer(1), right).await.unwrap().pruned, 1, "P6");
        log.close().await.unwrap();
    }
}

/// `explain` names this device and how far it is ahead, `status` shows it, and neither does so
/// within the limit. The remedy is the clock first, and a new identity once the log was written
/// to since and the clock stayed as it is.
pub async fn a_clock_that_was_ahead_is_named_on_its_own_device<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    for ahead_ms in AHEAD_MS {
        rig.record_while_ahead(&log, 1, ahead_ms).await;
        let shown = log.status().await.unwrap().clock_ahead_ms;
        assert_eq!(shown, ahead_ms.cast_unsigned(), "H9: status");
        assert_eq!(
            named(&log).await,
            [ahead(ahead_ms, Remedy::FixClock)],
            "H9 P7"
        );
        log.record(change(0)).await.unwrap();
        let named = named(&log).await;
        assert_eq!(named, [ahead(ahead_ms, Remedy::NewIdentity)], "H9 P7");
    }
    let log = rig.reopen(log).await;
    rig.wall.advance_ms(AHEAD_MS[2] - DAY_MS - 1);
    let within = [ahead(DAY_MS + 1, Remedy::NewIdentity)];
    assert_eq!(named(&log).await, within, "H9: after a restart too");
    rig.wall.advance_ms(1);
    assert_eq!(named(&log).await, [], "H9: a day is within the limit");
    assert_eq!(
        log.status().await.unwrap().clock_ahead_ms,
        DAY_MS.cast_unsigned()
    );
}

/// A stamp that was only ticked counts too, and a wall clock that reads 1970 is the one to be set.
pub async fn a_wall_clock_that_reads_1970_is_to_be_set<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.record(change(0)).await.unwrap();
    rig.wall.advance_ms(2 * DAY_MS);
    let tick = log.tick().await.unwrap();
    rig.wall.advance_ms(-2 * DAY_MS);
    let ticked = named(&log).await;
    assert_eq!(ticked, [ahead(2 * DAY_MS, Remedy::FixClock)], "H9");
    rig.wall.set_ms(0);
    log.append(entry(tick, 1)).await.unwrap();
    log.record(change(2)).await.unwrap();
    let since_1970_ms = START_MS + 2 * DAY_MS;
    assert_eq!(
        named(&log).await,
        [ahead(since_1970_ms, Remedy::FixClock)],
        "H9"
    );
}

/// The log was lost and made again while the clock was right. The stamps of the lost log come back:
/// `explain` names the sign of the lost log, and the clock with it.
pub async fn own_stamps_of_a_lost_log_name_the_clock_too<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let of_lost_log = Hlc::new((START_MS + 3 * DAY_MS).cast_unsigned(), 0, DEVICE);
    let refused = log.observe_all(&[of_lost_log]).await.unwrap_err();
    assert!(matches!(refused, LogError::UnknownOwnStamp { .. }), "H7");
    let signs = log.signs().await;
    assert_eq!(signs, [(VerdictKind::OwnStamp, of_lost_log, None)], "H7");
    assert_eq!(
        named(&log).await,
        [ahead(3 * DAY_MS, Remedy::FixClock)],
        "H9"
    );
    log.dismiss_verdicts().await.unwrap();
    assert_eq!(named(&log).await, [], "H9");
}

/// The reason that names a clock.
fn ahead(ahead_ms: i64, remedy: Remedy) -> Reason {
    Reason {
        cause: Cause::ClockAhead {
            device_id: DEVICE.into(),
            ahead_ms: ahead_ms.cast_unsigned(),
        },
        peer: None,
        registered_by: None,
        lag_entries: 0,
        lag_bytes: 0,
        lag_ms: 0,
        remedy: Some(remedy),
    }
}

/// The reasons that name a clock.
async fn named(log: &Log) -> Vec<Reason> {
    let reasons = log.explain().await.unwrap().reasons.into_iter();
    let is_clock = |reason: &Reason| matches!(reason.cause, Cause::ClockAhead { .. });
    reasons.filter(is_clock).collect()
}
