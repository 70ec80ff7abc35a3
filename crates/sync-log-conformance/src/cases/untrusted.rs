//! A peer row that cannot be trusted blocks pruning and is named (`P5`).

use sync_log_core::{
    AckFault, Cause, Cursor, Hlc, LogError, PeerRow, RegisteredBy, Remedy, UntrustedRow, Uuid,
};

use crate::harness::Harness;
use crate::rig::{DEVICE, Log, Rig};
use crate::sample::{change, foreign, just_above, peer};

/// Peer 1 has acknowledged both entries.
async fn set_up<H: Harness>(rig: &Rig<H>) -> (Log, Vec<Hlc>) {
    let log = rig.open().await;
    log.register_peer(peer(1)).await.unwrap();
    let stamps = log.record_each(2).await;
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    (log, stamps)
}

fn text(peer: Uuid) -> String {
    peer.hyphenated().to_string()
}

/// Nothing is pruned, `explain` and `peers` name the row and the fault.
async fn blocks<H: Harness>(rig: &Rig<H>, log: &Log, id: &str, hlc: &str, fault: AckFault) {
    let retained = rig.storage.retained().await;
    rig.storage.plant_peer_row(id, hlc).await;
    log.changes_nothing("P5", 0, log.prune_acked()).await;
    assert_eq!(rig.storage.retained().await, retained, "P5: {fault}");

    let untrusted = UntrustedRow {
        peer_device_id: id.to_owned(),
        fault,
    };
    let held = log.explain().await.unwrap().held;
    let cause = Cause::UntrustedRow(untrusted.clone());
    let named = held.iter().find(|held| held.cause == cause);
    let named = named.unwrap_or_else(|| panic!("P5: {fault} is named in {held:?}"));
    assert_eq!(named.remedy, Some(Remedy::RepairRow), "P7: {fault}");
    assert_eq!(named.lag_entries, retained.len() as u64, "P7: {fault}");
    let listed = log.peers().await.unwrap();
    assert!(
        listed.contains(&Err(untrusted)),
        "P5: {fault} in {listed:?}"
    );
}

/// The row is gone: pruning goes on.
async fn repaired<H: Harness>(rig: &Rig<H>, log: &Log, id: &str) {
    rig.storage.delete_peer_row(id).await;
    assert_eq!(log.prune_acked().await.unwrap(), 2, "P5: repaired");
}

/// Rows of nobody that this program ever registered, each with one fault.
pub async fn every_untrusted_row_of_a_stranger_blocks_pruning<H: Harness>() {
    let id = text(peer(2));
    let rows = |stamps: &[Hlc]| {
        let acked = stamps[1].to_string();
        let cases: Vec<(String, String, AckFault)> = vec![
            (id.clone(), acked.clone(), AckFault::NotRegistered),
            (id.clone(), Hlc::ZERO.to_string(), AckFault::NotRegistered),
            (text(Uuid::nil()), acked.clone(), AckFault::NilPeer),
            (text(DEVICE), acked.clone(), AckFault::OwnPeer),
            (id.to_uppercase(), acked.clone(), AckFault::PeerIdText),
            (id.replace('-', ""), acked.clone(), AckFault::PeerIdText),
            (String::new(), acked.clone(), AckFault::PeerIdText),
            ("laptop".to_owned(), acked.clone(), AckFault::PeerIdText),
            (id.clone(), String::new(), AckFault::HlcText),
            (id.clone(), acked.to_uppercase(), AckFault::HlcText),
            (id.clone(), format!(" {acked}"), AckFault::HlcText),
            (id.clone(), "0".to_owned(), AckFault::HlcText),
            (
                id.clone(),
                foreign(stamps[1]).to_string(),
                AckFault::ForeignHlc,
            ),
            (
                id.clone(),
                just_above(stamps[1]).to_string(),
                AckFault::AboveHead,
            ),
        ];
        cases
    };
    // One log for each row, so that each blocks by itself.
    for index in 0..14 {
        let rig = Rig::<H>::new().await;
        let (log, stamps) = set_up(&rig).await;
        let (id, hlc, fault) = rows(&stamps).swap_remove(index);
        blocks(&rig, &log, &id, &hlc, fault).await;
        repaired(&rig, &log, &id).await;
    }
}

