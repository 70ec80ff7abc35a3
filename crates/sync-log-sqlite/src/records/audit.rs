//! Finds changes of rows that were not recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use sea_orm::DatabaseConnection;
use sync_log_core::receive::{self, Record, RecordId, Wanted};
use sync_log_core::{JsonText, MAX_PAGE_ENTRIES, Uuid};

use super::registered::{Model, RegisteredModels};
use super::shows::Payloads;
use super::sync_error::SyncError;
use super::versions;
use crate::driver::AppTransaction;

/// A change of a row that was not recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unrecorded {
    /// There is a row, but its record is not to be shown, or no change of the record is recorded.
    Insert,
    /// The row differs from what is recorded.
    Update {
        /// The columns that differ. If the app applies the model by hand, the members that differ.
        columns: Vec<String>,
    },
    /// The record is to be shown, but its row is missing.
    Delete,
}

impl fmt::Display for Unrecorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insert => f.write_str("a row was inserted, and that is not recorded"),
            Self::Update { columns } => {
                let columns = columns.join(", ");
                write!(f, "{columns} was updated, and that is not recorded")
            }
            Self::Delete => f.write_str("the row was deleted, and that is not recorded"),
        }
    }
}

/// A comparison of the rows of all shared tables with the versions of their records.
pub(super) struct Audit<'a> {
    txn: &'a AppTransaction,
    models: &'a RegisteredModels,
    limit: usize,
    found: Vec<(RecordId, Unrecorded)>,
}

impl Audit<'_> {
    /// Compares rows and versions as they are at one moment.
    pub(super) async fn run(
        db: &DatabaseConnection,
        models: &RegisteredModels,
        limit: usize,
    ) -> Result<Vec<(RecordId, Unrecorded)>, SyncError> {
        let txn = AppTransaction::read(db).await?;
        let mut audit = Audit {
            txn: &txn,
            models,
            limit,
            found: Vec::new(),
        };
        let outcome = audit.compare().await;
        let mut found = audit.found;
        txn.roll_back().await;
        outcome?;
        found.truncate(limit);
        Ok(found)
    }

    async fn compare(&mut self) -> Result<(), SyncError> {
        for (name, model) in &self.models.models {
            self.compare_rows(name, model).await?;
        }
        self.look_for_missing_rows().await
    }

    fn is_done(&self) -> bool {
        self.found.len() >= self.limit
    }

    async fn compare_rows(&mut self, name: &str, model: &Model) -> Result<(), SyncError> {
        let mut after = None;
        while !self.is_done() {
            let txn = self.txn.connection();
            let rows = model.shows.shown_after(txn, after, MAX_PAGE_ENTRIES);
            let rows = rows.await?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = Some(*last);
            let records = self.records(name, &rows).await?;
            for (record, row) in rows {
                let id = RecordId::new(name, record);
                let found = self.difference(model, &row, records.get(&id), &id)?;
                self.found.extend(found.map(|found| (id, found)));
            }
        }
        Ok(())
    }

    async fn records(
        &self,
        name: &str,
        rows: &Payloads,
    ) -> Result<BTreeMap<RecordId, Record>, SyncError> {
        let ids = rows.iter().map(|(record, _)| RecordId::new(name, *record));
        let wanted = Wanted {
            records: ids.collect(),
            ..Wanted::default()
        };
        let found = versions::look_up(&self.txn.port(), &wanted).await?;
        Ok(found.records.into_iter().collect())
    }

    /// How a row differs from what is recorded of its record.
    fn difference(
        &self,
        model: &Model,
        row: &JsonText,
        record: Option<&Record>,
        id: &RecordId,
    ) -> Result<Option<Unrecorded>, SyncError> {
        let shown = record.and_then(|record| {
            let of = record.version.model_version;
            record.shown(receive::Models::rule(self.models, &id.model_type, of))
        });
        let Some(shown) = shown else {
            return Ok(Some(Unrecorded::Insert));
        };
        let columns = model.shows.differing(row, &shown)?;
        Ok((!columns.is_empty()).then_some(Unrecorded::Update { columns }))
    }

    async fn look_for_missing_rows(&mut self) -> Result<(), SyncError> {
        let mut after = None;
        while !self.is_done() {
            let page = versions::after(&self.txn.port(), after.as_ref(), MAX_PAGE_ENTRIES).await?;
            let Some((last, _)) = page.last() else {
                break;
            };
            after = Some(last.clone());
            let shown = page.into_iter();
            let shown = shown.filter(|(_, record)| record.standing.is_shown());
            let mut by_model = BTreeMap::<String, Vec<Uuid>>::new();
            for (id, _) in shown {
                by_model
                    .entry(id.model_type)
                    .or_default()
                    .push(id.record_uuid);
            }
            for (name, records) in by_model {
                self.look_for_rows(&name, &records).await?;
            }
        }
        Ok(())
    }

    /// Looks for the rows of these records. A model that the app no longer registers has no table.
    async fn look_for_rows(&mut self, name: &str, records: &[Uuid]) -> Result<(), SyncError> {
        let Some(model) = self.models.models.get(name) else {
            return Ok(());
        };
        let rows = model.shows.shown_of(self.txn.connection(), records);
        let rows = rows.await?;
        let there: BTreeSet<_> = rows.into_iter().map(|(record, _)| record).collect();
        let missing = records.iter().filter(|record| !there.contains(record));
        let missing = missing.map(|record| (RecordId::new(name, *record), Unrecorded::Delete));
        self.found.extend(missing);
        Ok(())
    }
}
