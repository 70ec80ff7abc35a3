//! One job inside a transaction: look, decide, write.

use std::sync::LazyLock;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryTrait};
use sync_log_core::{
    Changes, Hlc, LogError, LogState, Mark, Needs, Peer, PeerRow, PeersNeeded, StoreError,
    StoreErrorKind, StoredEntry, Tag, Uuid, View, WriteJob,
};

use super::select;
use crate::driver::build::{insert, upsert};
use crate::driver::{Argument, Port, Template, argument};
use crate::entity::{peer_acks, peers, shared_changes, state};
use crate::rows::{self, ACK, PEER};
use crate::time;

/// A write transaction that several jobs share.
pub(super) struct Shared<'a, P> {
    db: &'a P,
    /// As it will be once everything is written.
    state: LogState,
    /// As it is in the database.
    stored: LogState,
    created_at: CreatedAt,
}

impl<'a, P: Port> Shared<'a, P> {
    /// Reads the state under the write lock: another process may have moved it, or made
    /// the tables anew, after which nothing is written (`I4`).
    pub(super) async fn begin(db: &'a P, anew: bool) -> Result<Self, StoreError> {
        let mut state = select::state(db).await?;
        state.foreign_write |= anew;
        Ok(Self {
            db,
            state,
            stored: state,
            created_at: CreatedAt::default(),
        })
    }

    /// Runs one job. A refusal is its own; a failure is the transaction's.
    pub(super) async fn run(
        &mut self,
        job: &mut WriteJob,
    ) -> Result<Result<(), LogError>, StoreError> {
        let view = self.view(&job.needs(&self.state)).await?;
        match job.decide(&view) {
            Ok(changes) => self.apply(changes).await.map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Writes what is left.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        if self.state != self.stored {
            self.write_state().await?;
        }
        Ok(())
    }

    async fn view(&self, needs: &Needs) -> Result<View<'_>, StoreError> {
        let mut entries = Vec::new();
        for hlc in &needs.entries {
            entries.extend(select::entry(self.db, *hlc).await?);
        }
        Ok(View {
            state: &self.state,
            entries,
            peers: self.peers(needs.peers).await?,
            oldest: match needs.oldest {
                0 => Vec::new(),
                count => select::oldest(self.db, count).await?,
            },
        })
    }

    async fn peers(&self, needed: PeersNeeded) -> Result<Vec<PeerRow>, StoreError> {
        match needed {
            PeersNeeded::None => Ok(Vec::new()),
            PeersNeeded::One(peer) => Ok(select::peer(self.db, peer).await?.into_iter().collect()),
            PeersNeeded::All => select::peers(self.db).await,
        }
    }

