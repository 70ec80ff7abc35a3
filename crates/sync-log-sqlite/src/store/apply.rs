//! One job inside a transaction: look, decide, write.

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Statement,
    Value,
};
use sync_log_core::{
    Changes, EntrySummary, Hlc, LogError, LogState, Mark, Needs, Peer, PeerRow, PeersNeeded,
    SharedChangeEntry, StoreError, StoreErrorKind, StoredEntry, Tag, View, WriteJob,
};

use super::select;
use crate::entities::{peer, peer_ack, shared_change};
use crate::failure::failed;
use crate::rows::{self, Columns, ENTRY_COLUMNS};

/// Rows of one INSERT: 6 binds each, far below SQLite's 32,766.
const ROWS_PER_INSERT: usize = 500;

/// Stamps of one lookup.
const STAMPS_PER_LOOKUP: usize = 500;

/// A write transaction that several jobs share.
pub(super) struct Shared<'a> {
    txn: &'a DatabaseTransaction,
    /// As it will be once everything is written.
    state: LogState,
    /// As it is in the database.
    stored: LogState,
    /// Decided and not written yet, so that many jobs make one statement.
    appended: Vec<StoredEntry>,
    pub(super) pruned: bool,
}

impl<'a> Shared<'a> {
    /// Reads the state under the write lock: another process may have moved it.
    pub(super) async fn begin(txn: &'a DatabaseTransaction) -> Result<Self, StoreError> {
        let state = select::state(txn).await?;
        Ok(Self {
            txn,
            state,
            stored: state,
            appended: Vec::new(),
            pruned: false,
        })
    }

    /// Runs one job. A refusal is its own; a failure is the transaction's.
    pub(super) async fn run(
        &mut self,
        job: &mut WriteJob,
    ) -> Result<Result<(), LogError>, StoreError> {
        let needs = job.needs(&self.state);
        if needs != Needs::default() {
            self.flush().await?;
        }
        let view = self.view(&needs).await?;
        match job.decide(&view) {
            Ok(changes) => self.apply(changes).await.map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Writes what is left.
    pub(super) async fn finish(mut self) -> Result<(), StoreError> {
        self.flush().await?;
        if self.state != self.stored {
            write_state(self.txn, &self.state)
                .await
                .map_err(|e| failed("write the state", e))?;
        }
        Ok(())
    }

    async fn view(&self, needs: &Needs) -> Result<View<'_>, StoreError> {
        Ok(View {
            state: &self.state,
            entries: self.entries(&needs.entries).await?,
            peers: self.peers(needs.peers).await?,
            oldest: self.oldest(needs.oldest).await?,
        })
    }

    async fn entries(&self, stamps: &[Hlc]) -> Result<Vec<SharedChangeEntry>, StoreError> {
        let mut found = Vec::new();
        for stamps in stamps.chunks(STAMPS_PER_LOOKUP) {
            let places = vec!["?"; stamps.len()].join(", ");
            let sql = format!("SELECT {ENTRY_COLUMNS} FROM shared_changes WHERE hlc IN ({places})");
            let stamps = stamps.iter().map(|stamp| Value::from(stamp.to_string()));
            for row in select::all(self.txn, &sql, stamps, "look up entries").await? {
                found.extend(rows::entry(&mut Columns::of(&row))?);
            }
        }
        Ok(found)
    }

    async fn peers(&self, needed: PeersNeeded) -> Result<Vec<PeerRow>, StoreError> {
        match needed {
            PeersNeeded::None => Ok(Vec::new()),
            PeersNeeded::One(peer) => Ok(select::peer(self.txn, peer).await?.into_iter().collect()),
            PeersNeeded::All => select::peers(self.txn).await,
        }
    }

    async fn oldest(&self, count: usize) -> Result<Vec<EntrySummary>, StoreError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let sql = "SELECT hlc, created_at FROM shared_changes ORDER BY hlc LIMIT ?";
        let rows = select::all(self.txn, sql, [select::limit(count)], "list entries").await?;
        rows.iter()
            .map(|row| rows::summary(&mut Columns::of(row)))
            .collect()
    }

    async fn apply(&mut self, changes: Changes) -> Result<(), StoreError> {
        // Every field by name: a kind of change that is added later must not be
        // ignored here.
        let Changes {
            append,
            high_water,
            peer,
            solo,
            prune_through,
        } = changes;
        if let Some(hlc) = prune_through {
            self.flush().await?;
            self.prune(hlc).await?;
        }
        if let Some(last) = append.last() {
            self.state.head = last.entry.hlc;
        }
        self.appended.extend(append);
        if let Some(peer) = peer {
            write_peer(self.txn, &peer)
                .await
                .map_err(|error| failed("write a peer", error))?;
        }
        self.state.high_water = high_water.unwrap_or(self.state.high_water);
        self.state.solo = solo.unwrap_or(self.state.solo);
        Ok(())
    }

    async fn prune(&mut self, through: Hlc) -> Result<(), StoreError> {
        let last = self
            .entries(&[through])
            .await?
            .into_iter()
            .next()
            .ok_or_else(|| {
                StoreError::new(StoreErrorKind::Corrupt, "find the entry to prune through")
            })?;
        shared_change::Entity::delete_many()
            .filter(shared_change::Column::Hlc.lte(through.to_string()))
            .exec(self.txn)
            .await
            .map_err(|error| failed("delete entries", error))?;
        self.state.floor = Mark {
            hlc: through,
            tag: Tag::of(&last),
        };
        self.pruned = true;
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        for chunk in self.appended.chunks(ROWS_PER_INSERT) {
            shared_change::Entity::insert_many(chunk.iter().map(rows::entry_model))
                .exec_without_returning(self.txn)
                .await
                .map_err(|error| failed("insert entries", error))?;
        }
        self.appended.clear();
        Ok(())
    }
}

async fn write_state(txn: &DatabaseTransaction, state: &LogState) -> Result<(), DbErr> {
    let sql = "UPDATE sync_log_state SET head = ?, floor = ?, floor_tag = ?, high_water = ?, \
               solo = ? WHERE id = 1";
    let values: [Value; 5] = [
        state.head.to_string().into(),
        state.floor.hlc.to_string().into(),
        state.floor.tag.to_string().into(),
        state.high_water.to_string().into(),
        i64::from(state.solo).into(),
    ];
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    txn.execute_raw(statement).await.map(drop)
}

async fn write_peer(txn: &DatabaseTransaction, row: &Peer) -> Result<(), DbErr> {
    peer_ack::Entity::insert(rows::ack_model(row))
        .on_conflict(
            OnConflict::column(peer_ack::Column::PeerDeviceId)
                .update_columns([peer_ack::Column::LastAckedHlc, peer_ack::Column::AckedAt])
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await?;
    peer::Entity::insert(rows::peer_model(row))
        .on_conflict(
            OnConflict::column(peer::Column::PeerDeviceId)
                .update_columns([
                    peer::Column::State,
                    peer::Column::Admission,
                    peer::Column::RegisteredBy,
                    peer::Column::RegisteredAt,
                    peer::Column::RetiredAt,
                    peer::Column::RetiredReason,
                    peer::Column::Hold,
                ])
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await
        .map(drop)
}
