//! This program's own row is the truth about a peer (`P5`). Faults in a peer's rows are reported.
//! They are never believed, and block pruning only as far as safety requires.

use sync_log_core::{
    Altered, Cause, ChainFault, Cursor, Hlc, LogError, Reason, RegisteredBy, Registration, Remedy,
    RowFault, Status, UnknownPeers, UntrustedRow,
};

use crate::damage::{Damage, RowDamage};
use crate::harness::Tampering;
use crate::refusals::unknown_peer;
use crate::rig::Rig;
use crate::row_faults::{Counts, Faulty, RowCase, text};
use crate::sample::{bytes_each, change, foreign, just_above, peer};

/// No entry is pruned that the peer may lack, and every entry is pruned that it surely has.
pub async fn every_fault_of_a_row_counts_as_it_must<H: Tampering>() {
    Faulty::<H>::each(async |faulty| {
        let Faulty { log, case, .. } = &faulty;
        let status = log.status().await.unwrap();
        let active = if case.counts == Counts::Nobody { 1 } else { 2 };
        assert_eq!(status.active_peers, active, "P5: {case:?}");
        assert_eq!(
            log.prune_acked().await.unwrap(),
            case.prunable(),
            "P5: {case:?}"
        );
        let left = &faulty.stamps[case.prunable()..];
        assert_eq!(faulty.rig.storage.retained().await, left, "P5: {case:?}");
    })
    .await;
}

/// `explain`, `peers` and `status` name the row and its fault, and these calls change nothing.
pub async fn every_fault_of_a_row_is_named<H: Tampering>() {
    Faulty::<H>::each(async |Faulty { log, case, .. }| {
        let before = log.snapshot().await;
        let untrusted = UntrustedRow {
            peer_device_id: case.id.clone(),
            fault: case.fault,
        };
        let reasons = log.explain().await.unwrap().reasons;
        let cause = Cause::UntrustedRow(untrusted.clone());
        let named = reasons.iter().find(|one| one.cause == cause);
        let named = named.unwrap_or_else(|| panic!("P7: {case:?} in {reasons:?}"));
        is_told(&case, named);
        let behind = reasons.iter().find(|one| one.cause == Cause::Behind);
        let lag = behind.map(|one| one.lag_entries);
        assert_eq!(
            lag,
            (case.counts == Counts::OwnRow).then_some(1),
            "P7: {case:?}"
        );
        let peers = log.peers().await.unwrap();
        assert!(peers.contains(&Err(untrusted)), "P5: {case:?} in {peers:?}");
        assert_eq!(
            log.status().await.unwrap().untrusted_rows,
            1,
            "P7: {case:?}"
        );
        assert_eq!(log.snapshot().await, before, "P5: {case:?}");
    })
    .await;
}

/// How much the row keeps, who registered the peer, and what to do.
fn is_told(case: &RowCase, named: &Reason) {
    let (lag, remedy) = match case.counts {
        Counts::Nobody => (0, Remedy::Reopen),
        Counts::Nothing => (3, Remedy::Register),
        Counts::OwnRow => (0, Remedy::Pull),
    };
    assert_eq!(named.lag_entries, lag, "P7: {case:?}");
    assert_eq!(named.remedy, Some(remedy), "P7: {case:?}");
    let is_readable = matches!(case.fault, RowFault::OtherMirror | RowFault::ImpossibleAck);
    let by_app = is_readable.then_some(RegisteredBy::App);
    assert_eq!(named.registered_by, by_app, "P7: {case:?}");
}

/// Another program says in `peer_acks` that a peer has more than it acknowledged here: no
/// entry is deleted for that, and the peer's own word goes on counting.
pub async fn a_mirror_above_the_own_ack_is_never_believed<H: Tampering>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[0]).await.unwrap();
    let forged = RowDamage::Mirror(stamps[2].to_string());
    rig.storage.damage_row(&text(peer(1)), forged).await;
    let log = rig.reopen(log).await;
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P5");
    assert_eq!(rig.storage.retained().await, stamps[1..], "P5");
    let pruned = log.on_ack(peer(1), stamps[1]).await.unwrap().pruned;
    assert_eq!(pruned, 1, "P5: its own ack is taken");
    assert_eq!(log.snapshot().await.sound_peer(peer(1)).acked, stamps[1]);
}

