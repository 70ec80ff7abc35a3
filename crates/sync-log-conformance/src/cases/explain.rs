//! Why the log is not shrinking: who, how much, and what to do (`P7`).

use sync_log_core::{
    Altered, Cause, ChainFault, Explanation, Held, Hlc, RegisteredBy, Remedy, RowFault, Status,
    UntrustedRow,
};

use crate::damage::{Damage, RowDamage};
use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{HOUR_MS, change, change_of_bytes, peer};

/// What one entry of [`change`] counts, for numbers of one digit.
fn bytes_each() -> u64 {
    let change = change(0);
    (change.model_type.len() + change.data.len_bytes()) as u64
}

async fn explain(log: &Log) -> Explanation {
    log.explain().await.unwrap()
}

/// An empty log with sound rows needs no explanation.
pub async fn an_empty_log_holds_nothing<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let nothing = |head, floor| Explanation {
        head,
        floor,
        pending: 0,
        held: Vec::new(),
    };
    assert_eq!(explain(&log).await, nothing(Hlc::ZERO, Hlc::ZERO), "P7");
    log.register_peer(peer(1)).await.unwrap();
    assert_eq!(explain(&log).await, nothing(Hlc::ZERO, Hlc::ZERO), "P7");
    let hlc = log.record(change(0)).await.unwrap();
    log.on_ack(peer(1), hlc).await.unwrap();
    assert_eq!(explain(&log).await, nothing(hlc, hlc), "P7");
}

/// Nobody is registered: register the peers.
pub async fn without_peers_it_says_register<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.record_one_by_one(2).await;
    rig.wall.advance_ms(500);
    let expected = Held {
        cause: Cause::NoPeers,
        peer: None,
        registered_by: None,
        lag_entries: 2,
        lag_bytes: 2 * bytes_each(),
        lag_ms: 500,
        remedy: Some(Remedy::Register),
    };
    assert_eq!(explain(&log).await.held, [expected], "P7");
}

/// Everybody is retired: that may be a solo library.
pub async fn with_retired_peers_alone_it_says_declare_solo<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    log.record(change(0)).await.unwrap();
    log.retire(peer(1)).await.unwrap();
    let held = explain(&log).await.held;
    assert_eq!(held.len(), 1, "P7");
    assert_eq!(held[0].cause, Cause::NoPeers, "P7");
    assert_eq!(held[0].remedy, Some(Remedy::DeclareSolo), "P7");
}

/// A peer that never acked, and one that is behind, with their lags, worst first.
pub async fn every_peer_that_lags_is_named_worst_first<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let mut stamps = Vec::new();
    for number in 0..4 {
        stamps.push(log.record(change(number)).await.unwrap());
        rig.wall.advance_ms(100);
    }
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    log.register_peer(peer(2)).await.unwrap();
    log.register_peer(peer(3)).await.unwrap();
    log.record_ack(peer(3), stamps[2]).await.unwrap();
    log.register_peer(peer(4)).await.unwrap();
    log.record_ack(peer(4), stamps[3]).await.unwrap();
    let lag = |cause, number, by, lag: usize| Held {
        cause,
        peer: Some(peer(number)),
        registered_by: Some(by),
        lag_entries: lag as u64,
        lag_bytes: lag as u64 * bytes_each(),
        lag_ms: lag as u64 * 100,
        remedy: Some(Remedy::Pull),
    };
    let expected = Explanation {
        head: stamps[3],
        floor: Hlc::ZERO,
        pending: 4,
        held: vec![
            lag(Cause::NeverAcked, 2, RegisteredBy::App, 4),
            lag(Cause::Behind, 1, RegisteredBy::Ack, 2),
            lag(Cause::Behind, 3, RegisteredBy::App, 1),
        ],
    };
    assert_eq!(explain(&log).await, expected, "P7");
}

/// Everybody has it, nobody pruned it: no remedy is needed.
pub async fn what_everybody_has_is_not_yet_pruned<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peers(2).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[2]).await.unwrap();
    log.record_ack(peer(2), stamps[1]).await.unwrap();
    let held = explain(&log).await.held;
    let shown: Vec<_> = held
        .iter()
        .map(|held| (&held.cause, held.lag_entries, held.remedy))
        .collect();
    let expected = [
        (&Cause::Behind, 1, Some(Remedy::Pull)),
        (&Cause::NotYetPruned, 2, None),
    ];
    assert_eq!(shown, expected, "P7");
}

