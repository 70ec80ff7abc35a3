//! An own write, and the ways in which an app can make it.

use std::collections::BTreeMap;

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
};
use simulator::apps::{Edit, Payload, References, Release, Rows, make_all};
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
    /// `write`, with the entity of the row, which records what changed. A group of changes is made by
    /// statements all the same.
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
    pub(super) edits: Vec<Change>,
    /// What is recorded of it.
    pub(super) changes: Vec<Change>,
    release: Release,
    references: References,
    /// The rows as they are to be afterwards.
    rows: BTreeMap<RecordId, Payload>,
}

impl Plan {
    /// What the edits make of these rows.
    pub(super) fn new(
        before: BTreeMap<RecordId, Payload>,
        release: Release,
        edits: &[Edit],
        references: References,
        way: Way,
    ) -> Self {
        let mut rows = Rows::new(release, before.clone());
        let edits = make_all(&mut rows, edits, references);
        let way = match &edits[..] {
            [edit] if way == Way::Entities && fits(edit, &before) => way,
            _ if way == Way::Entities => Way::Statements,
            _ => way,
        };
        let is_recorded = |edit: &&Change| {
            let id = RecordId::new(edit.model_type.clone(), edit.record_uuid);
            way != Way::Entities || before.get(&id) != rows.rows.get(&id)
        };
        Self {
            way,
            changes: edits.iter().filter(is_recorded).cloned().collect(),
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
                for change in &self.edits {
                    change_row(&txn, change).await?;
                }
                txn.commit().await?;
                self.by_statements(records, Some(Fault::RecordWithoutRow))
                    .await
            }
            Way::Statements => self.by_statements(records, fault).await,
        }
    }

    async fn by_entity(&self, records: &SharedRecords) -> Result<(), SyncError> {
        let change = &self.edits[0];
        let id = RecordId::new(change.model_type.clone(), change.record_uuid);
        let row = self.rows.get(&id);
        let saved = records.write(async |rows| save(rows, self.release, change, row).await);
        saved.await
    }

    async fn by_statements(
        &self,
        records: &SharedRecords,
        fault: Option<Fault>,
    ) -> Result<(), SyncError> {
        let written = records.write(async |rows| {
            for change in &self.edits {
                if fault != Some(Fault::RecordWithoutRow) {
                    change_row(rows.connection(), change).await?;
                }
                if fault != Some(Fault::RowWithoutRecord) {
                    rows.record(change.clone());
                }
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
        for change in &self.edits {
            change_row(&txn, change).await?;
        }
        records.record_many_in(&txn, &self.edits).await?;
        Ok(txn.commit().await?)
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

/// Whether the entity of a row can make a change: it inserts no row that is there, and updates none that
/// is not.
fn fits(edit: &Change, before: &BTreeMap<RecordId, Payload>) -> bool {
    let id = RecordId::new(edit.model_type.clone(), edit.record_uuid);
    (edit.change_type == ChangeType::Insert) != before.contains_key(&id)
}