    async fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        // Every field by name: a kind of change that is added later must not be
        // ignored here.
        let Changes {
            append,
            high_water,
            peer,
            solo,
            peers_declared,
            prune_through,
        } = changes;
        if let Some(hlc) = prune_through {
            self.prune(hlc).await?;
        }
        for stored in &append {
            self.insert(stored).await?;
        }
        if let Some(last) = append.last() {
            self.state.head = last.entry.hlc;
        }
        if let Some(peer) = peer {
            self.write_peer(&peer).await?;
        }
        self.state.high_water = high_water.unwrap_or(self.state.high_water);
        self.state.solo = solo.unwrap_or(self.state.solo);
        self.state.peers_declared = peers_declared.unwrap_or(self.state.peers_declared);
        Ok(())
    }

    async fn insert(&mut self, stored: &StoredEntry) -> Result<(), StoreError> {
        let entry = &stored.entry;
        let mut record_uuid = Uuid::encode_buffer();
        let record_uuid = entry
            .record_uuid
            .hyphenated()
            .encode_lower(&mut record_uuid);
        let hlc = entry.hlc.to_text();
        let arguments = [
            hlc.as_str(),
            &entry.model_type,
            record_uuid,
            entry.change_type.as_str(),
            entry.data.as_str(),
            self.created_at.text(stored.created_at_ms),
        ];
        let arguments = arguments.map(Argument::from);
        self.db.run(&INSERT_ENTRY, &arguments).await.map(drop)
    }

    async fn prune(&mut self, through: Hlc) -> Result<(), StoreError> {
        let last = select::entry(self.db, through).await?.ok_or_else(|| {
            StoreError::new(StoreErrorKind::Corrupt, "find the entry to prune through")
        })?;
        let hlc = through.to_text();
        let through_text = [hlc.as_str().into()];
        self.db.run(&DELETE_ENTRIES, &through_text).await?;
        self.state.floor = Mark {
            hlc: through,
            tag: Tag::of(&last),
        };
        Ok(())
    }

    async fn write_state(&self) -> Result<(), StoreError> {
        let state = &self.state;
        let [head, floor, high_water] =
            [state.head, state.floor.hlc, state.high_water].map(|hlc| hlc.to_text());
        let tag = state.floor.tag.to_string();
        let arguments = [
            head.as_str().into(),
            floor.as_str().into(),
            (&tag).into(),
            high_water.as_str().into(),
            state.solo.into(),
            state.peers_declared.into(),
        ];
        self.db.run(&UPDATE_STATE, &arguments).await.map(drop)
    }

    async fn write_peer(&self, peer: &Peer) -> Result<(), StoreError> {
        let (ack, facts) = (rows::ack_values(peer), rows::peer_values(peer));
        let ack = ack.each_ref().map(Argument::from);
        self.db.run(&WRITE_ACK, &ack).await?;
        let facts = facts.each_ref().map(Argument::from);
        self.db.run(&WRITE_PEER, &facts).await.map(drop)
    }
}

/// Arguments: the columns, in the order of the table.
static INSERT_ENTRY: LazyLock<Template> = LazyLock::new(|| {
    use shared_changes::Column::{ChangeType, CreatedAt, Data, Hlc, ModelType, RecordUuid};
    let columns = [Hlc, ModelType, RecordUuid, ChangeType, Data, CreatedAt];
    Template::build(
        "insert an entry",
        &insert::<shared_changes::Entity>(&columns),
    )
});

/// Argument: the stamp up to which entries go.
static DELETE_ENTRIES: LazyLock<Template> = LazyLock::new(|| {
    let delete =
        shared_changes::Entity::delete_many().filter(shared_changes::Column::Hlc.lte(argument(0)));
    Template::build("delete entries", &delete.into_query())
});

/// Arguments: the columns, in the order in which they are named here.
static UPDATE_STATE: LazyLock<Template> = LazyLock::new(|| {
    use state::Column::{Floor, FloorTag, Head, HighWater, Id, PeersDeclared, Solo};
    let update = state::Entity::update_many()
        .col_expr(Head, Expr::val(argument(0)))
        .col_expr(Floor, Expr::val(argument(1)))
        .col_expr(FloorTag, Expr::val(argument(2)))
        .col_expr(HighWater, Expr::val(argument(3)))
        .col_expr(Solo, Expr::val(argument(4)))
        .col_expr(PeersDeclared, Expr::val(argument(5)))
        .filter(Id.eq(1));
    Template::build("write the state", &update.into_query())
});

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

/// The text of a time. Entries of one batch have one, so it is kept.
#[derive(Default)]
struct CreatedAt {
    ms: i64,
    text: String,
}

impl CreatedAt {
    fn text(&mut self, ms: i64) -> &str {
        if self.text.is_empty() || self.ms != ms {
            self.ms = ms;
            self.text = time::to_text(ms);
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::DatabaseTransaction;

    use super::*;
    use crate::driver::Over;

    fn is_send(_: impl Send) {}

    /// That this compiles is the test. It cannot run, because this crate has no driver.
    fn spawned(txn: &'static DatabaseTransaction, mut job: WriteJob) {
        is_send(async move {
            let db = Over(txn);
            let mut shared = Shared::begin(&db, false).await?;
            let outcome = shared.run(&mut job).await?;
            shared.finish().await.map(|()| outcome)
        });
    }

    #[test]
    fn a_job_can_be_spawned_with_an_apps_transaction() {
        let _ = spawned;
    }
}
