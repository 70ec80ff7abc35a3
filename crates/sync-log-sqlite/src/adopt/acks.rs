//! Sorts the rows of `peer_acks` of an adopted file.

use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};
use sync_log_core::judge::{self, AckFault};
use sync_log_core::{
    DeviceId, Hlc, LogState, Peer, PeerFacts, PeerState, RegisteredBy, StoreError,
};

use super::bounds::Horizon;
use super::changes::UUID_BYTES;
use super::rows::{ADOPT, Aside, Chunks, Numbered, chunk};
use crate::driver::build::{insert, is_text, unless_longer};
use crate::driver::{Argument, Port, Row, Template, argument};
use crate::entity::{aside_acks, peer_acks, peers};
use crate::store::rows::{self, ACK, PEER};

/// The highest stamps in the acks, up to the horizon: an ack can be forged.
pub(super) struct Claimed {
    /// The highest stamp of any device.
    pub(super) any: Hlc,
    /// The highest stamp of this device.
    pub(super) own: Hlc,
}

pub(super) async fn highest(
    db: &impl Port,
    device_id: DeviceId,
    horizon: Horizon,
) -> Result<Claimed, StoreError> {
    let mut claimed = Claimed {
        any: Hlc::ZERO,
        own: Hlc::ZERO,
    };
    let mut chunks = Chunks::of(&CHUNK, "peer_acks");
    loop {
        let chunk = chunks.next(db, stamp).await?;
        if chunk.is_empty() {
            return Ok(claimed);
        }
        let stamps = chunk.iter().filter_map(|acked| acked.found);
        for hlc in stamps.filter(|hlc| horizon.allows(*hlc)) {
            claimed.any = claimed.any.max(hlc);
            if hlc.device_id == device_id {
                claimed.own = claimed.own.max(hlc);
            }
        }
    }
}

/// Keeps the acks that can be acks of this log, as not verified, and puts the others aside: their
/// peers count as if they had never acknowledged. Returns how many acks stay.
///
/// A peer that is known already has this program's own row, which counts. Its ack is no longer
/// verified, because the peer acknowledged the log as it was before the adoption.
pub(super) async fn sort(
    db: &impl Port,
    adoption: i64,
    state: &LogState,
    head: Hlc,
    now_ms: i64,
) -> Result<i64, StoreError> {
    let device_id = state.identity.device_id;
    let mut kept = 0;
    let mut chunks = Chunks::of(&CHUNK, "peer_acks");
    loop {
        let chunk = chunks
            .next(db, |row| Found::read(row, device_id, head))
            .await?;
        if chunk.is_empty() {
            break;
        }
        for Numbered { row, found } in chunk {
            if let Err(reason) = found.acked {
                ASIDE.put(db, adoption, reason, row).await?;
            }
            if let Some(peer) = found.peer {
                kept += i64::from(found.acked.is_ok());
                register(db, peer, found.acked.unwrap_or(Hlc::ZERO), now_ms).await?;
            }
        }
    }
    let zero = Hlc::ZERO.to_text();
    db.run(&BELIEVE_NONE, &[zero.as_str().into()]).await?;
    Ok(kept)
}

/// Puts aside the rows whose id cannot be a peer's.
pub(super) async fn put_strangers_aside(
    db: &impl Port,
    adoption: i64,
    device_id: DeviceId,
) -> Result<(), StoreError> {
    let mut chunks = Chunks::of(&CHUNK, "peer_acks");
    loop {
        let chunk = chunks.next(db, |row| peer(row, device_id)).await?;
        if chunk.is_empty() {
            return Ok(());
        }
        for stranger in chunk.iter().filter(|id| id.found.is_none()) {
            ASIDE.put(db, adoption, NO_PEER, stranger.row).await?;
        }
    }
}

const NO_PEER: &str = "peer_device_id is not of a peer, in strict form";

/// A row, as it was found.
struct Found {
    /// The peer that it names, if a peer of this log can have that id.
    peer: Option<DeviceId>,
    /// The ack, or the reason why it cannot be one of this log.
    acked: Result<Hlc, &'static str>,
}

impl Found {
    fn read(row: &Row<'_>, device_id: DeviceId, head: Hlc) -> Self {
        let peer = peer(row, device_id);
        let acked = judge::ack(row.text(2).as_deref(), device_id, head);
        let acked = acked.map_err(AckFault::as_str);
        Self {
            peer,
            acked: match acked {
                _ if peer.is_none() => Err(NO_PEER),
                Ok(_) if !row.is_true(3) => Err("acked_at is no text"),
                judged => judged,
            },
        }
    }
}

/// The peer that is named in the column after the row's number, if a peer of this log can have
/// that id.
pub(super) fn peer(row: &Row<'_>, device_id: DeviceId) -> Option<DeviceId> {
    judge::peer_id(row.text(1).as_deref(), device_id).ok()
}

/// The stamp that a row of [`CHUNK`] says is acknowledged.
fn stamp(row: &Row<'_>) -> Option<Hlc> {
    judge::stamp(row.text(2).as_deref()).ok()
}

/// Peer and stamp, which are not read where they are longer than they may be, and whether the
/// time is text.
static CHUNK: LazyLock<Template> = LazyLock::new(|| {
    use peer_acks::Column::{AckedAt, LastAckedHlc, PeerDeviceId};
    let values = [
        unless_longer(PeerDeviceId, UUID_BYTES),
        unless_longer(LastAckedHlc, Hlc::TEXT_LEN),
        is_text(AckedAt),
    ];
    chunk::<peer_acks::Entity>("read acks that are to be adopted", values)
});

static ASIDE: LazyLock<Aside> = LazyLock::new(|| {
    use aside_acks::Column::{AckedAt, Adoption, LastAckedHlc, PeerDeviceId, Reason};
    let aside = [Adoption, Reason, PeerDeviceId, LastAckedHlc, AckedAt];
    Aside::of::<peer_acks::Entity, aside_acks::Entity>(&ACK, &aside)
});

/// Registers a peer that is not known. An ack of nothing needs no proof.
async fn register(
    db: &impl Port,
    peer: DeviceId,
    acked: Hlc,
    now_ms: i64,
) -> Result<(), StoreError> {
    let peer = Peer {
        device_id: peer,
        acked,
        acked_at_ms: now_ms,
        facts: PeerFacts {
            state: PeerState::Active,
            registered_by: RegisteredBy::Adoption,
            registered_at_ms: now_ms,
            admission: 1,
            hold: None,
            verified: acked.is_zero(),
        },
    };
    let values = rows::peer_values(&peer);
    let values = values.each_ref().map(Argument::from);
    db.run(&REGISTER, &values).await.map(drop)
}

/// Arguments: the columns of [`PEER`].
static REGISTER: LazyLock<Template> = LazyLock::new(|| {
    let known = OnConflict::column(peers::Column::PeerDeviceId)
        .do_nothing()
        .to_owned();
    let register = insert::<peers::Entity>(&PEER).on_conflict(known).to_owned();
    Template::build(ADOPT, &register)
});

/// Argument: the ack of nothing.
static BELIEVE_NONE: LazyLock<Template> = LazyLock::new(|| {
    let update = peers::Entity::update_many()
        .col_expr(peers::Column::Verified, Expr::val(0))
        .filter(peers::Column::Acked.ne(argument(0)));
    Template::build(ADOPT, &update.into_query())
});
