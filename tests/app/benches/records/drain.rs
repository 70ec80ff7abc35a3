//! Own changes, brought from the outbox into the log.

use std::time::Instant;

use paired_bench::{Bench, Ratio, Target};
use sea_orm::DatabaseConnection;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use sync_log_sqlite::entity::outbox;
use sync_log_sqlite::records::SharedRecords;
use sync_log_sqlite::{Change, Clock, SharedChangeEntry, SystemClock};
use tokio::runtime::Runtime;

use crate::album;
use crate::app_database::{AppDatabase, Layout, begin};
use crate::fixture::{Log, changes, folder, ns_per, run};

const ENTRIES: usize = 64;

const DRAIN: Ratio = Ratio {
    id: "drain",
    work: "64 own changes brought from the outbox into the log, each",
    ours: "`drain`",
    limit: "`append_many` of the same entries, and a DELETE of their rows by SeaORM",
    target: Target::None,
};

pub(crate) fn bench(bench: &mut Bench, runtime: &Runtime) {
    if !bench.wants(DRAIN.id) {
        return;
    }
    let ours = AppDatabase::new(runtime);
    let records = ours.records(runtime, Layout::OwnFile);
    let theirs = AppDatabase::new(runtime);
    let log = Log::open(runtime, folder());
    let clock = Clock::new(log.db.identity().device_id.as_uuid(), SystemClock);
    let mut recorded = 0;
    let mut appended = 0;
    bench.ratio(
        DRAIN,
        || {
            let share = changes(recorded, ENTRIES);
            recorded += ENTRIES as u64;
            let (db, records) = (ours.db.clone(), records.clone());
            let elapsed = run(runtime, async move {
                record(&db, &records, share).await;
                let started = Instant::now();
                records.drain().await.unwrap();
                started.elapsed()
            });
            ns_per(ENTRIES, elapsed)
        },
        || {
            let share = changes(appended, ENTRIES).into_iter();
            appended += ENTRIES as u64;
            let entries: Vec<_> = share.map(|it| it.stamped(clock.tick())).collect();
            let (db, log) = (theirs.db.clone(), log.db.clone());
            let elapsed = run(runtime, async move {
                fill(&db, &entries).await;
                let last = entries[ENTRIES - 1].hlc.to_string();
                let started = Instant::now();
                log.append_many(entries).await.unwrap();
                let these = outbox::Column::Hlc.lte(last);
                let delete = outbox::Entity::delete_many().filter(these);
                let deleted = delete.exec(&db).await.unwrap();
                let elapsed = started.elapsed();
                assert_eq!(deleted.rows_affected, ENTRIES as u64);
                elapsed
            });
            ns_per(ENTRIES, elapsed)
        },
    );
}

/// Changes rows and records that, in one transaction.
async fn record(db: &DatabaseConnection, records: &SharedRecords, changes: Vec<Change>) {
    let txn = begin(db).await;
    for change in changes {
        let row = album::of(&change).into_active_model();
        row.insert(&txn).await.unwrap();
        records.record_in(&txn, change).await.unwrap();
    }
    txn.commit().await.unwrap();
}

/// Fills a table as the outbox is.
async fn fill(db: &DatabaseConnection, entries: &[SharedChangeEntry]) {
    let rows = entries.iter().map(|entry| outbox::Model {
        hlc: entry.hlc.to_string(),
        model_type: entry.model_type.clone(),
        record_uuid: entry.record_uuid.to_string(),
        change_type: entry.change_type.to_string(),
        data: entry.data.as_str().to_owned(),
        model_version: entry.model_version.into(),
        group_end: entry.group_end.into(),
    });
    let insert = outbox::Entity::insert_many(rows.map(IntoActiveModel::into_active_model));
    insert.exec_without_returning(db).await.unwrap();
}
