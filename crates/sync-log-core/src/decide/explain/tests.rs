//! Tables: one survey each, and what it says.

use uuid::Uuid;

use super::*;
use crate::model::{
    Altered, ChainFault, LogIdentity, PeerState, RegisteredBy, RetireReason, VerdictKind,
};
use crate::store::SumUp;

const DEVICE: Uuid = Uuid::from_u128(0xd0);
const PEER: DeviceId = DeviceId::from_uuid(Uuid::from_u128(0xb0));

fn stamp(number: u64) -> Hlc {
    Hlc::new(number, 0, DEVICE)
}

fn peer(acked: Hlc) -> Peer {
    let new = Peer::new(PEER, RegisteredBy::App, 0);
    Peer { acked, ..new }
}

fn held_at(hold: u64) -> Peer {
    let mut peer = peer(stamp(4));
    peer.facts.hold = Some(stamp(hold));
    peer
}

fn retired() -> Peer {
    let mut peer = peer(stamp(2));
    peer.facts.state = PeerState::Retired {
        since_ms: 1,
        reason: RetireReason::Operator,
    };
    peer
}

/// Entries 3 to 5 are there, 10 bytes each, written at 30, 40 and 50 ms.
fn explained(rows: &[PeerRow], solo: bool, policy: PrunePolicy) -> Vec<Reason> {
    let mut state = LogState::new(LogIdentity {
        library_id: Uuid::from_u128(1).into(),
        device_id: DEVICE.into(),
        log_id: Uuid::from_u128(2),
    });
    (state.head.hlc, state.floor.hlc, state.solo) = (stamp(5), stamp(2), solo);
    let extent = |position: Hlc| {
        let first = position.timestamp.clamp(2, 5) + 1;
        Extent {
            entries: 6 - first,
            bytes: (6 - first) * 10,
            oldest_created_at_ms: (first < 6).then(|| first.cast_signed() * 10),
            earliest_created_at_ms: (first < 6).then(|| first.cast_signed() * 10),
        }
    };
    let survey = Survey {
        state,
        peers: rows.to_vec(),
        extents: positions(&state, rows).into_iter().map(extent).collect(),
        verdicts: Vec::new(),
    };
    explain(&survey, policy, DriftLimit::Unlimited, 100).reasons
}

/// Cause, entries, bytes, ms and remedy of each.
fn summed_up(rows: &[PeerRow], solo: bool) -> Vec<(Cause, u64, u64, u64, Option<Remedy>)> {
    let reasons = explained(rows, solo, PrunePolicy::AckedByAll);
    reasons
        .into_iter()
        .map(|h| (h.cause, h.lag_entries, h.lag_bytes, h.lag_ms, h.remedy))
        .collect()
}

#[test]
fn one_peer_has_one_cause_and_one_remedy() {
    let prune = Some(Remedy::Prune);
    let pull = Some(Remedy::Pull);
    let bootstrap = Some(Remedy::Bootstrap);
    let rewound = Cause::PeerRewound {
        hold: stamp(3),
        acked: stamp(4),
    };
    let table = [
        (
            peer(Hlc::ZERO),
            vec![(Cause::BelowFloor, 3, 30, 70, bootstrap)],
        ),
        (
            peer(stamp(1)),
            vec![(Cause::BelowFloor, 3, 30, 70, bootstrap)],
        ),
        (peer(stamp(2)), vec![(Cause::Behind, 3, 30, 70, pull)]),
        (
            held_at(3),
            vec![
                (rewound, 2, 20, 60, pull),
                (Cause::NotYetPruned, 1, 10, 70, prune),
            ],
        ),
        // Another program set the ack back, to where pruning held or below.
        (
            held_at(4),
            vec![
                (Cause::Behind, 1, 10, 50, pull),
                (Cause::NotYetPruned, 2, 20, 70, prune),
            ],
        ),
        (
            held_at(5),
            vec![
                (Cause::Behind, 1, 10, 50, pull),
                (Cause::NotYetPruned, 2, 20, 70, prune),
            ],
        ),
        (
            peer(stamp(5)),
            vec![(Cause::NotYetPruned, 3, 30, 70, prune)],
        ),
    ];
    for (peer, expected) in table {
        assert_eq!(summed_up(&[peer.into()], false), expected, "{peer:?}");
    }
}

#[test]
fn without_an_active_peer_it_is_nobody_or_solo() {
    let no_peers = |remedy| vec![(Cause::NoPeers, 3, 30, 70, Some(remedy))];
    assert_eq!(summed_up(&[], false), no_peers(Remedy::Register));
    let retired = retired();
    assert_eq!(
        summed_up(&[retired.into()], false),
        no_peers(Remedy::DeclareSolo)
    );
    let prune = Some(Remedy::Prune);
    let solo = vec![(Cause::NotYetPruned, 3, 30, 70, prune)];
    assert_eq!(summed_up(&[], true), solo);
    assert_eq!(summed_up(&[retired.into()], true), solo);
}

