//! What becomes of the rows of `peer_acks`.

use std::sync::LazyLock;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Order};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::{
    Hlc, LogState, Peer, PeerFacts, PeerState, RegisteredBy, StoreError, Uuid, parse_uuid,
};

use super::changes::UUID_BYTES;
use super::{ADOPT, CHUNK_ROWS};
use crate::driver::build::{insert, insert_selected, is_text, rowid, unless_longer};
use crate::driver::{Argument, Port, Row, Template, all, argument, argument_rows};
use crate::entity::{aside_acks, peer_acks, peers};
use crate::failure::corrupt;
use crate::rows::{self, ACK, PEER};

/// The highest stamps in the acks, as far as they are near: an ack can be forged.
pub(super) struct Claimed {
    /// Of any device.
    pub(super) any: Hlc,
    /// Of this one.
    pub(super) own: Hlc,
}

pub(super) async fn highest(
    db: &impl Port,
    device_id: Uuid,
    is_near: impl Fn(&Hlc) -> bool,
) -> Result<Claimed, StoreError> {
    let mut claimed = Claimed {
        any: Hlc::ZERO,
        own: Hlc::ZERO,
    };
    let mut next = Some(i64::MIN);
    while let Some(from) = next {
        let chunk = chunk(db, from, Hlc::ZERO, device_id).await?;
        next = chunk.last().and_then(|found| found.row.checked_add(1));
        for hlc in chunk.iter().filter_map(|found| found.hlc).filter(&is_near) {
            claimed.any = claimed.any.max(hlc);
            if hlc.device_id == device_id {
                claimed.own = claimed.own.max(hlc);
            }
        }
    }
    Ok(claimed)
}

/// A row, as it was found.
struct Found {
    row: i64,
    /// Whose it is, if it is somebody's.
    peer: Option<Uuid>,
    /// What it says, if that is a stamp.
    hlc: Option<Hlc>,
    /// The same, or why it cannot be an ack of this log.
    acked: Result<Hlc, &'static str>,
}

/// Keeps the acks that can be acks of this log, as not verified, and puts the others aside: of
/// such a peer, nothing is acknowledged. Returns how many stay.
///
/// A peer that is known already has this program's own row, which counts. Its ack is no longer
/// verified, because it was an ack of the log as it was before the adoption.
pub(super) async fn sort(
    db: &impl Port,
    adoption: i64,
    state: &LogState,
    head: Hlc,
    now_ms: i64,
) -> Result<i64, StoreError> {
    let mut kept = 0;
    let mut next = Some(i64::MIN);
    while let Some(from) = next {
        let chunk = chunk(db, from, head, state.identity.device_id).await?;
        next = chunk.last().and_then(|found| found.row.checked_add(1));
        for found in chunk {
            if found.acked.is_err() {
                put_aside(db, adoption, &found).await?;
            }
            if let Some(peer) = found.peer {
                register(db, peer, found.acked.unwrap_or(Hlc::ZERO), now_ms).await?;
                kept += i64::from(found.acked.is_ok());
            }
        }
    }
    let zero = Hlc::ZERO.to_text();
    db.run(&BELIEVE_NOBODY, &[zero.as_str().into()]).await?;
    Ok(kept)
}

/// Puts aside the rows whose id cannot be a peer's.
pub(super) async fn put_strangers_aside(
    db: &impl Port,
    adoption: i64,
    device_id: Uuid,
) -> Result<(), StoreError> {
    let mut next = Some(i64::MIN);
    while let Some(from) = next {
        let chunk = chunk(db, from, Hlc::ZERO, device_id).await?;
        next = chunk.last().and_then(|found| found.row.checked_add(1));
        for stranger in chunk.iter().filter(|found| found.peer.is_none()) {
            put_aside(db, adoption, stranger).await?;
        }
    }
    Ok(())
}

/// Some rows from this one on. A value that is longer than it may be is not read.
async fn chunk(
    db: &impl Port,
    from: i64,
    head: Hlc,
    device_id: Uuid,
) -> Result<Vec<Found>, StoreError> {
    let arguments = [from.into(), CHUNK_ROWS.into()];
    all(db, &CHUNK, &arguments, |row| judge(row, device_id, head)).await
}

