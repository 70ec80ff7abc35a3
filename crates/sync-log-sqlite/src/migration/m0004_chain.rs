//! The chain (`R4`): a tag for each entry, and one for the head; and each peer's ack where
//! only this program writes (`P5`).

use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use sync_log_core::{Hlc, Tag};

use super::m0001_original_tables::pending;
use super::schema::{self, added, blob, integer, owned, remove_column, table, text};
use super::step::Migration;
use crate::driver::Template;
use crate::driver::raw::triggers;
use crate::entity::{entries, peer_acks, peers, state};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_0004_chain",
    owns: || vec![owned::<entries::Entity>(&[], &[])],
    make: || {
        let mut make = triggers::remove();
        make.extend([make_entries(), widen_floor_tag()]);
        make
    },
    adds: || {
        use peers::Column::{Acked, AckedAt};
        use state::Column::{Altered, AlteredAt, HeadTag};
        let no_tag = Tag::ZERO.to_string();
        let head_tag = text(HeadTag).not_null().default(no_tag).to_owned();
        let no_ack = Hlc::ZERO.to_string();
        let acked = text(Acked).not_null().default(no_ack).to_owned();
        vec![
            added::<state::Entity>(HeadTag, head_tag),
            added::<state::Entity>(AlteredAt, text(AlteredAt)),
            added::<state::Entity>(Altered, text(Altered)),
            added::<peers::Entity>(Acked, acked),
            added::<peers::Entity>(AckedAt, text(AckedAt)),
        ]
    },
    fill: || vec![take_over_acks()],
    remove: || {
        use peers::Column::{Acked, AckedAt};
        use state::Column::{Altered, AlteredAt, HeadTag};
        let mut remove: Vec<_> = [Altered, AlteredAt, HeadTag]
            .map(remove_column::<state::Entity>)
            .into();
        remove.extend([AckedAt, Acked].map(remove_column::<peers::Entity>));
        remove.push(schema::remove::<entries::Entity>());
        remove
    },
    keeps: || vec![pending()],
};

/// Without row ids: the table is its own index.
fn make_entries() -> Template {
    use entries::Column::{GroupEnd, Hlc, ModelVersion, Tag};
    let mut entries = table::<entries::Entity>([
        text(Hlc).primary_key().not_null().to_owned(),
        blob(Tag).not_null().to_owned(),
        integer(ModelVersion).not_null().to_owned(),
        integer(GroupEnd).not_null().to_owned(),
    ]);
    schema::make(entries.extra("WITHOUT ROWID"))
}

/// Digits of a tag before there was a chain.
const FORMER_DIGITS: i32 = 16;

/// A tag of a single entry does not cover the entries before it. A log whose floor had such a tag
/// begins there without a past.
fn widen_floor_tag() -> Template {
    use state::Column::{FloorTag, Id};
    let digits = Func::char_length(FloorTag.into_expr());
    let update = state::Entity::update_many()
        .col_expr(FloorTag, Expr::val(Tag::ZERO.to_string()))
        .filter(Id.eq(1))
        .filter(Expr::from(digits).eq(FORMER_DIGITS));
    Template::build("widen the tag of the floor", &update.into_query())
}

/// Earlier versions kept acks in `peer_acks` alone. A row with a time of change was written by a
/// later version.
fn take_over_acks() -> Template {
    use peers::Column::{Acked, AckedAt, PeerDeviceId, RegisteredAt};
    let found = |column: peer_acks::Column| {
        let is_of_peer = peer_acks::Column::PeerDeviceId
            .into_expr()
            .equals((peers::Entity, PeerDeviceId));
        let query = peer_acks::Entity::find()
            .select_only()
            .column(column)
            .filter(is_of_peer);
        Expr::from(query.into_query())
    };
    let acked = found(peer_acks::Column::LastAckedHlc);
    let acked_at = found(peer_acks::Column::AckedAt);
    let update = peers::Entity::update_many()
        .col_expr(Acked, Func::coalesce([acked, Acked.into_expr()]).into())
        .col_expr(
            AckedAt,
            Func::coalesce([acked_at, RegisteredAt.into_expr()]).into(),
        )
        .filter(AckedAt.is_null());
    Template::build("take over acks", &update.into_query())
}