/// A peer below the floor cannot catch up by reading.
pub async fn a_peer_below_the_floor_needs_a_snapshot<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    let hlc = log.record(change(0)).await.unwrap();
    log.on_ack(peer(1), hlc).await.unwrap();
    log.register_peer(peer(2)).await.unwrap();
    let held = explain(&log).await.held;
    assert_eq!(held.len(), 1, "P7: though the log is empty");
    assert_eq!(held[0].cause, Cause::BelowFloor, "P7");
    assert_eq!(held[0].peer, Some(peer(2)), "P7");
    assert_eq!(held[0].remedy, Some(Remedy::Bootstrap), "P7");
    log.record_ack(peer(2), hlc).await.unwrap();
    assert_eq!(explain(&log).await.held, [], "P7: after its snapshot");
}

/// `explain` reports what an unregistered device's row keeps, and what the other peers keep.
pub async fn a_strangers_row_is_named_beside_the_others<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    let stamps = log.record_one_by_one(2).await;
    log.record_ack(peer(1), stamps[0]).await.unwrap();
    let id = peer(2).hyphenated().to_string();
    let planted = RowDamage::Mirror(stamps[1].to_string());
    rig.storage.damage_row(&id, planted).await;
    let held = explain(&log).await.held;
    let untrusted = Held {
        cause: Cause::UntrustedRow(UntrustedRow {
            peer_device_id: id,
            fault: RowFault::NotRegistered,
        }),
        peer: Some(peer(2)),
        registered_by: None,
        lag_entries: 2,
        lag_bytes: 2 * bytes_each(),
        lag_ms: 0,
        remedy: Some(Remedy::Register),
    };
    assert_eq!(held.len(), 2, "P7");
    assert_eq!(held[0], untrusted, "P7: worst first");
    assert_eq!(held[1].cause, Cause::Behind, "P7: the others too");
}

/// Lags are never negative, whatever the wall clock says.
pub async fn a_lag_is_never_negative<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    log.record(change(0)).await.unwrap();
    rig.wall.advance_ms(-HOUR_MS);
    assert_eq!(explain(&log).await.held[0].lag_ms, 0, "P7");
}

/// The lag counts from the oldest entry that the peer lacks, not from the
/// oldest of the log.
pub async fn a_lag_counts_from_the_oldest_entry_that_is_lacked<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peers(2).await;
    let first = log.record(change(0)).await.unwrap();
    rig.wall.advance_ms(70);
    log.record(change_of_bytes(500)).await.unwrap();
    rig.wall.advance_ms(30);
    log.record_ack(peer(1), first).await.unwrap();
    let held = explain(&log).await.held;
    let lags: Vec<_> = held.iter().map(|held| (held.peer, held.lag_ms)).collect();
    let expected = [(Some(peer(2)), 100), (Some(peer(1)), 30)];
    assert_eq!(lags, expected, "P7");
    assert_eq!(held[1].lag_bytes, 503, "P7: model type and data");
}

/// Everything of one moment, and each peer under one heading.
pub async fn the_status_counts_what_is_there<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let fresh = log.status().await.unwrap();
    assert_eq!((fresh.pending_entries, fresh.oldest_age_ms), (0, 0), "P7");
    log.register_peers(4).await;
    log.retire(peer(2)).await.unwrap();
    log.retire(peer(4)).await.unwrap();
    let id = peer(3).hyphenated().to_string();
    let garbage = RowDamage::Mirror("garbage".to_owned());
    rig.storage.damage_row(&id, garbage).await;
    let first = log.record(change(0)).await.unwrap();
    rig.wall.advance_ms(70);
    let head = log.record(change(1)).await.unwrap();
    rig.wall.advance_ms(30);
    let high_water = log.tick().await.unwrap();
    log.record_ack(peer(1), first).await.unwrap();
    let expected = Status {
        identity: log.identity(),
        head,
        floor: Hlc::ZERO,
        high_water,
        pending_entries: 2,
        pending_bytes: 2 * bytes_each(),
        oldest_age_ms: 100,
        active_peers: 2,
        retired_peers: 2,
        unverified_peers: 0,
        untrusted_rows: 1,
        solo: false,
        peers_declared: true,
        verdicts: Vec::new(),
        altered: None,
    };
    assert_eq!(log.status().await.unwrap(), expected, "P7");
    rig.storage.adopt().await;
    let adopted = Status {
        unverified_peers: 2,
        peers_declared: false,
        ..expected
    };
    assert_eq!(log.status().await.unwrap(), adopted, "I3");
    rig.storage.damage(Damage::TagDeleted(first)).await;
    assert_eq!(log.status().await.unwrap(), adopted, "I4: nobody looked");
    log.get_since(None, 9).await.unwrap_err();
    let altered = Some(Altered {
        hlc: first,
        fault: ChainFault::NoTag,
    });
    assert_eq!(log.status().await.unwrap().altered, altered, "I4");
}

/// Asking changes nothing.
pub async fn explaining_changes_nothing<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    log.record_one_by_one(2).await;
    let before = log.snapshot().await;
    explain(&log).await;
    log.peers().await.unwrap();
    assert_eq!(log.snapshot().await, before, "P7");
}
