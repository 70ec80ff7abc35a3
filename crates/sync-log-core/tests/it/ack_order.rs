//! Where two reasons to refuse an ack apply, the order of the checks decides which is named
//! (`K3`). What a store could turn around is a case of the conformance suite.

use sync_log_core::{Ack, AckOutcome, Cursor, Hlc, LogError, Tag, UnknownPeers, Uuid};

use crate::common::values::Log;
use crate::common::{DEVICE, PEER};

const STRANGER: Uuid = Uuid::from_u128(7);

/// What an ack names: a stamp, a cursor, or a cursor under an admission.
enum Claim {
    Stamp(Hlc),
    At(Cursor),
    Under(u32, Cursor),
}

async fn ack(log: &Log, peer: Uuid, claim: &Claim) -> Result<AckOutcome, LogError> {
    match *claim {
        Claim::Stamp(hlc) => log.record_ack(peer, hlc).await,
        Claim::At(cursor) => log.acknowledge(Ack::new(peer, cursor)).await,
        Claim::Under(admission, cursor) => {
            log.acknowledge(Ack::new(peer, cursor).under(admission))
                .await
        }
    }
}

/// The peer has acknowledged the second of three entries, 10 ms apart.
async fn acknowledged() -> (Log, Vec<Hlc>) {
    let log = Log::with(|options| options.unknown_peers = UnknownPeers::Refuse).await;
    log.register_peer(PEER).await.unwrap();
    let stamps = log.record_apart(3, 10).await;
    log.record_ack(PEER, stamps[1]).await.unwrap();
    (log, stamps)
}

/// The same millisecond and counter, of another device.
fn foreign(hlc: Hlc) -> Hlc {
    Hlc {
        device_id: STRANGER,
        ..hlc
    }
}

/// The stamp of this device that lies `ahead_ms` after `hlc`.
fn after(hlc: Hlc, ahead_ms: u64) -> Hlc {
    Hlc::new(hlc.timestamp + ahead_ms, 0, DEVICE)
}

fn in_other_log(cursor: Cursor) -> Cursor {
    Cursor::new(STRANGER, cursor.hlc(), cursor.tag()).unwrap()
}

#[tokio::test]
async fn this_device_goes_before_every_place() {
    let (log, stamps) = acknowledged().await;
    let cursor = log.cursor_at(stamps[2]);
    for claim in [Claim::Stamp(stamps[2]), Claim::At(cursor)] {
        let own = LogError::OwnPeer {
            peer: DEVICE.into(),
        };
        log.refuses(own, ack(&log, DEVICE, &claim)).await;
    }
    let nil = LogError::NilId { what: "peer id" };
    let claim = Claim::Stamp(stamps[2]);
    log.refuses(nil, ack(&log, Uuid::nil(), &claim)).await;
}

#[tokio::test]
async fn another_admission_is_refused_before_the_position() {
    let (log, stamps) = acknowledged().await;
    let cursor = log.cursor_at(stamps[2]);
    let elsewhere = log.cursor(foreign(stamps[2]), cursor.tag());
    let (peer, given, admission) = (PEER, 7, 1);
    let ahead = LogError::AdmissionAhead {
        peer: peer.into(),
        hlc: elsewhere.hlc(),
        given,
        admission,
    };
    let call = ack(&log, PEER, &Claim::Under(given, elsewhere)).await;
    assert_eq!(format!("{call:?}"), format!("{:?}", Err::<(), _>(ahead)));
    let other = LogError::OtherAdmission {
        peer: peer.into(),
        given,
        admission,
    };
    let claim = Claim::Under(given, in_other_log(cursor));
    log.refuses(other, ack(&log, PEER, &claim)).await;
}

#[tokio::test]
async fn an_unknown_peer_is_refused_before_the_position() {
    let (log, stamps) = acknowledged().await;
    let other = in_other_log(log.cursor_at(stamps[2]));
    for claim in [Claim::At(other), Claim::Stamp(foreign(stamps[2]))] {
        let unknown = LogError::UnknownPeer {
            peer: STRANGER.into(),
        };
        log.refuses(unknown, ack(&log, STRANGER, &claim)).await;
    }
}

#[tokio::test]
async fn another_log_goes_before_another_device() {
    let (log, stamps) = acknowledged().await;
    let other = in_other_log(log.cursor(foreign(stamps[2]), Tag::ZERO));
    let refused = LogError::OtherLog {
        requested: other.log_id(),
        log_id: log.identity().log_id,
    };
    log.refuses(refused, ack(&log, PEER, &Claim::At(other)))
        .await;
}

/// Above the head, below the own ack, and between two entries.
#[tokio::test]
async fn a_foreign_stamp_is_refused_before_any_position() {
    let (log, stamps) = acknowledged().await;
    for position in [after(stamps[2], 1000), stamps[0], after(stamps[1], 5)] {
        let hlc = foreign(position);
        let device_id = DEVICE;
        let origin = LogError::ForeignOrigin {
            hlc,
            device_id: device_id.into(),
        };
        log.refuses(origin, ack(&log, PEER, &Claim::Stamp(hlc)))
            .await;
    }
}

#[tokio::test]
async fn above_the_head_goes_before_unknown() {
    let (log, stamps) = acknowledged().await;
    let (hlc, head) = (after(stamps[2], 1), stamps[2]);
    let beyond = LogError::AckBeyondHead {
        peer: PEER.into(),
        hlc,
        head,
    };
    let claim = Claim::At(log.cursor(hlc, Tag::ZERO));
    log.refuses(beyond, ack(&log, PEER, &claim)).await;
}

/// The own ack is not judged again.
#[tokio::test]
async fn unchanged_goes_before_unknown() {
    let (log, stamps) = acknowledged().await;
    let before = log.contents();
    let claim = Claim::At(log.cursor(stamps[1], Tag::ZERO));
    let outcome = ack(&log, PEER, &claim).await.unwrap();
    assert_eq!(outcome, AckOutcome::Unchanged);
    assert_eq!(log.contents(), before);
}
