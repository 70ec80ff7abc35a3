//! A peer counts from its registration, by the app or by its first ack
//! (`K1`, `K4`).

use sync_log_core::{
    Ack, AckOutcome, Cursor, Hlc, LogError, LogOptions, PeerState, RegisteredBy, Registration,
    UnknownPeers, Uuid,
};

use crate::harness::Harness;
use crate::refusals::{ack_beyond_head, unknown_peer};
use crate::rig::Rig;
use crate::sample::{DEVICE, START_MS, change, foreign, just_above, peer};

/// Its row starts with the zero HLC, whatever is in the log, and survives.
pub async fn a_registered_peer_starts_at_zero<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    log.record_one_by_one(2).await;
    rig.wall.advance_ms(70);
    let registered = log.register_peer(peer(1)).await.unwrap();
    assert_eq!(registered, Registration::New, "K1");
    let log = rig.reopen(log).await;
    let peers = log.peers().await.unwrap();
    let row = peers[0].as_ref().unwrap();
    assert_eq!(
        (row.device_id, row.acked),
        (peer(1).into(), Hlc::ZERO),
        "K1"
    );
    let facts = row.facts;
    assert_eq!(facts.state, PeerState::Active, "K1");
    assert_eq!(facts.registered_by, RegisteredBy::App, "K1");
    assert_eq!(facts.registered_at_ms, START_MS + 70, "K1");
    assert_eq!((facts.admission, facts.hold), (1, None), "K1");
    assert_eq!(row.acked_at_ms, START_MS + 70, "K1");
}

/// A peer that never acked keeps every entry, including entries from before its registration.
pub async fn a_peer_that_never_acked_blocks_pruning<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_one_by_one(3).await;
    log.register_peers(2).await;
    let acked = log.on_ack(peer(1), stamps[2]).await.unwrap();
    assert_eq!((acked.ack, acked.pruned), (AckOutcome::Advanced, 0), "K1");
    assert_eq!(rig.storage.retained().await, stamps, "K1");
}

/// Registering again changes nothing, however far the peer is.
pub async fn registering_again_changes_nothing<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let hlc = log.record(change(0)).await.unwrap();
    log.register_peer(peer(1)).await.unwrap();
    let known = Registration::Known;
    log.changes_nothing("K1", known, log.register_peer(peer(1)))
        .await;
    log.record_ack(peer(1), hlc).await.unwrap();
    rig.wall.advance_ms(5);
    log.changes_nothing("K1", known, log.register_peer(peer(1)))
        .await;
}

/// Neither this device nor a nil id can be registered.
pub async fn this_device_and_nobody_cannot_be_registered<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let own = LogError::OwnPeer {
        peer: DEVICE.into(),
    };
    log.refuses("K1", own, log.register_peer(DEVICE)).await;
    let nil = LogError::NilId { what: "peer id" };
    log.refuses("K1", nil, log.register_peer(Uuid::nil())).await;
}

/// Peers are listed by id, as many as there are.
pub async fn peers_are_listed_in_the_order_of_their_ids<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let ids = [0xf0_u128 << 120, 3, 1 << 64, 0xa << 124, 2].map(Uuid::from_u128);
    for id in ids {
        log.register_peer(id).await.unwrap();
    }
    let listed = log.peers().await.unwrap();
    let listed: Vec<Uuid> = listed
        .into_iter()
        .map(|row| row.unwrap().device_id.as_uuid())
        .collect();
    let mut sorted = ids.to_vec();
    sorted.sort();
    assert_eq!(listed, sorted, "K1");
}

/// The ack of an unknown peer registers it, and prunes nothing in that call.
pub async fn an_ack_of_an_unknown_peer_registers_it_and_prunes_nothing<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let stamps = log.record_one_by_one(3).await;
    let acked = log.on_ack(peer(1), stamps[1]).await.unwrap();
    assert_eq!((acked.ack, acked.pruned), (AckOutcome::Registered, 0), "K4");
    assert_eq!(rig.storage.retained().await, stamps, "K4");
    let peers = log.peers().await.unwrap();
    let row = peers[0].as_ref().unwrap();
    assert_eq!(row.acked, stamps[1], "K4: with that ack");
    assert_eq!(row.facts.registered_by, RegisteredBy::Ack, "K4");
    let again = log.on_ack(peer(1), stamps[1]).await.unwrap();
    assert_eq!(
        (again.ack, again.pruned),
        (AckOutcome::Unchanged, 2),
        "K4: the next call prunes"
    );
    let at_zero = log.record_ack(peer(2), Hlc::ZERO).await.unwrap();
    assert_eq!(at_zero, AckOutcome::Registered, "K4: at zero too");
    assert_eq!(log.position(peer(2)).await, Hlc::ZERO, "K4");
}

