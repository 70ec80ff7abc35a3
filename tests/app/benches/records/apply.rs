//! A page of another device, applied.

use std::time::Instant;

use paired_bench::{Bench, Ratio, Target};
use sea_orm::{DatabaseConnection, EntityTrait, IntoActiveModel};
use sync_log_sqlite::entity::versions;
use sync_log_sqlite::{Cursor, Digest, Hlc, Page, ReadLimits, SharedChangeEntry, SyncDb};
use tokio::runtime::Runtime;

use crate::album;
use crate::app_database::{AppDatabase, Layout, begin};
use crate::fixture::{Log, folder, ns_per, peer, run};

const ENTRIES: usize = 1000;

/// How many rows one statement inserts, which is where SeaORM is fastest.
const AT_ONCE: usize = 500;

const APPLY_1000: Ratio = Ratio {
    id: "apply_1000",
    work: "page of 1000 applied in the app's database",
    ours: "`apply`, 1000 new records",
    limit: "SeaORM, the same rows and versions, `insert_many` of 500 in one transaction",
    target: Target::AtMost(1.5),
};

pub(crate) fn bench(bench: &mut Bench, runtime: &Runtime) {
    if !bench.wants(APPLY_1000.id) {
        return;
    }
    let ours = AppDatabase::new(runtime);
    let records = ours.records(runtime, Layout::OwnFile);
    let theirs = AppDatabase::new(runtime);
    let mut our_pages = Pages::new(runtime);
    let mut their_pages = Pages::new(runtime);
    bench.ratio(
        APPLY_1000,
        || {
            let page = our_pages.next(runtime);
            let records = records.clone();
            let elapsed = run(runtime, async move {
                let origin = page.entries[0].hlc.device_id;
                let started = Instant::now();
                let applied = records.apply(origin, &page).await.unwrap();
                let elapsed = started.elapsed();
                assert_eq!(applied.standings.len(), ENTRIES);
                elapsed
            });
            ns_per(ENTRIES, elapsed)
        },
        || {
            let page = their_pages.next(runtime);
            let rows = page
                .entries
                .iter()
                .map(|entry| entry.data.parse_as().unwrap());
            let rows: Vec<album::Model> = rows.collect();
            let versions = page.entries.iter().map(version).collect();
            let db = theirs.db.clone();
            let elapsed = run(runtime, async move {
                let started = Instant::now();
                write(&db, rows, versions).await;
                started.elapsed()
            });
            ns_per(ENTRIES, elapsed)
        },
    );
}

/// Pages of another device, which writes on and on.
struct Pages {
    log: Log,
    next: u64,
    cursor: Cursor,
}

impl Pages {
    fn new(runtime: &Runtime) -> Self {
        let log = Log::open(runtime, folder());
        let db = log.db.clone();
        run(runtime, async move {
            db.register_peer(peer(0)).await.unwrap();
        });
        Self {
            log,
            next: 0,
            cursor: Cursor::ZERO,
        }
    }

    fn next(&mut self, runtime: &Runtime) -> Page {
        self.log.append(runtime, self.next, ENTRIES);
        self.next += ENTRIES as u64;
        let db = self.log.db.clone();
        let cursor = self.cursor;
        let page = run(runtime, async move { read(&db, cursor).await });
        self.cursor = page.next;
        assert_eq!(page.entries.len(), ENTRIES);
        page
    }
}

async fn read(db: &SyncDb, cursor: Cursor) -> Page {
    let read = db.read_for(peer(0), cursor, ReadLimits::entries(ENTRIES));
    read.await.unwrap()
}

async fn write(db: &DatabaseConnection, rows: Vec<album::Model>, versions: Vec<versions::Model>) {
    let txn = begin(db).await;
    for some in rows.chunks(AT_ONCE) {
        let some = some.iter().cloned();
        let insert = album::Entity::insert_many(some.map(IntoActiveModel::into_active_model));
        insert.exec_without_returning(&txn).await.unwrap();
    }
    for some in versions.chunks(AT_ONCE) {
        let some = some.iter().cloned();
        let insert = versions::Entity::insert_many(some.map(IntoActiveModel::into_active_model));
        insert.exec_without_returning(&txn).await.unwrap();
    }
    txn.commit().await.unwrap();
}

/// The version of a record of which this is the only change.
fn version(entry: &SharedChangeEntry) -> versions::Model {
    versions::Model {
        model_type: entry.model_type.clone(),
        record_uuid: entry.record_uuid.to_string(),
        hlc: entry.hlc.to_string(),
        digest: Digest::of(entry).to_bytes().to_vec(),
        change_type: entry.change_type.to_string(),
        model_version: entry.model_version.into(),
        data: entry.data.as_str().to_owned(),
        inserted: Hlc::ZERO.to_string(),
        deleted: None,
        parts: None,
        standing: "shown".to_owned(),
        detail: None,
    }
}
