//! Where two reasons apply, the order of the checks decides which is named
//! (`K3`). One case for each adjacent pair for which both can apply; above the
//! head and below the own ack, for one, never are at once.

use sync_log_core::{AckOutcome, Cursor, Hlc, LogError, PeerState};

use crate::damage::RowDamage;
use crate::harness::Harness;
use crate::rig::{Log, Rig};
use crate::sample::{
    DEVICE, change, foreign, in_other_log, just_above, made_up_tag, own_after, peer, retagged,
};

/// Peer 1 has acknowledged the second of three entries, 10 ms apart.
async fn set_up<H: Harness>(rig: &Rig<H>) -> (Log, Vec<Hlc>) {
    let log = rig.open_refusing().await;
    log.register_peer(peer(1)).await.unwrap();
    let mut stamps = Vec::new();
    for number in 0..3 {
        stamps.push(log.record(change(number)).await.unwrap());
        rig.wall.advance_ms(10);
    }
    log.record_ack(peer(1), stamps[1]).await.unwrap();
    (log, stamps)
}

async fn retired_error(log: &Log) -> LogError {
    let peers = log.peers().await.unwrap();
    match peers[0].as_ref().unwrap().facts.state {
        PeerState::Retired { since_ms, reason } => LogError::PeerRetired {
            peer: peer(1),
            since_ms,
            reason,
        },
        PeerState::Active => panic!("peer 1 is active"),
    }
}

/// Own id, then a row that another program wrote of it.
pub async fn the_own_id_goes_before_the_state_of_its_row<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let own_row = DEVICE.hyphenated().to_string();
    let planted = RowDamage::Mirror(stamps[0].to_string());
    rig.storage.damage_row(&own_row, planted).await;
    let refused = LogError::OwnPeer { peer: DEVICE };
    log.refuses("K3", refused, log.record_ack(DEVICE, stamps[1]))
        .await;
}

/// Retired, then another log and another device's stamp.
pub async fn retired_goes_before_the_place<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    log.retire(peer(1)).await.unwrap();
    let other = in_other_log(log.cursor_at(stamps[2]).await);
    let retired = retired_error(&log).await;
    log.refuses("K3", retired.clone(), log.record_ack_at(peer(1), other))
        .await;
    let by_stamp = log.record_ack(peer(1), foreign(stamps[2]));
    log.refuses("K3", retired, by_stamp).await;
}

/// Another admission, then another log and another device's stamp.
pub async fn another_admission_goes_before_the_place<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let cursor = log.cursor_at(stamps[2]).await;
    let foreign = Cursor::new(cursor.log_id(), foreign(stamps[2]), cursor.tag()).unwrap();
    let admission = 1;
    let other = LogError::OtherAdmission {
        peer: peer(1),
        given: 7,
        admission,
    };
    let ahead = LogError::AdmissionAhead {
        peer: peer(1),
        hlc: foreign.hlc(),
        given: 7,
        admission,
    };
    for (place, refused) in [(in_other_log(cursor), other), (foreign, ahead)] {
        log.refuses("K3", refused, log.record_ack_under(peer(1), 7, place))
            .await;
    }
}

/// Unknown, then another log and another device's stamp.
pub async fn unknown_goes_before_the_place<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let other = in_other_log(log.cursor_at(stamps[2]).await);
    let unknown = || LogError::UnknownPeer { peer: peer(7) };
    log.refuses("K3", unknown(), log.record_ack_at(peer(7), other))
        .await;
    let by_stamp = log.record_ack(peer(7), foreign(stamps[2]));
    log.refuses("K3", unknown(), by_stamp).await;
}

/// Another log, then another device's stamp.
pub async fn another_log_goes_before_another_device<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let cursor = log.cursor_at(stamps[2]).await;
    let foreign = Cursor::new(cursor.log_id(), foreign(stamps[2]), cursor.tag()).unwrap();
    let other = in_other_log(foreign);
    let refused = LogError::OtherLog {
        requested: other.log_id(),
        log_id: log.identity().log_id,
    };
    log.refuses("K3", refused, log.record_ack_at(peer(1), other))
        .await;
}

/// Another device's stamp, then above the head, below the own ack, unknown.
pub async fn another_device_goes_before_every_place<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let above = own_after(stamps[2], 1000);
    for place in [above, stamps[0], own_after(stamps[1], 5)] {
        let hlc = foreign(place);
        let origin = LogError::ForeignOrigin {
            hlc,
            device_id: DEVICE,
        };
        log.refuses("K3", origin, log.record_ack(peer(1), hlc))
            .await;
    }
}

/// Above the head, then unknown.
pub async fn above_the_head_goes_before_unknown<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let (hlc, head) = (just_above(stamps[2]), stamps[2]);
    let cursor = Cursor::new(log.identity().log_id, hlc, made_up_tag(1)).unwrap();
    let beyond = LogError::AckBeyondHead {
        peer: peer(1),
        hlc,
        head,
    };
    log.refuses("K3", beyond, log.record_ack_at(peer(1), cursor))
        .await;
}

/// Stale, then unknown: what is below the own ack is not looked up.
pub async fn stale_goes_before_unknown<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let stale = AckOutcome::Stale;
    let between = log.record_ack(peer(1), own_after(stamps[0], 5));
    log.changes_nothing("K3", stale, between).await;
    let wrong = retagged(log.cursor_at(stamps[0]).await);
    log.changes_nothing("K3", stale, log.record_ack_at(peer(1), wrong))
        .await;
}

/// Unchanged, then unknown: the own ack is not judged again.
pub async fn unchanged_goes_before_unknown<H: Harness>(rig: Rig<H>) {
    let (log, stamps) = set_up(&rig).await;
    let wrong = retagged(log.cursor_at(stamps[1]).await);
    let ack = log.record_ack_at(peer(1), wrong);
    log.changes_nothing("K3", AckOutcome::Unchanged, ack).await;
}