/// Arguments: the number of the first row, and how many.
static CHUNK: LazyLock<Template> = LazyLock::new(|| {
    use peer_acks::Column::{AckedAt, LastAckedHlc, PeerDeviceId};
    let mut query = peer_acks::Entity::find().select_only().into_query();
    query
        .expr(rowid::<peer_acks::Entity>())
        .expr(unless_longer(PeerDeviceId, UUID_BYTES))
        .expr(unless_longer(LastAckedHlc, Hlc::TEXT_LEN))
        .expr(is_text(AckedAt))
        .and_where(rowid::<peer_acks::Entity>().gte(argument(0)))
        .order_by_expr(rowid::<peer_acks::Entity>(), Order::Asc)
        .limit(argument_rows(1));
    Template::build("read acks that are to be adopted", &query)
});

fn judge(row: &Row<'_>, device_id: Uuid, head: Hlc) -> Result<Found, StoreError> {
    let peer = peer(row, 1, device_id);
    let hlc = row.text(2).and_then(|text| text.parse::<Hlc>().ok());
    let acked = match hlc {
        _ if peer.is_none() => Err("peer_device_id is not of a peer, in strict form"),
        None => Err("last_acked_hlc is not a stamp in strict form"),
        Some(hlc) if !hlc.is_zero() && hlc.device_id != device_id => {
            Err("last_acked_hlc is a stamp of another device")
        }
        Some(hlc) if hlc > head => Err("last_acked_hlc is above the head"),
        Some(_) if !row.is_true(3) => Err("acked_at is no text"),
        Some(hlc) => Ok(hlc),
    };
    let number = row.integer(0);
    Ok(Found {
        row: number.ok_or_else(|| corrupt("peer_acks", "", "rowid"))?,
        peer,
        hlc,
        acked,
    })
}

/// Who is named in a column, if that can be a peer of this device.
pub(super) fn peer(row: &Row<'_>, column: usize, device_id: Uuid) -> Option<Uuid> {
    let peer = row.text(column).as_deref().and_then(parse_uuid);
    peer.filter(|peer| !peer.is_nil() && *peer != device_id)
}

async fn put_aside(db: &impl Port, adoption: i64, found: &Found) -> Result<(), StoreError> {
    let reason = found.acked.err().unwrap_or_default();
    let arguments = [adoption.into(), reason.into(), found.row.into()];
    db.run(&PUT_ASIDE, &arguments).await?;
    db.run(&DELETE, &[found.row.into()]).await.map(drop)
}

/// Arguments: the adoption, the reason, and the number of the row.
static PUT_ASIDE: LazyLock<Template> = LazyLock::new(|| {
    use aside_acks::Column::{AckedAt, Adoption, LastAckedHlc, PeerDeviceId, Reason};
    let mut row = peer_acks::Entity::find().select_only().into_query();
    row.expr(Expr::val(argument(0)))
        .expr(Expr::val(argument(1)))
        .columns(ACK)
        .and_where(rowid::<peer_acks::Entity>().eq(argument(2)));
    let insert = insert_selected::<aside_acks::Entity>(
        &[Adoption, Reason, PeerDeviceId, LastAckedHlc, AckedAt],
        row,
    );
    Template::build(ADOPT, &insert)
});

/// Argument: the number of the row.
static DELETE: LazyLock<Template> = LazyLock::new(|| {
    let delete =
        peer_acks::Entity::delete_many().filter(rowid::<peer_acks::Entity>().eq(argument(0)));
    Template::build(ADOPT, &delete.into_query())
});

/// Makes a peer known that is not. An ack of nothing needs no proof.
async fn register(db: &impl Port, peer: Uuid, acked: Hlc, now_ms: i64) -> Result<(), StoreError> {
    let peer = Peer {
        peer,
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
static BELIEVE_NOBODY: LazyLock<Template> = LazyLock::new(|| {
    let update = peers::Entity::update_many()
        .col_expr(peers::Column::Verified, Expr::val(0))
        .filter(peers::Column::Acked.ne(argument(0)));
    Template::build(ADOPT, &update.into_query())
});