/// After an operator vouches for it, it counts like an ack.
pub async fn an_operator_may_trust_what_a_mirror_claims<H: Tampering>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(3).await;
    for number in 1..=3 {
        let claimed = RowDamage::Mirror(stamps[1].to_string());
        rig.storage.damage_row(&text(peer(number)), claimed).await;
    }
    log.record_ack(peer(2), stamps[2]).await.unwrap();
    log.changes_nothing("P5", 0, log.prune_acked()).await;
    // Of peer 2 the mirror was written again by its ack.
    assert_eq!(log.trust_adopted_acks().await.unwrap(), 2, "P5");
    assert_eq!(log.prune_acked().await.unwrap(), 2, "P5");
    assert_eq!(log.status().await.unwrap().untrusted_rows, 0, "P5");
    log.changes_nothing("P5", 0, log.trust_adopted_acks()).await;
}

/// No operator can vouch for an impossible ack.
pub async fn a_mirror_that_claims_what_cannot_be_is_not_trusted<H: Tampering>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    let claims = [
        foreign(stamps[2]).to_string(),
        just_above(stamps[2]).to_string(),
        stamps[0].to_string(),
        "garbage".to_owned(),
    ];
    for claim in claims {
        let claimed = RowDamage::Mirror(claim);
        rig.storage.damage_row(&text(peer(1)), claimed).await;
        log.changes_nothing("P5", 0, log.trust_adopted_acks()).await;
    }
    assert_eq!(log.prune_acked().await.unwrap(), 2, "P5");
}

/// Another program wrote a row of a peer that was never registered here. The peer counts under
/// either setting of `UnknownPeers`.
pub async fn a_strangers_row_makes_a_peer_that_acknowledged_nothing<H: Tampering>() {
    for unknown_peers in [UnknownPeers::Register, UnknownPeers::Refuse] {
        let rig = Rig::<H>::new().await;
        let mut options = rig.options();
        options.unknown_peers = unknown_peers;
        let log = rig.open_with(options).await;
        let stamps = log.record_one_by_one(2).await;
        let planted = RowDamage::Mirror(stamps[1].to_string());
        rig.storage.damage_row(&text(peer(1)), planted).await;
        log.changes_nothing("P5", 0, log.prune_acked()).await;
        let page = log.page(peer(1), Cursor::ZERO).await;
        assert_eq!(page.entries.len(), 2, "P5: it may read");
        let pruned = log.on_ack(peer(1), stamps[0]).await.unwrap().pruned;
        assert_eq!(pruned, 1, "P5: its own word counts");
        let registered = log.register_peer(peer(1)).await.unwrap();
        assert_eq!(registered, Registration::Known, "P5: by its ack");
    }
}

/// A row makes a peer, so the library is not solo, whatever was declared.
pub async fn a_strangers_row_blocks_a_solo_library<H: Tampering>(rig: Rig<H>) {
    let log = rig.open().await;
    log.declare_solo().await.unwrap();
    let hlc = log.record(change(0)).await.unwrap();
    let planted = RowDamage::Mirror(hlc.to_string());
    rig.storage.damage_row(&text(peer(1)), planted).await;
    log.changes_nothing("P5", 0, log.prune_acked()).await;
    let active = LogError::NotSolo { active: 1 };
    log.refuses("P2", active, log.declare_solo()).await;
    log.register_peer(peer(1)).await.unwrap();
    assert!(!log.status().await.unwrap().solo, "P2: it was registered");
    log.retire(peer(1)).await.unwrap();
    log.declare_solo().await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P5: it is got over");
}

