//! Repairs, at each opening, the peers' rows that another program wrote or deleted (`P5`).
//!
//! Afterwards this program's own row of each peer can be read, whatever was in it. The mirror in
//! `peer_acks` is equal to the own row, or claims more: that claim may be true, and an operator has
//! to decide.

use std::sync::LazyLock;

use sea_orm::{EntityTrait, QuerySelect, QueryTrait};
use sync_log_core::{DeviceId, LogState, Peer, PeerRow, RowFault, StoreError};

use super::acks::{peer, put_strangers_aside};
use super::changes::UUID_BYTES;
use super::record;
use crate::driver::build::{delete_row, rowid, unless_longer};
use crate::driver::{Port, Row, Template, all};
use crate::entity::peers;
use crate::store::peers::{write_mirror, write_own};
use crate::store::{select, state};

/// Repairs the rows of all peers, except where a repair would discard a claim that can be true.
pub(crate) async fn put_right(db: &impl Port, now_ms: i64) -> Result<(), StoreError> {
    let state = select::state(db).await?;
    let device_id = state.identity.device_id;
    put_strangers_aside(db, record::last(db).await?, device_id).await?;
    delete_strangers(db, device_id).await?;
    for row in select::peers(db).await? {
        if let Some(Repair { peer, own, mirror }) = Repair::of(&row, &state, now_ms) {
            if own {
                write_own(db, &peer).await?;
            }
            if mirror {
                write_mirror(db, &peer).await?;
            }
            if row.own.is_none() {
                // As with every other way of becoming known.
                state::end_solo(db).await?;
            }
        }
    }
    Ok(())
}

/// What a repair writes.
struct Repair {
    peer: Peer,
    own: bool,
    mirror: bool,
}

impl Repair {
    /// The repair of a peer with such rows, if they need one.
    fn of(row: &PeerRow, state: &LogState, now_ms: i64) -> Option<Self> {
        let fault = row.fault(state)?;
        let mut peer = row.peer(state)?;
        let own = fault != RowFault::OtherMirror;
        if own {
            // It counts as one that acknowledged nothing, which needs no proof.
            peer.acked_at_ms = now_ms;
            peer.facts.verified = true;
        }
        if matches!(fault, RowFault::NotRegistered | RowFault::Unreadable) {
            peer.facts.registered_at_ms = now_ms;
        }
        Some(Self {
            peer,
            own,
            mirror: !claims_more(row, peer, state),
        })
    }
}

/// Whether the mirror claims an ack that `peer` is not known to have given, and that can be true.
fn claims_more(row: &PeerRow, peer: Peer, state: &LogState) -> bool {
    let written = PeerRow {
        mirror: row.mirror.clone(),
        ..peer.into()
    };
    // What is not verified is a claim itself.
    peer.facts.verified && written.claim(state).is_some()
}

/// Deletes own rows whose id cannot be a peer's. This program wrote none of them.
async fn delete_strangers(db: &impl Port, device_id: DeviceId) -> Result<(), StoreError> {
    let stranger = |row: &Row<'_>| {
        let is_stranger = peer(row, device_id).is_none();
        Ok(row.integer(0).filter(|_| is_stranger))
    };
    for number in all(db, &READ_IDS, &[], stranger)
        .await?
        .into_iter()
        .flatten()
    {
        db.run(&DELETE, &[number.into()]).await?;
    }
    Ok(())
}

static READ_IDS: LazyLock<Template> = LazyLock::new(|| {
    let mut query = peers::Entity::find().select_only().into_query();
    query
        .expr(rowid::<peers::Entity>())
        .expr(unless_longer(peers::Column::PeerDeviceId, UUID_BYTES));
    Template::build("see whose rows there are", &query)
});

/// Argument: the number of the row.
static DELETE: LazyLock<Template> =
    LazyLock::new(|| delete_row::<peers::Entity>("delete a row of no peer"));
