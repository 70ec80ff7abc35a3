//! The two tables of the original design, which other programs read too.

use sea_orm::sea_query::Index;

use super::schema::{self, index, table, text};
use super::{Migration, count};
use crate::driver::Template;
use crate::entity::{peer_acks, shared_changes};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_0001_original_tables",
    make,
    remove: || {
        vec![
            schema::remove::<shared_changes::Entity>(),
            schema::remove::<peer_acks::Entity>(),
        ]
    },
    keeps: || vec![pending()],
};

/// What no way down may lose.
pub(super) fn pending() -> (Template, &'static str) {
    (count::<shared_changes::Entity>(), "entries are pending")
}

/// Makes what is not there of the two tables and their indexes.
pub(crate) fn make() -> Vec<Template> {
    use peer_acks::Column::{AckedAt, LastAckedHlc, PeerDeviceId};
    use shared_changes::Column::{ChangeType, CreatedAt, Data, Hlc, ModelType, RecordUuid};
    let changes = table::<shared_changes::Entity>([
        text(Hlc).primary_key().to_owned(),
        text(ModelType).not_null().to_owned(),
        text(RecordUuid).not_null().to_owned(),
        text(ChangeType).not_null().to_owned(),
        text(Data).not_null().to_owned(),
        text(CreatedAt).not_null().to_owned(),
    ]);
    let acks = table::<peer_acks::Entity>([
        text(PeerDeviceId).not_null().to_owned(),
        text(LastAckedHlc).not_null().to_owned(),
        text(AckedAt).not_null().to_owned(),
    ])
    .primary_key(Index::create().col(PeerDeviceId))
    .to_owned();
    vec![
        schema::make(&changes),
        index::<shared_changes::Entity>("idx_shared_changes_hlc", Hlc),
        index::<shared_changes::Entity>("idx_shared_changes_model", ModelType),
        index::<shared_changes::Entity>("idx_shared_changes_record", RecordUuid),
        schema::make(&acks),
        index::<peer_acks::Entity>("idx_peer_acks_hlc", LastAckedHlc),
    ]
}
