//! This program's own tables: the identity of the log, its state, and its peers.

use sea_orm::sea_query::{Expr, ExprTrait};

use super::m0001_original_tables::pending;
use super::schema::{self, flag, integer, owned, table, text, the_one};
use super::step::Migration;
use crate::driver::Template;
use crate::entity::{identity, peers, state};

pub(super) const MIGRATION: Migration = Migration {
    name: "sync_log_0002_log_tables",
    owns: || {
        use peers::Column::{Acked, AckedAt, Verified};
        use state::Column::{Altered, AlteredAt, HeadTag, PeersDeclared, Settled, WithRecords};
        vec![
            owned::<identity::Entity>(&[], &[]),
            owned::<state::Entity>(
                &[
                    PeersDeclared,
                    HeadTag,
                    AlteredAt,
                    Altered,
                    Settled,
                    WithRecords,
                ],
                &[],
            ),
            owned::<peers::Entity>(&[Verified, Acked, AckedAt], &[]),
        ]
    },
    make: || vec![make_identity(), make_state(), make_peers()],
    adds: Vec::new,
    fill: Vec::new,
    remove: || {
        vec![
            schema::remove::<peers::Entity>(),
            schema::remove::<state::Entity>(),
            schema::remove::<identity::Entity>(),
        ]
    },
    keeps: || vec![pending()],
};

fn make_identity() -> Template {
    use identity::Column::{CreatedAt, DeviceId, Id, LibraryId, LogId};
    schema::make(&table::<identity::Entity>([
        the_one(Id),
        text(LibraryId).not_null().to_owned(),
        text(DeviceId).not_null().to_owned(),
        text(LogId).not_null().to_owned(),
        text(CreatedAt).not_null().to_owned(),
    ]))
}

/// `policy_time_ms`, `evaluated_at` and, of the peers, `lagging_since_ms` and `seen_ms` belong to
/// the limit policies. The columns are here from the start because formats are frozen.
fn make_state() -> Template {
    use state::Column::{EvaluatedAt, Floor, FloorTag, Head, HighWater, Id, PolicyTimeMs, Solo};
    schema::make(&table::<state::Entity>([
        the_one(Id),
        text(Head).not_null().to_owned(),
        text(Floor).not_null().to_owned(),
        text(FloorTag).not_null().to_owned(),
        text(HighWater).not_null().to_owned(),
        flag(Solo, false),
        integer(PolicyTimeMs).not_null().default(0).to_owned(),
        text(EvaluatedAt),
    ]))
}

fn make_peers() -> Template {
    use peers::Column::{
        Admission, Hold, LaggingSinceMs, PeerDeviceId, RegisteredAt, RegisteredBy, RetiredAt,
        RetiredReason, SeenMs, State,
    };
    let is_state = Expr::col(State).is_in(["active", "retired"]);
    schema::make(&table::<peers::Entity>([
        text(PeerDeviceId).primary_key().not_null().to_owned(),
        text(State).not_null().check(is_state).to_owned(),
        integer(Admission).not_null().default(1).to_owned(),
        text(RegisteredBy).not_null().to_owned(),
        text(RegisteredAt).not_null().to_owned(),
        text(RetiredAt),
        text(RetiredReason),
        text(Hold),
        integer(LaggingSinceMs),
        integer(SeenMs),
    ]))
}