/// A refused ack registers no peer.
pub async fn a_refused_ack_registers_nobody<H: Harness>(rig: Rig<H>) {
    let log = rig.open().await;
    let head = log.record(change(0)).await.unwrap();
    let hlc = just_above(head);
    let beyond = ack_beyond_head(peer(1), hlc, head);
    log.refuses("K4", beyond, log.on_ack(peer(1), hlc)).await;
    let foreign = foreign(head);
    let origin = LogError::ForeignOrigin {
        hlc: foreign,
        device_id: DEVICE.into(),
    };
    log.refuses("K4", origin, log.record_ack(peer(1), foreign))
        .await;
}

/// Under `Refuse` the ack of an unknown peer is refused.
pub async fn an_ack_of_an_unknown_peer_is_refused_under_refuse<H: Harness>(rig: Rig<H>) {
    let log = rig.open_refusing().await;
    let hlc = log.record(change(0)).await.unwrap();
    let cursor = log.head_cursor().await.unwrap();
    let unknown = || unknown_peer(peer(1));
    log.refuses("K4", unknown(), log.record_ack(peer(1), hlc))
        .await;
    log.refuses("K4", unknown(), log.on_ack(peer(1), hlc)).await;
    log.refuses_ack("K4", Ack::new(peer(1), cursor), unknown())
        .await;
    let zero = log.acknowledge(Ack::new(peer(1), Cursor::ZERO));
    log.refuses("K4", unknown(), zero).await;
    let defaults = LogOptions::new(rig.wall.clone());
    assert_eq!(
        defaults.unknown_peers,
        UnknownPeers::Register,
        "K4: refusing is asked for"
    );
}

/// An ack moves the peer that was named, and no other.
pub async fn an_ack_moves_only_the_peer_that_gave_it<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(3).await;
    let hlc = log.record(change(0)).await.unwrap();
    let before = log.snapshot().await;
    log.record_ack(peer(2), hlc).await.unwrap();
    let after = log.snapshot().await;
    for number in [1, 3] {
        let row = peer(number);
        assert_eq!(after.peer(row), before.peer(row), "K5: peer {number}");
    }
    assert_eq!(log.position(peer(2)).await, hlc, "K5");
}

/// A newcomer is registered first; then come the cursor, the copy, and its ack.
/// Entries that are written meanwhile reach it.
pub async fn a_newcomer_is_registered_then_given_the_head_cursor<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let stamps = log.record_one_by_one(4).await;
    log.on_ack(peer(1), stamps[1]).await.unwrap();

    log.register_peer(peer(2)).await.unwrap();
    let pin = log.head_cursor().await.unwrap();
    let later = log.record(change(9)).await.unwrap();
    let pruned = log.on_ack(peer(1), later).await.unwrap().pruned;
    assert_eq!(pruned, 0, "K1: the newcomer keeps every later entry");

    let ack = log.acknowledge(Ack::new(peer(2), pin)).await.unwrap();
    assert_eq!(ack, AckOutcome::Advanced, "K3: the pin is still an entry");
    let page = log.page(peer(2), pin).await;
    let read: Vec<Hlc> = page.entries.iter().map(|entry| entry.hlc).collect();
    assert_eq!(read, [later], "R2: no hole");
    assert_eq!(log.prune_acked().await.unwrap(), 2, "P1");
}

/// The same on an empty log, where the cursor is the floor.
pub async fn a_newcomer_of_an_empty_log_is_given_the_floor<H: Harness>(rig: Rig<H>) {
    let log = rig.open_with_peers(1).await;
    let floor = log.record(change(0)).await.unwrap();
    log.on_ack(peer(1), floor).await.unwrap();
    log.register_peer(peer(2)).await.unwrap();
    let pin = log.head_cursor().await.unwrap();
    let later = log.record(change(9)).await.unwrap();
    log.on_ack(peer(1), later).await.unwrap();
    let ack = log.acknowledge(Ack::new(peer(2), pin)).await.unwrap();
    assert_eq!(ack, AckOutcome::Advanced, "K3: the pin is still the floor");
    assert_eq!(log.page(peer(2), pin).await.entries.len(), 1, "R2");
}