/// Such a row is not a peer's: the library can still be solo, it still has no peers, and the
/// device that the row may have meant is still unknown.
pub async fn a_row_whose_id_is_no_devices_blocks_nothing<H: Tampering>() {
    let ids = [text(peer(2)).to_uppercase(), "laptop".to_owned()];
    for id in ids {
        let rig = Rig::<H>::new().await;
        let log = rig.open_refusing().await;
        let hlc = log.record(change(0)).await.unwrap();
        let planted = RowDamage::Mirror(hlc.to_string());
        rig.storage.damage_row(&id, planted).await;
        let reasons = log.explain().await.unwrap().reasons;
        let nobody = reasons.iter().find(|one| one.cause == Cause::NoPeers);
        let remedy = nobody.and_then(|one| one.remedy);
        assert_eq!(remedy, Some(Remedy::Register), "P7: {reasons:?}");
        let unknown = unknown_peer(peer(2));
        log.refuses("P5", unknown.clone(), log.retire(peer(2)))
            .await;
        log.refuses("P5", unknown, log.record_ack(peer(2), hlc))
            .await;
        log.declare_solo().await.unwrap();
        assert_eq!(log.prune_acked().await.unwrap(), 1, "P5: {id}");
    }
}

/// Only the own row records that a peer is retired.
pub async fn a_retired_peer_stays_retired_whatever_its_mirror_says<H: Tampering>(rig: Rig<H>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(2).await;
    log.retire(peer(2)).await.unwrap();
    let refused = log.register_peer(peer(2)).await.unwrap_err();
    for claim in ["garbage".to_owned(), stamps[0].to_string()] {
        let planted = RowDamage::Mirror(claim);
        rig.storage.damage_row(&text(peer(2)), planted).await;
        let again = log.register_peer(peer(2));
        log.refuses("K6", refused.clone(), again).await;
        let ack = log.record_ack(peer(2), stamps[1]);
        log.refuses("K6", refused.clone(), ack).await;
    }
    let pruned = log.on_ack(peer(1), stamps[1]).await.unwrap().pruned;
    assert_eq!(pruned, 2, "P5: it does not count");
}

/// No entry is pruned that the peer might lack.
pub async fn a_peer_may_read_whatever_is_wrong_with_its_rows<H: Tampering>() {
    Faulty::<H>::each_of_a_peer(async |faulty| {
        let Faulty { log, case, .. } = &faulty;
        log.prune_acked().await.unwrap();
        let position = match case.counts {
            Counts::OwnRow => log.floor_cursor().await.unwrap(),
            _ => Cursor::ZERO,
        };
        let before = log.snapshot().await;
        let page = log.page(peer(2), position).await;
        assert_eq!(page.entries.len(), 3 - case.prunable(), "P5: {case:?}");
        assert_eq!(
            log.snapshot().await,
            before,
            "P5: nothing to hold: {case:?}"
        );
    })
    .await;
}

/// `explain` reports what an unregistered device's row keeps, and what the other peers keep.
pub async fn a_strangers_row_is_named_beside_the_others<H: Tampering>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(2).await;
    log.record_ack(peer(1), stamps[0]).await.unwrap();
    let id = peer(2).hyphenated().to_string();
    let planted = RowDamage::Mirror(stamps[1].to_string());
    rig.storage.damage_row(&id, planted).await;
    let reasons = log.explain().await.unwrap().reasons;
    let untrusted = Reason {
        cause: Cause::UntrustedRow(UntrustedRow {
            peer_device_id: id,
            fault: RowFault::NotRegistered,
        }),
        peer: Some(peer(2).into()),
        registered_by: None,
        lag_entries: 2,
        lag_bytes: 2 * bytes_each(),
        lag_ms: 0,
        remedy: Some(Remedy::Register),
    };
    assert_eq!(reasons.len(), 2, "P7");
    assert_eq!(reasons[0], untrusted, "P7: worst first");
    assert_eq!(reasons[1].cause, Cause::Behind, "P7: the others too");
}

/// The explanation shows one moment, and each peer under one heading.
pub async fn the_status_counts_what_is_there<H: Tampering>(rig: Rig<H>) {
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
        clock_ahead_ms: 0,
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