/// The row of a registered peer that another program wrote over.
pub async fn every_untrusted_row_of_a_registered_peer_blocks_pruning<H: Harness>() {
    let id = text(peer(2));
    let faults = |stamps: &[Hlc]| {
        [
            ("garbage".to_owned(), AckFault::HlcText),
            (foreign(stamps[1]).to_string(), AckFault::ForeignHlc),
            (just_above(stamps[1]).to_string(), AckFault::AboveHead),
        ]
    };
    for index in 0..3 {
        let rig = Rig::<H>::new().await;
        let (log, stamps) = set_up(&rig).await;
        log.register_peer(peer(2)).await.unwrap();
        log.record_ack(peer(2), stamps[1]).await.unwrap();
        let (hlc, fault) = &faults(&stamps)[index];
        blocks(&rig, &log, &id, hlc, *fault).await;
        let held = log.explain().await.unwrap().held;
        let named = held.iter().find(|held| held.peer == Some(peer(2)));
        let by = named.and_then(|held| held.registered_by);
        assert_eq!(by, Some(RegisteredBy::App), "P7");
        rig.storage
            .plant_peer_row(&id, &stamps[1].to_string())
            .await;
        assert_eq!(log.prune_acked().await.unwrap(), 2, "P5: repaired");
    }
}

/// The ack row of a registered peer was deleted: that is not an ack.
pub async fn a_deleted_row_of_a_registered_peer_blocks_pruning<H: Harness>() {
    let rig = Rig::<H>::new().await;
    let (log, _) = set_up(&rig).await;
    log.register_peer(peer(2)).await.unwrap();
    rig.storage.delete_peer_row(&text(peer(2))).await;
    log.changes_nothing("P5", 0, log.prune_acked()).await;
    let held = log.explain().await.unwrap().held;
    let about_row = |cause: &Cause| {
        matches!(cause, Cause::UntrustedRow(row)
        if row.peer_device_id == text(peer(2)))
    };
    assert!(
        held.iter().any(|held| about_row(&held.cause)),
        "P5: {held:?}"
    );
}

/// While its row is not trusted, the peer is not judged: its acks, its
/// registration and its retirement are refused, and so is solo.
pub async fn nothing_is_decided_on_an_untrusted_row<H: Harness>() {
    let rig = Rig::<H>::new().await;
    let (log, stamps) = set_up(&rig).await;
    let id = text(peer(1));
    rig.storage.plant_peer_row(&id, "garbage").await;
    let untrusted = || {
        LogError::UntrustedRow(UntrustedRow {
            peer_device_id: id.clone(),
            fault: AckFault::HlcText,
        })
    };
    let cursor = log.head_cursor().await.unwrap();
    log.refuses("P5", untrusted(), log.record_ack(peer(1), stamps[1]))
        .await;
    log.refuses("P5", untrusted(), log.on_ack(peer(1), stamps[1]))
        .await;
    log.refuses("P5", untrusted(), log.record_ack_at(peer(1), cursor))
        .await;
    log.refuses("P5", untrusted(), log.register_peer(peer(1)))
        .await;
    log.refuses("P5", untrusted(), log.retire(peer(1))).await;
    log.refuses("P5", untrusted(), log.declare_solo()).await;
}

/// It may still read, since nothing is pruned that it might lack.
pub async fn a_peer_with_an_untrusted_row_may_read<H: Harness>() {
    let rig = Rig::<H>::new().await;
    let (log, _) = set_up(&rig).await;
    rig.storage.plant_peer_row(&text(peer(1)), "garbage").await;
    let before = log.snapshot().await;
    let page = log.page(peer(1), Cursor::ZERO).await;
    assert_eq!(page.entries.len(), 2, "P5");
    assert_eq!(log.snapshot().await, before, "P5: nothing to hold");
}

/// An untrusted row goes before solo and before every peer that has acked.
pub async fn an_untrusted_row_blocks_a_solo_library<H: Harness>() {
    let rig = Rig::<H>::new().await;
    let log = rig.open().await;
    log.declare_solo().await.unwrap();
    let hlc = log.record(change(0)).await.unwrap();
    let id = text(peer(1));
    let hlc_text = hlc.to_string();
    blocks(&rig, &log, &id, &hlc_text, AckFault::NotRegistered).await;
}

/// Another program sets a trusted row back: the peer lacks more, as that says.
pub async fn a_trusted_row_that_was_set_back_is_believed<H: Harness>() {
    let rig = Rig::<H>::new().await;
    let (log, stamps) = set_up(&rig).await;
    rig.storage
        .plant_peer_row(&text(peer(1)), &stamps[0].to_string())
        .await;
    assert_eq!(log.prune_acked().await.unwrap(), 1, "P5");
    let rows = log.snapshot().await.peers;
    assert_eq!(rows.iter().map(id_of).collect::<Vec<_>>(), [text(peer(1))]);
}

fn id_of(row: &PeerRow) -> String {
    row.peer_device_id.clone()
}
