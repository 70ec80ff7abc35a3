//! The statements that write a peer (`P5`).

use std::sync::LazyLock;

use sync_log_core::{Peer, StoreError};

use crate::driver::build::upsert;
use crate::driver::{Argument, Port, Template};
use crate::entity::{peer_acks, peers};
use crate::store::rows::{self, ACK, PEER};

/// Writes both rows of a peer.
pub(crate) async fn write(db: &impl Port, peer: &Peer) -> Result<(), StoreError> {
    write_mirror(db, peer).await?;
    write_own(db, peer).await
}

/// Writes this program's own row, and leaves the mirror as it is.
pub(crate) async fn write_own(db: &impl Port, peer: &Peer) -> Result<(), StoreError> {
    let values = rows::peer_values(peer);
    let values = values.each_ref().map(Argument::from);
    db.run(&WRITE_PEER, &values).await.map(drop)
}

/// Writes the row that other programs read.
pub(crate) async fn write_mirror(db: &impl Port, peer: &Peer) -> Result<(), StoreError> {
    let values = rows::ack_values(peer);
    let values = values.each_ref().map(Argument::from);
    db.run(&WRITE_ACK, &values).await.map(drop)
}

/// Arguments: the columns of [`ACK`].
static WRITE_ACK: LazyLock<Template> = LazyLock::new(|| {
    let write = upsert::<peer_acks::Entity>(peer_acks::Column::PeerDeviceId, &ACK);
    Template::build("write a peer's ack", &write)
});

/// Arguments: the columns of [`PEER`].
static WRITE_PEER: LazyLock<Template> = LazyLock::new(|| {
    let write = upsert::<peers::Entity>(peers::Column::PeerDeviceId, &PEER);
    Template::build("write a peer", &write)
});
