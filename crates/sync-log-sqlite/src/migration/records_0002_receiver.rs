//! A receiver's tables: what it has of other devices, and own changes on their way to the log.

use sea_orm::sea_query::{ConditionalStatement, Index};
use sea_orm::{ColumnTrait, EntityTrait};

use super::schema::{self, flag, index_on, integer, make_index, owned, table, text, the_one};
use super::step::{Migration, count};
use crate::driver::Template;
use crate::entity::{outbox, peer_received_watermarks, receiver, versions, waiting, watermarks};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_records_0002_receiver",
    owns: || {
        vec![
            owned::<receiver::Entity>(&[], &[]),
            owned::<outbox::Entity>(&[], &[]),
            owned::<waiting::Entity>(&[], &[]),
            owned::<watermarks::Entity>(&[], &[]),
            owned::<peer_received_watermarks::Entity>(&[], &[]),
        ]
    },
    make: || {
        vec![
            make_receiver(),
            make_outbox(),
            make_waiting(),
            make_watermarks(),
            make_received(),
            index_what_is_deleted(),
        ]
    },
    adds: Vec::new,
    fill: Vec::new,
    remove: || {
        vec![
            schema::remove::<peer_received_watermarks::Entity>(),
            schema::remove::<watermarks::Entity>(),
            schema::remove::<waiting::Entity>(),
            schema::remove::<outbox::Entity>(),
            schema::remove::<receiver::Entity>(),
        ]
    },
    keeps: || {
        vec![
            (
                count::<outbox::Entity>(),
                "own changes are not in the log yet",
            ),
            (
                count::<watermarks::Entity>(),
                "devices were received from, and would be received again",
            ),
        ]
    },
};

const DELETED: &str = "idx_sync_log_versions_deleted";

fn make_receiver() -> Template {
    use receiver::Column::{
        Cleared, DeviceId, Forgotten, HasOutbox, Id, Issued, LibraryId, Models, Observed,
        Unversioned,
    };
    schema::make(&table::<receiver::Entity>([
        the_one(Id),
        text(LibraryId).not_null().to_owned(),
        text(DeviceId).not_null().to_owned(),
        flag(HasOutbox, true),
        text(Issued).not_null().to_owned(),
        text(Observed).not_null().to_owned(),
        text(Cleared).not_null().to_owned(),
        text(Forgotten).not_null().to_owned(),
        text(Unversioned).not_null().to_owned(),
        text(Models).not_null().to_owned(),
    ]))
}

fn make_outbox() -> Template {
    use outbox::Column::{ChangeType, Data, GroupEnd, Hlc, ModelType, ModelVersion, RecordUuid};
    let texts = [ModelType, RecordUuid, ChangeType, Data];
    make_entries::<outbox::Entity>(Hlc, texts, [ModelVersion, GroupEnd])
}

fn make_waiting() -> Template {
    use waiting::Column::{ChangeType, Data, GroupEnd, Hlc, ModelType, ModelVersion, RecordUuid};
    let texts = [ModelType, RecordUuid, ChangeType, Data];
    make_entries::<waiting::Entity>(Hlc, texts, [ModelVersion, GroupEnd])
}

/// A table of entries, by their stamps.
fn make_entries<E: EntityTrait>(
    hlc: E::Column,
    texts: [E::Column; 4],
    numbers: [E::Column; 2],
) -> Template {
    let key = text(hlc).primary_key().not_null().to_owned();
    let texts = texts.map(|column| text(column).not_null().to_owned());
    let numbers = numbers.map(|column| integer(column).not_null().to_owned());
    schema::make(&table::<E>([key].into_iter().chain(texts).chain(numbers)))
}

fn make_watermarks() -> Template {
    use watermarks::Column::{Cursor, Origin, UpdatedAt};
    schema::make(&table::<watermarks::Entity>([
        text(Origin).primary_key().not_null().to_owned(),
        text(Cursor).not_null().to_owned(),
        text(UpdatedAt).not_null().to_owned(),
    ]))
}

fn make_received() -> Template {
    use peer_received_watermarks::Column::{DeviceUuid, MaxReceivedHlc, PeerDeviceUuid, UpdatedAt};
    let columns = [DeviceUuid, PeerDeviceUuid, MaxReceivedHlc, UpdatedAt];
    let columns = columns.map(|column| text(column).not_null().to_owned());
    let mut received = table::<peer_received_watermarks::Entity>(columns);
    schema::make(received.primary_key(Index::create().col(DeviceUuid).col(PeerDeviceUuid)))
}

/// Deleted records are forgotten in the order of their stamps.
fn index_what_is_deleted() -> Template {
    use versions::Column::{Hlc, Standing};
    let mut index = index_on::<versions::Entity>(DELETED, &[Hlc]);
    make_index(index.and_where(Standing.eq("deleted")))
}
