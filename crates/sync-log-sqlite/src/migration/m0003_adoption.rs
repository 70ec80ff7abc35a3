//! The tables of adoptions: the rows that are not entries of this log, and the record of each
//! adoption.

use super::m0001_original_tables::pending;
use super::schema::{self, added, any, flag, integer, owned, remove_column, table, text};
use super::step::{Migration, count};
use crate::driver::Template;
use crate::entity::{adoptions, aside_acks, aside_changes, peers, state};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_0003_adoption",
    owns: || {
        vec![
            owned::<adoptions::Entity>(&[], &[]),
            owned::<aside_changes::Entity>(&[], &[]),
            owned::<aside_acks::Entity>(&[], &[]),
        ]
    },
    adds: || {
        use peers::Column::Verified;
        use state::Column::PeersDeclared;
        vec![
            added::<state::Entity>(PeersDeclared, flag(PeersDeclared, true)),
            added::<peers::Entity>(Verified, flag(Verified, true)),
        ]
    },
    make: || vec![make_adoptions(), make_aside_changes(), make_aside_acks()],
    fill: Vec::new,
    remove: || {
        vec![
            schema::remove::<aside_acks::Entity>(),
            schema::remove::<aside_changes::Entity>(),
            schema::remove::<adoptions::Entity>(),
            remove_column::<peers::Entity>(peers::Column::Verified),
            remove_column::<state::Entity>(state::Column::PeersDeclared),
        ]
    },
    // Rows that went aside may hold changes that are still wanted.
    keeps: || {
        vec![
            pending(),
            (count::<aside_changes::Entity>(), "changes are aside"),
            (count::<aside_acks::Entity>(), "acks are aside"),
        ]
    },
};

fn make_adoptions() -> Template {
    use adoptions::Column::{AdoptedAt, Cause, Floor, Head, Id, KeptAcks, KeptChanges, LogId};
    schema::make(&table::<adoptions::Entity>([
        integer(Id).primary_key().to_owned(),
        text(AdoptedAt).not_null().to_owned(),
        text(Cause).not_null().to_owned(),
        integer(KeptChanges).not_null().to_owned(),
        integer(KeptAcks).not_null().to_owned(),
        text(Head).not_null().to_owned(),
        text(Floor).not_null().to_owned(),
        text(LogId).not_null().to_owned(),
    ]))
}

fn make_aside_changes() -> Template {
    use aside_changes::Column::{
        Adoption, ChangeType, CreatedAt, Data, Hlc, Id, ModelType, Reason, RecordUuid,
    };
    schema::make(&table::<aside_changes::Entity>([
        integer(Id).primary_key().to_owned(),
        integer(Adoption).not_null().to_owned(),
        text(Reason).not_null().to_owned(),
        any(Hlc),
        any(ModelType),
        any(RecordUuid),
        any(ChangeType),
        any(Data),
        any(CreatedAt),
    ]))
}

fn make_aside_acks() -> Template {
    use aside_acks::Column::{AckedAt, Adoption, Id, LastAckedHlc, PeerDeviceId, Reason};
    schema::make(&table::<aside_acks::Entity>([
        integer(Id).primary_key().to_owned(),
        integer(Adoption).not_null().to_owned(),
        text(Reason).not_null().to_owned(),
        any(PeerDeviceId),
        any(LastAckedHlc),
        any(AckedAt),
    ]))
}
