//! One group of changes: committed, and announced to the parent.

use sea_orm::{DatabaseTransaction, DbErr};
use sync_log_sqlite::receive::RecordId;
use sync_log_sqlite::records::{SharedRecords, SyncError, begin};
use sync_log_sqlite::{Change, Hlc};

use super::line::{Fault, Line};
use super::plan::Plan;
use super::process::say;
use super::setup::{Device, Name};

/// A group of changes, as it is announced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    pub(super) device: Name,
    pub(super) number: u32,
}

impl Group {
    pub(super) async fn write(self, records: &SharedRecords, plan: &Plan) -> Result<(), SyncError> {
        let outcome = records.write(async |rows| {
            plan.write(rows).await?;
            self.will(&plan.changes());
            Ok(())
        });
        match outcome.await {
            Ok(()) => {
                self.did(stamps(records, plan).await?);
                Ok(())
            }
            Err(SyncError::App(error)) if is_refusal(&error) => {
                self.refused();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Records changes whose rows were changed in this transaction, and commits it.
    pub(super) async fn record(
        self,
        records: &SharedRecords,
        txn: DatabaseTransaction,
        plan: &Plan,
    ) -> Result<(), SyncError> {
        let changes = plan.changes();
        let stamps = records.record_many_in(&txn, &changes).await?;
        self.will(&changes);
        if is_taken(txn.commit().await)? {
            self.did(stamps);
        } else {
            self.refused();
        }
        Ok(())
    }

    /// The same with a fault, and without the transaction of the rows. They are insertions, which no
    /// constraint refuses.
    pub(super) async fn record_with(
        self,
        fault: Fault,
        device: &Device,
        plan: &Plan,
    ) -> Result<(), SyncError> {
        let Device { db, records, .. } = device;
        let txn = begin(db).await?;
        match fault {
            Fault::RowThenRecord => {
                plan.change(&txn).await?;
                txn.commit().await?;
                self.record(records, begin(db).await?, plan).await?;
            }
            Fault::RecordThenRow => {
                self.record(records, txn, plan).await?;
                let second = begin(db).await?;
                plan.change(&second).await?;
                second.commit().await?;
            }
            Fault::OkBeforeCommit => {
                plan.change(&txn).await?;
                let changes = plan.changes();
                let stamps = records.record_many_in(&txn, &changes).await?;
                self.will(&changes);
                self.did(stamps);
                txn.commit().await?;
            }
        }
        records.drain().await
    }

    fn will(self, changes: &[Change]) {
        say(&Line::Will {
            device: self.device,
            group: self.number,
            changes: changes.to_vec(),
        });
    }

    fn did(self, stamps: Vec<Hlc>) {
        say(&Line::Did {
            device: self.device,
            group: self.number,
            stamps,
        });
    }

    fn refused(self) {
        say(&Line::Refused {
            device: self.device,
            group: self.number,
        });
    }
}

/// The stamps of the changes of a plan, right after they were written.
async fn stamps(records: &SharedRecords, plan: &Plan) -> Result<Vec<Hlc>, SyncError> {
    let mut stamps = Vec::new();
    for change in plan.changes() {
        let id = RecordId::new(change.model_type, change.record_uuid);
        let record = records.record(&id).await?;
        stamps.push(record.expect("it was written").version.source.hlc);
    }
    Ok(stamps)
}

/// Whether the app's tables took it.
pub(super) fn is_taken(outcome: Result<(), DbErr>) -> Result<bool, SyncError> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if is_refusal(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_refusal(error: &DbErr) -> bool {
    error.to_string().contains("constraint failed")
}
