//! An own change, recorded in the app's transaction.

use std::time::Instant;

use paired_bench::{Bench, Ratio, Target};
use sea_orm::{ActiveModelTrait, DatabaseConnection, IntoActiveModel};
use sync_log_sqlite::Change;
use sync_log_sqlite::records::SharedRecords;
use tokio::runtime::Runtime;

use crate::album;
use crate::app_database::{AppDatabase, Layout, begin};
use crate::fixture::{changes, ns_per, run};

/// How many rows the app writes that records nothing.
const ROWS: usize = 5;

/// Every few samples the app's task and the driver's thread move to other cores, and a transaction takes another
/// time from then on.
const PAIRS: usize = 121;

const RECORD_IN: Ratio = Ratio {
    id: "record_in",
    work: "own change, log in the app's database",
    ours: "one row and `record_in` in the app's transaction",
    limit: "SeaORM, 5 rows in the app's transaction",
    target: Target::AtMost(1.3),
};

pub(crate) fn bench(bench: &mut Bench, runtime: &Runtime) {
    if !bench.wants(RECORD_IN.id) {
        return;
    }
    let each: usize = if bench.is_quick() { 10 } else { 100 };
    let ours = AppDatabase::new(runtime);
    let records = ours.records(runtime, Layout::Attached);
    let theirs = AppDatabase::new(runtime);
    let mut recorded = Rows::default();
    let mut written = Rows::default();
    bench.ratio_of(
        PAIRS,
        RECORD_IN,
        || {
            let rows = recorded.next(each);
            let (db, records) = (ours.db.clone(), records.clone());
            let elapsed = run(runtime, async move {
                let started = Instant::now();
                for row in rows {
                    record(&db, &records, row).await;
                }
                started.elapsed()
            });
            ns_per(each, elapsed)
        },
        || {
            let rows = written.next(each * ROWS);
            let db = theirs.db.clone();
            let elapsed = run(runtime, async move {
                let started = Instant::now();
                for some in rows.chunks(ROWS) {
                    write(&db, some).await;
                }
                started.elapsed()
            });
            ns_per(each, elapsed)
        },
    );
}

async fn record(db: &DatabaseConnection, records: &SharedRecords, row: album::Model) {
    let txn = begin(db).await;
    let row = row.into_active_model().insert(&txn).await.unwrap();
    let change = Change::insert("album", row.uuid, &row).unwrap();
    records.record_in(&txn, change).await.unwrap();
    txn.commit().await.unwrap();
    records.drain().await.unwrap();
}

async fn write(db: &DatabaseConnection, rows: &[album::Model]) {
    let txn = begin(db).await;
    for row in rows {
        row.clone().into_active_model().insert(&txn).await.unwrap();
    }
    txn.commit().await.unwrap();
}

/// Rows that are all different.
#[derive(Default)]
struct Rows {
    next: u64,
}

impl Rows {
    fn next(&mut self, count: usize) -> Vec<album::Model> {
        let rows = changes(self.next, count);
        self.next += count as u64;
        rows.iter().map(album::of).collect()
    }
}
