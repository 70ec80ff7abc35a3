//! The two tables of the original design, which other programs read too.

use sea_orm::sea_query::Index;

use super::schema::{self, index, owned, table, text};
use super::step::{Migration, count};
use crate::driver::Template;
use crate::entity::{peer_acks, shared_changes};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_0001_original_tables",
    owns: || {
        vec![
            owned::<shared_changes::Entity>(&[], &CHANGES_INDEXES),
            owned::<peer_acks::Entity>(&[], &ACKS_INDEXES),
        ]
    },
    make,
    adds: Vec::new,
    fill: Vec::new,
    remove: || {
        vec![
            schema::remove::<shared_changes::Entity>(),
            schema::remove::<peer_acks::Entity>(),
        ]
    },
    keeps: || vec![pending()],
};

const CHANGES_INDEXES: [&str; 3] = [
    "idx_shared_changes_hlc",
    "idx_shared_changes_model",
    "idx_shared_changes_record",
];

const ACKS_INDEXES: [&str; 1] = ["idx_peer_acks_hlc"];

/// The rows that no downgrade may lose.
pub(super) fn pending() -> (Template, &'static str) {
    (count::<shared_changes::Entity>(), "entries are pending")
}

/// Makes those of the two tables and their indexes that are missing.
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
    let indexed = CHANGES_INDEXES
        .into_iter()
        .zip([Hlc, ModelType, RecordUuid]);
    let indexes = indexed.map(|(name, column)| index::<shared_changes::Entity>(name, column));
    let [acks_index] = ACKS_INDEXES;
    let mut make = vec![schema::make(&changes)];
    make.extend(indexes);
    make.push(schema::make(&acks));
    make.push(index::<peer_acks::Entity>(acks_index, LastAckedHlc));
    make
}
