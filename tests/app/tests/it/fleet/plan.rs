//! An own write, and the ways in which an app can make it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};
use simulator::apps::{Edit, Made, Payload, References, Release, Rows, make_all};
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::records::{SharedRecords, SyncError, begin};
use sync_log_sqlite::{Change, ChangeType};

use super::editing::{change_row, save};
use super::fault::Fault;

/// How an app makes an own write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// `write`, with statements of the app's, each of which it records.
    Statements,
    /// `write`, with the entity of the row, which records what changed. Only a single change is made so: a
    /// group is made by statements.
    Entities,
    /// A transaction of the app's own, and `record_many_in`.
    OwnTransaction,
}

impl Way {
    /// The way of the write with this number.
    pub(super) fn of(number: u32, fault: Option<Fault>) -> Self {
        match (fault, number % 3) {
            (Some(Fault::DrainLeftOut), _) => Self::OwnTransaction,
            (Some(Fault::PeersLeftOut) | None, 0) => Self::Entities,
            (Some(Fault::PeersLeftOut) | None, 1) => Self::OwnTransaction,
            _ => Self::Statements,
        }
    }
}

/// An own write.
pub(super) struct Plan {
    pub(super) way: Way,
    /// What the app wants to change.
    pub(super) edits: Vec<Made>,
    /// What is recorded of it.
    pub(super) changes: Vec<Change>,
    release: Release,
    references: References,
    /// The rows as they are to be afterwards.
    rows: BTreeMap<RecordId, Payload>,
}

impl Plan {
    /// What the edits make of these rows and of the records that have none.
    pub(super) fn new(
        before: BTreeMap<RecordId, Payload>,
        hidden: &BTreeSet<RecordId>,
        release: Release,
        edits: &[Edit],
        references: References,
        way: Way,
    ) -> Self {
        let mut rows = Rows::new(release, before.clone());
        let edits = make_all(&mut rows, hidden, edits, references);
        let way = match &edits[..] {
            [edit] if way == Way::Entities && fits(edit, &before) => way,
            _ if way == Way::Entities => Way::Statements,
            _ => way,
        };
        let is_recorded = |change: &&Change| {
            let id = id_of(change);
            way != Way::Entities || before.get(&id) != rows.rows.get(&id)
        };
        let changes = edits.iter().map(|edit| &edit.change);
        Self {
            way,
            changes: changes.filter(is_recorded).cloned().collect(),
            edits,
            release,
            references,
            rows: rows.rows,
        }
    }

    /// Makes the write.
    pub(super) async fn carry_out(
        &self,
        db: &DatabaseConnection,
        records: &SharedRecords,
        fault: Option<Fault>,
    ) -> Result<(), SyncError> {
        match self.way {
            Way::OwnTransaction => self.in_own_transaction(db, records).await,
            Way::Entities => self.by_entity(records).await,
            Way::Statements if fault == Some(Fault::RecordAfterCommit) => {
                let txn = begin(db).await?;
                self.change_rows(&txn).await?;
                txn.commit().await?;
                self.by_statements(records, Some(Fault::RecordWithoutRow))
                    .await
            }
            Way::Statements => self.by_statements(records, fault).await,
        }
    }

    async fn by_entity(&self, records: &SharedRecords) -> Result<(), SyncError> {
        let change = &self.edits[0].change;
        let row = self.rows.get(&id_of(change));
        let saved = records.write(async |rows| save(rows, self.release, change, row).await);
        saved.await
    }

    async fn by_statements(
        &self,
        records: &SharedRecords,
        fault: Option<Fault>,
    ) -> Result<(), SyncError> {
        let written = records.write(async |rows| {
            if fault != Some(Fault::RecordWithoutRow) {
                self.change_rows(rows.connection()).await?;
            }
            if fault != Some(Fault::RowWithoutRecord) {
                let changes = self.changes.iter().cloned();
                changes.for_each(|change| rows.record(change));
            }
            Ok(())
        });
        written.await
    }

    /// The transaction is drained later.
    async fn in_own_transaction(
        &self,
        db: &DatabaseConnection,
        records: &SharedRecords,
    ) -> Result<(), SyncError> {
        let txn = match self.references {
            References::Unchecked => begin(db).await?,
            References::Checked => immediate(db).await?,
        };
        self.change_rows(&txn).await?;
        records.record_many_in(&txn, &self.changes).await?;
        Ok(txn.commit().await?)
    }

    async fn change_rows(&self, txn: &DatabaseTransaction) -> Result<(), SyncError> {
        for edit in self.edits.iter().filter(|edit| edit.has_row) {
            change_row(txn, &edit.change).await?;
        }
        Ok(())
    }
}

/// A transaction as an app begins it, in which each statement has to keep the foreign keys.
async fn immediate(db: &DatabaseConnection) -> Result<DatabaseTransaction, SyncError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    Ok(db.begin_with_options(options).await?)
}

/// Whether the entity of a row can make an edit: it inserts no row that is there, and changes none that is
/// not.
fn fits(edit: &Made, before: &BTreeMap<RecordId, Payload>) -> bool {
    let is_there = before.contains_key(&id_of(&edit.change));
    edit.has_row && is_there == (edit.change.change_type != ChangeType::Insert)
}

fn id_of(change: &Change) -> RecordId {
    RecordId::new(change.model_type.clone(), change.record_uuid)
}
