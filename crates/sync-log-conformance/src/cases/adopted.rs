//! A log that was adopted is not pruned before its peers are known and have
//! acknowledged (`I3`).

use sync_log_core::{AckOutcome, Cause, Cursor, DeviceId, Explanation, Hlc, LogError, Remedy};

use crate::harness::Tampering;
use crate::rig::{Log, Rig};
use crate::sample::{entry, grouped, own_after, peer};

/// Three entries; peer 1 has acknowledged two of them, peer 2 all, and then the
/// storage became one that was adopted.
async fn adopted<H: Tampering>(rig: &Rig<H>) -> (Log, Vec<Hlc>) {
    let log = rig.open_with_peers(2).await;
    let stamps = log.record_one_by_one(3).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    log.record_ack(peer(2), stamps[2]).await.unwrap();
    (adopt(rig, log).await, stamps)
}

/// Makes an adopted log of the storage.
async fn adopt<H: Tampering>(rig: &Rig<H>, log: Log) -> Log {
    log.close().await.unwrap();
    rig.storage.adopt().await;
    rig.open().await
}

fn causes(explanation: &Explanation) -> Vec<(Cause, Option<DeviceId>, Option<Remedy>, u64)> {
    let reasons = explanation.reasons.iter();
    reasons
        .map(|reason| {
            (
                reason.cause.clone(),
                reason.peer,
                reason.remedy,
                reason.lag_entries,
            )
        })
        .collect()
}

/// Entries that the acks of another program would release stay, and both reasons
/// are reported.
pub async fn adopted_acks_release_nothing<H: Tampering>(rig: Rig<H>) {
    let (log, stamps) = adopted(&rig).await;
    log.changes_nothing("I3", 0, log.prune_acked()).await;
    assert_eq!(rig.storage.retained().await, stamps, "I3");
    let told = causes(&log.explain().await.unwrap());
    let unverified = |number: u128, acked| {
        let cause = Cause::UnverifiedAck { acked };
        (cause, Some(peer(number).into()), Some(Remedy::Bootstrap), 3)
    };
    let undeclared = (Cause::PeersNotDeclared, None, Some(Remedy::Register), 3);
    for wanted in [
        unverified(1, stamps[1]),
        unverified(2, stamps[2]),
        undeclared,
    ] {
        assert!(told.contains(&wanted), "P7: {wanted:?} in {told:?}");
    }
}

/// Every registered peer has acknowledged again; but one that left no trace may
/// be missing.
pub async fn before_the_peers_are_declared_nothing_goes<H: Tampering>(rig: Rig<H>) {
    let (log, stamps) = adopted(&rig).await;
    for number in 1..=2 {
        log.record_ack(peer(number), stamps[2]).await.unwrap();
    }
    log.changes_nothing("I3", 0, log.prune_acked()).await;
    let told = causes(&log.explain().await.unwrap());
    let undeclared = (Cause::PeersNotDeclared, None, Some(Remedy::Register), 3);
    assert_eq!(told, [undeclared], "I3");
    log.register_peer(peer(3)).await.unwrap();
    log.changes_nothing("I3", 0, log.prune_acked()).await;
}

/// A peer that was declared counts, acked or not; one that was found counts too,
/// declared or not.
pub async fn declared_peers_release_what_all_have_acknowledged<H: Tampering>(rig: Rig<H>) {
    let (log, stamps) = adopted(&rig).await;
    let known = [peer(1), peer(3)];
    log.declare_peers(&known).await.unwrap();
    log.changes_nothing("I3", 0, log.prune_acked()).await;
    for (number, position) in [(1, 1), (3, 2)] {
        let ack = log
            .record_ack(peer(number), stamps[position])
            .await
            .unwrap();
        assert_eq!(ack, AckOutcome::Advanced, "I3");
    }
    log.changes_nothing("I3: peer 2", 0, log.prune_acked())
        .await;
    log.record_ack(peer(2), stamps[0]).await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 1, "I3");
    let declared = log.declare_peers(&known);
    log.changes_nothing("I3: declared again", (), declared)
        .await;
}

/// The peer never gave a found ack to this program: an ack below it is accepted, and
/// counts from then on.
pub async fn an_ack_below_an_adopted_one_is_taken<H: Tampering>(rig: Rig<H>) {
    let (log, stamps) = adopted(&rig).await;
    let ack = log.record_ack(peer(2), stamps[0]).await.unwrap();
    assert_eq!(ack, AckOutcome::Advanced, "I3");
    assert_eq!(log.position(peer(2)).await, stamps[0], "I3");
    let zero = log.record_ack(peer(1), Hlc::ZERO);
    log.changes_nothing("I3: says nothing", AckOutcome::Unchanged, zero)
        .await;
    assert_eq!(log.position(peer(1)).await, Hlc::ZERO, "I3");
}

/// Reading before an adopted ack holds nothing, since nothing was believed.
pub async fn reading_below_an_adopted_ack_is_not_a_rewind<H: Tampering>(rig: Rig<H>) {
    let (log, _) = adopted(&rig).await;
    let before = log.snapshot().await;
    log.page(peer(2), Cursor::ZERO).await;
    assert_eq!(log.snapshot().await, before, "I3");
}

/// After an operator vouches for the acks, they count like acks that were given here.
pub async fn an_operator_may_trust_adopted_acks<H: Tampering>(rig: Rig<H>) {
    let (log, stamps) = adopted(&rig).await;
    assert_eq!(log.trust_adopted_acks().await.unwrap(), 2, "I3");
    let log = rig.reopen(log).await;
    assert_eq!(log.prune_acked().await.unwrap(), 2, "I3");
    assert_eq!(rig.storage.retained().await, stamps[2..], "I3");
    let again = log.trust_adopted_acks();
    log.changes_nothing("I3: trusted again", 0, again).await;
}

/// A library without active peers is declared by declaring it solo.
pub async fn solo_declares_the_peers_of_an_adopted_log<H: Tampering>(rig: Rig<H>) {
    let (log, _) = adopted(&rig).await;
    for number in 1..=2 {
        log.retire(peer(number)).await.unwrap();
    }
    log.changes_nothing("I3", 0, log.prune_acked()).await;
    log.declare_solo().await.unwrap();
    assert_eq!(log.prune_acked().await.unwrap(), 3, "I3");
}

/// An adopted log has entries from before it got its log id. An append of such an entry is a
/// retry; the log knows nothing about any other stamp up to there.
pub async fn a_retained_entry_from_before_is_a_retry<H: Tampering>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_one_by_one(2).await;
    let kept = log.entry_at(stamps[1]).await;
    rig.wall.advance_ms(100);
    let tick = log.tick().await.unwrap();
    let log = adopt(&rig, log).await;
    assert_eq!(log.snapshot().await.state.settled, tick, "I3");
    let again = log.append(kept.clone());
    log.changes_nothing("A1: again", kept.hlc, again).await;
    let other = LogError::OtherContent { hlc: kept.hlc };
    log.refuses("A1", other, log.append(entry(kept.hlc, 7)))
        .await;
    for hlc in [own_after(stamps[1], 50), tick] {
        let below = || LogError::BelowFloor { hlc, floor: tick };
        log.refuses("A1", below(), log.append(entry(hlc, 7))).await;
        let mixed = grouped(vec![kept.clone(), entry(hlc, 7)]);
        log.refuses("A1", below(), log.append_many(mixed)).await;
    }
}
