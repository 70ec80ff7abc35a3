//! What SeaORM's asynchronous SQLite costs, next to the same limits: for
//! information, it is why the store speaks to SQLite on threads of its own.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing to tell but where it stopped"
)]

#[path = "../../../crates/sync-log-sqlite/benches/fixture/mod.rs"]
mod fixture;
#[path = "../../../crates/sync-log-sqlite/benches/limit/mod.rs"]
mod limit;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fixture::{Log, changes, copy, ns_per, run, time_tasks};
use limit::{Pages, Rows, Thread, connect, now};
use paired_bench::{Bench, Ratio, Target};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, QueryResult,
    Statement, Value,
};
use sync_log_sqlite::Clock;
use sync_log_sqlite::{Change, FILE_NAME, SystemClock, Uuid};
use tokio::runtime::Runtime;

const APPEND_1: Ratio = Ratio {
    id: "seaorm_append_1",
    work: "append, one task, by SeaORM",
    ours: "SeaORM, INSERT in autocommit through a pool of one connection",
    limit: "rusqlite, prepared INSERT in autocommit behind a thread hop",
    target: Target::None,
};

const PAGE_100: Ratio = Ratio {
    id: "seaorm_page_100",
    work: "page of 100, raw JSON, by SeaORM",
    ours: "SeaORM, SELECT through a pool of one connection, read by column index",
    limit: "rusqlite, prepared SELECT on the same thread",
    target: Target::None,
};

fn main() {
    let mut bench = Bench::from_env();
    let runtime = Runtime::new().unwrap();
    append(&mut bench, &runtime);
    page(&mut bench, &runtime);
}

fn append(bench: &mut Bench, runtime: &Runtime) {
    if !bench.wants(APPEND_1.id) {
        return;
    }
    let each = if bench.is_quick() { 50 } else { 300 };
    let empty = Log::closed(runtime, 0, 0);
    let copied = copy(empty.path());
    let db = pool(runtime, copied.path());
    let rows = Rows::open(empty.path());
    let thread = Thread::one_by_one(move |change: Change| rows.insert(&change));
    let clock = Arc::new(Clock::new(Uuid::from_u128(0xa0), SystemClock));
    let (mut ours, mut theirs) = (0, 0);
    bench.ratio(
        APPEND_1,
        || {
            let (db, clock) = (db.clone(), Arc::clone(&clock));
            let share = changes(next(&mut ours, each), each);
            let work = async move {
                for change in share {
                    let hlc = clock.tick().to_string();
                    db.execute_raw(insert(hlc, &change)).await.unwrap();
                }
            };
            ns_per(each, time_tasks(runtime, vec![work]))
        },
        || {
            let (thread, share) = (thread.clone(), changes(next(&mut theirs, each), each));
            let work = async move {
                for change in share {
                    thread.run(change).await;
                }
            };
            ns_per(each, time_tasks(runtime, vec![work]))
        },
    );
}

fn page(bench: &mut Bench, runtime: &Runtime) {
    if !bench.wants(PAGE_100.id) {
        return;
    }
    let log = Log::open(runtime, Log::closed(runtime, 20_000, 1));
    let places = log.places(runtime, 1000);
    let texts: Vec<_> = places.iter().map(|place| place.hlc().to_string()).collect();
    let closed = log.close(runtime);
    let copied = copy(closed.path());
    let db = pool(runtime, copied.path());
    let connection = connect(closed.path());
    let mut pages = Pages::on(&connection);
    bench.ratio(
        PAGE_100,
        || {
            let elapsed = run(runtime, read_all(db.clone(), texts.clone()));
            ns_per(texts.len(), elapsed)
        },
        || {
            let started = Instant::now();
            for text in &texts {
                assert_eq!(black_box(pages.page(text, 100)).len(), 100);
            }
            ns_per(texts.len(), started.elapsed())
        },
    );
}

async fn read_all(db: DatabaseConnection, places: Vec<String>) -> Duration {
    let sql = "SELECT hlc, model_type, record_uuid, change_type, data FROM shared_changes \
               WHERE hlc > ? ORDER BY hlc LIMIT ?";
    let started = Instant::now();
    for place in places {
        let values: [Value; 2] = [place.into(), 100.into()];
        let query = Statement::from_sql_and_values(DbBackend::Sqlite, sql, values);
        let rows = db.query_all_raw(query).await.unwrap();
        let page: Vec<_> = rows.iter().map(texts).collect();
        assert_eq!(black_box(page).len(), 100);
    }
    started.elapsed()
}

fn texts(row: &QueryResult) -> [String; 5] {
    [0, 1, 2, 3, 4].map(|column| row.try_get_by_index(column).unwrap())
}

fn insert(hlc: String, change: &Change) -> Statement {
    let sql = "INSERT INTO shared_changes \
               (hlc, model_type, record_uuid, change_type, data, created_at) \
               VALUES (?, ?, ?, ?, ?, ?)";
    let values: [Value; 6] = [
        hlc.into(),
        change.model_type.as_str().into(),
        change.record_uuid.hyphenated().to_string().into(),
        change.change_type.as_str().into(),
        change.data.as_str().into(),
        now().into(),
    ];
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// One connection that is never given up, without logs and without pings.
fn pool(runtime: &Runtime, folder: &Path) -> DatabaseConnection {
    let file = folder.join(FILE_NAME);
    let mut options = ConnectOptions::new("sqlite:sync.db");
    options
        .max_connections(1)
        .idle_timeout(None::<Duration>)
        .max_lifetime(None::<Duration>)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .filename(&file)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .row_buffer_size(1024)
        });
    run(runtime, async { Database::connect(options).await.unwrap() })
}

/// The number of the next of `count` changes.
fn next(number: &mut u64, count: usize) -> u64 {
    let first = *number;
    *number += count as u64;
    first
}