#[test]
fn a_row_with_a_fault_keeps_all_if_it_counts_as_none_and_nothing_if_it_is_nobodys() {
    let sound = PeerRow::from(peer(stamp(5)));
    let own = |own| PeerRow {
        own,
        ..sound.clone()
    };
    let no_peers = PeerRow {
        peer_device_id: "laptop".to_owned(),
        ..sound.clone()
    };
    let other_mirror = PeerRow {
        mirror: Some(stamp(4).to_string()),
        ..sound.clone()
    };
    let spoiled = Some(OwnRow::Unreadable { admission: Some(1) });
    let keeps_all = (3, 30, 70, Some(Remedy::Register));
    let table = [
        (own(None), RowFault::NotRegistered, keeps_all),
        (own(spoiled), RowFault::Unreadable, keeps_all),
        (
            no_peers,
            RowFault::PeerIdText,
            (0, 0, 0, Some(Remedy::Reopen)),
        ),
        (
            other_mirror,
            RowFault::OtherMirror,
            (0, 0, 0, Some(Remedy::Pull)),
        ),
    ];
    for (row, fault, (entries, bytes, ms, remedy)) in table {
        let untrusted = UntrustedRow {
            peer_device_id: row.peer_device_id.clone(),
            fault,
        };
        let expected = (Cause::UntrustedRow(untrusted), entries, bytes, ms, remedy);
        let explained = summed_up(&[row], false);
        assert!(explained.contains(&expected), "{fault}: {explained:?}");
    }
}

#[test]
fn a_reason_names_its_peer_and_how_that_peer_was_registered() {
    let named = |rows: &[PeerRow]| {
        let reasons = explained(rows, false, PrunePolicy::AckedByAll).into_iter();
        let named = reasons.map(|reason| (reason.cause, reason.peer, reason.registered_by));
        named.collect::<Vec<_>>()
    };
    let app = Some(RegisteredBy::App);
    let behind = (Cause::Behind, Some(PEER), app);
    assert_eq!(named(&[peer(stamp(3)).into()])[0], behind);
    let other_mirror = PeerRow {
        mirror: Some(stamp(4).to_string()),
        ..PeerRow::from(peer(stamp(5)))
    };
    let untrusted = UntrustedRow {
        peer_device_id: other_mirror.peer_device_id.clone(),
        fault: RowFault::OtherMirror,
    };
    let mirrored = (Cause::UntrustedRow(untrusted), Some(PEER), app);
    assert_eq!(named(&[other_mirror])[0], mirrored);
}

#[test]
fn a_verdict_names_the_peer_that_showed_it() {
    let verdict = Verdict {
        kind: VerdictKind::Diverged,
        hlc: stamp(3),
        peer: Some(PEER),
        found_at_ms: 0,
    };
    let mut restored = surveyed(&[peer(stamp(5)).into()], 0);
    restored.verdicts.push(verdict);
    let explained = explain(
        &restored,
        PrunePolicy::AckedByAll,
        DriftLimit::Unlimited,
        100,
    );
    let mut reasons = explained.reasons.into_iter();
    let found = reasons.find(|reason| reason.cause == Cause::Restored(verdict));
    assert_eq!(found.and_then(|reason| reason.peer), Some(PEER));
}

/// The peer cannot pull before the device that was restored has a new id.
#[test]
fn what_is_restored_is_named_before_what_its_peer_lacks() {
    let other = DeviceId::from_uuid(Uuid::from_u128(0xb1));
    let worse = Peer {
        device_id: other,
        ..peer(stamp(2))
    };
    let mut restored = surveyed(&[peer(stamp(3)).into(), worse.into()], 0);
    restored.verdicts.push(Verdict {
        kind: VerdictKind::Diverged,
        hlc: stamp(3),
        peer: Some(PEER),
        found_at_ms: 0,
    });
    let limit = DriftLimit::Unlimited;
    let reasons = explain(&restored, PrunePolicy::AckedByAll, limit, 100).reasons;
    let named = reasons.into_iter().map(|it| (it.peer, it.remedy));
    let expected = [
        (Some(other), Some(Remedy::Pull)),
        (Some(PEER), Some(Remedy::NewIdentity)),
        (Some(PEER), Some(Remedy::Pull)),
    ];
    assert_eq!(named.collect::<Vec<_>>(), expected);
}

#[test]
fn missing_peers_are_a_reason_only_if_no_other_reason_keeps_entries() {
    let causes = |survey: &Survey| {
        let explained = explain(survey, PrunePolicy::AckedByAll, DriftLimit::Unlimited, 100);
        let causes = explained.reasons.into_iter().map(|reason| reason.cause);
        causes.collect::<Vec<_>>()
    };
    let mut adopted = surveyed(&[], 0);
    adopted.state.peers_declared = false;
    assert_eq!(causes(&adopted), [Cause::PeersNotDeclared]);
    let no_peers = PeerRow {
        peer_device_id: "laptop".to_owned(),
        ..PeerRow::from(peer(stamp(5)))
    };
    let beside_a_row_of_no_peer = causes(&surveyed(&[no_peers], 0));
    assert_eq!(beside_a_row_of_no_peer.len(), 2);
    assert!(beside_a_row_of_no_peer.contains(&Cause::NoPeers));
}

#[test]
fn a_policy_keeps_what_it_keeps_and_nothing_more() {
    let rows = [peer(stamp(5)).into()];
    let table = [
        (PrunePolicy::AckedByAll, Cause::NotYetPruned),
        (PrunePolicy::KeepFor { age_ms: 70 }, Cause::NotYetPruned),
        (PrunePolicy::KeepFor { age_ms: 71 }, Cause::Retention),
        (PrunePolicy::KeepEntries { count: 2 }, Cause::NotYetPruned),
        (PrunePolicy::KeepEntries { count: 3 }, Cause::Retention),
    ];
    for (policy, expected) in table {
        let reasons = explained(&rows, false, policy);
        assert_eq!(
            (reasons.len(), &reasons[0].cause),
            (1, &expected),
            "{policy:?}"
        );
    }
}

/// The entries of [`explained`], all written at one time, with these rows about peers.
fn surveyed(rows: &[PeerRow], written_at_ms: i64) -> Survey {
    let mut state = LogState::new(LogIdentity {
        library_id: Uuid::from_u128(1).into(),
        device_id: DEVICE.into(),
        log_id: Uuid::from_u128(2),
    });
    (state.head.hlc, state.floor.hlc) = (stamp(5), stamp(2));
    let mut sum = SumUp::above(&positions(&state, rows));
    (3..=5).for_each(|number| sum.take(stamp(number), 10, written_at_ms));
    Survey {
        state,
        peers: rows.to_vec(),
        extents: sum.extents(),
        verdicts: Vec::new(),
    }
}

/// A state for each remedy.
fn states() -> Vec<Survey> {
    let of_peer = |acked| surveyed(&[peer(stamp(acked)).into()], 0);
    let yesterday_ms = STATES_MS - 24 * 60 * 60 * 1000;
    let behind_for_a_day = surveyed(&[peer(stamp(3)).into()], yesterday_ms);
    let mut altered = of_peer(3);
    altered.state.altered = Some(Altered {
        hlc: stamp(4),
        fault: ChainFault::NoTag,
    });
    let mut ahead = of_peer(5);
    ahead.state.high_water = stamp(1 << 43);
    let mut restored = of_peer(5);
    restored.verdicts.push(Verdict {
        kind: VerdictKind::Diverged,
        hlc: stamp(3),
        peer: None,
        found_at_ms: 0,
    });
    vec![
        behind_for_a_day,
        of_peer(3),
        of_peer(1),
        of_peer(5),
        surveyed(&[], 0),
        surveyed(&[retired().into()], 0),
        altered,
        ahead,
        restored,
    ]
}

/// When the states are explained: long after the peers acknowledged.
const STATES_MS: i64 = 1_800_000_000_000;

#[test]
fn every_remedy_is_given_by_some_state_and_every_state_that_keeps_entries_has_one() {
    let limit = DriftLimit::AtMostMs(1000);
    let states = states();
    let explained = |survey| explain(survey, PrunePolicy::AckedByAll, limit, STATES_MS).reasons;
    let reasons: Vec<Reason> = states.iter().flat_map(explained).collect();
    for remedy in Remedy::ALL {
        let gives = |reason: &Reason| reason.remedy == Some(remedy);
        assert!(reasons.iter().any(gives), "no state gives {remedy}");
    }
    assert!(reasons.iter().all(|reason| reason.remedy.is_some()));
}

#[test]
fn a_peer_is_retired_only_after_a_week_of_lag_and_of_silence() {
    let week_ms = i64::try_from(RETIRE_AFTER_MS).unwrap();
    let remedy = |written_at_ms: i64, acked_at_ms: i64, now_ms: i64| {
        let acked = peer(stamp(3));
        let lag = Extent {
            entries: 1,
            bytes: 1,
            oldest_created_at_ms: Some(written_at_ms),
            earliest_created_at_ms: Some(written_at_ms),
        };
        pull_or_retire(
            &Peer {
                acked_at_ms,
                ..acked
            },
            lag,
            now_ms,
        )
    };
    assert_eq!(remedy(0, 0, week_ms), Remedy::Retire);
    assert_eq!(remedy(0, 0, week_ms - 1), Remedy::Pull);
    assert_eq!(remedy(0, 1, week_ms), Remedy::Pull, "it acknowledged since");
    assert_eq!(remedy(1, 0, week_ms), Remedy::Pull, "it lacks younger ones");
    assert_eq!(
        remedy(0, 2 * week_ms, week_ms),
        Remedy::Pull,
        "a wrong clock"
    );
}
