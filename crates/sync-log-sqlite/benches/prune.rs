//! Pruning what all peers have acknowledged.

#![allow(
    clippy::disallowed_methods,
    reason = "a limit is what SQLite costs without the product"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing to tell but where it stopped"
)]

mod fixture;
mod limit;

use std::time::{Duration, Instant};

use fixture::{Log, changes, copy, ns_per, run};
use limit::{Rows, connect, delete_through};
use paired_bench::{Bench, Ratio, Target};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const PRUNE_1K: Ratio = Ratio {
    id: "prune_1k",
    work: "prune of the oldest 1000 of 100k entries, per entry",
    ours: "prune_acked",
    limit: "rusqlite, prepared DELETE of the same rows in autocommit",
    target: Target::AtMost(1.4),
};

const PRUNE_1K_IN_STEPS: Ratio = Ratio {
    id: "prune_1k_in_steps",
    limit: "rusqlite, prepared DELETE of 250 rows per transaction",
    target: Target::None,
    ..PRUNE_1K
};

// The longest lock is a target too, so whoever reaches both deletes in steps.
const PRUNE_100K: Ratio = Ratio {
    id: "prune_100k",
    work: "prune of a whole log of 100k entries, per entry",
    limit: "rusqlite, prepared DELETE of 250 rows per transaction",
    ..PRUNE_1K
};

const AT_ONCE: Ratio = Ratio {
    id: "prune_100k_at_once",
    limit: "rusqlite, one DELETE, which locks out every append for as long",
    target: Target::None,
    ..PRUNE_100K
};

/// Rows of one transaction of the limit in steps: about what ours comes to on a log
/// of this length.
const STEP: usize = 250;

/// Prunes of one sample: enough that each sample has its share of checkpoints.
const PRUNES: usize = 10;

fn main() {
    let mut bench = Bench::from_env();
    let rows = [PRUNE_1K, PRUNE_1K_IN_STEPS, PRUNE_100K, AT_ONCE];
    if !rows.iter().any(|row| bench.wants(row.id)) {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let entries = if bench.is_quick() { 10_000 } else { 100_000 };
    let closed = Log::closed(&runtime, entries, 1);
    let step = STEP;
    prune_some(&mut bench, &runtime, &closed, PRUNE_1K, 1000);
    prune_some(&mut bench, &runtime, &closed, PRUNE_1K_IN_STEPS, step);
    prune_all(&mut bench, &runtime, &closed, entries, PRUNE_100K, STEP);
    prune_all(&mut bench, &runtime, &closed, entries, AT_ONCE, entries);
}

/// The oldest thousand of one log, again and again; as many follow at its end.
fn prune_some(bench: &mut Bench, runtime: &Runtime, closed: &TempDir, row: Ratio, step: usize) {
    if !bench.wants(row.id) {
        return;
    }
    let log = Log::open(runtime, copy(closed.path()));
    let copied = copy(closed.path());
    let rows = Rows::open(copied.path());
    let connection = connect(copied.path());
    let more = changes(0, 1000);
    bench.ratio(
        row,
        || {
            let prunes = (0..PRUNES).map(|_| {
                log.append(runtime, 0, 1000);
                log.acknowledge(runtime, 1000);
                prune(runtime, &log, 1000)
            });
            ns_per(PRUNES * 1000, prunes.sum())
        },
        || {
            let prunes = (0..PRUNES).map(|_| {
                rows.insert_all(more.iter());
                let steps = (0..1000 / step).map(|_| delete(&connection, step));
                steps.sum::<Duration>()
            });
            ns_per(PRUNES * 1000, prunes.sum())
        },
    );
}

/// All of a log, in a new copy of the file each time.
fn prune_all(
    bench: &mut Bench,
    runtime: &Runtime,
    closed: &TempDir,
    entries: usize,
    row: Ratio,
    step: usize,
) {
    bench.ratio(
        row,
        || {
            let log = Log::open(runtime, copy(closed.path()));
            log.acknowledge(runtime, entries);
            let elapsed = prune(runtime, &log, entries);
            drop(log.close(runtime));
            ns_per(entries, elapsed)
        },
        || {
            let copied = copy(closed.path());
            let connection = connect(copied.path());
            let steps = (0..entries / step).map(|_| delete(&connection, step));
            ns_per(entries, steps.sum())
        },
    );
}

fn prune(runtime: &Runtime, log: &Log, expected: usize) -> Duration {
    let db = log.db.clone();
    run(runtime, async move {
        let started = Instant::now();
        let pruned = db.prune_acked().await.unwrap();
        let elapsed = started.elapsed();
        assert_eq!(pruned, expected);
        elapsed
    })
}

fn delete(connection: &Connection, count: usize) -> Duration {
    let sql = "SELECT hlc FROM shared_changes ORDER BY hlc LIMIT 1 OFFSET ?1";
    let last: String = connection
        .query_row(sql, [count as i64 - 1], |row| row.get(0))
        .unwrap();
    let started = Instant::now();
    let deleted = delete_through(connection, &last);
    let elapsed = started.elapsed();
    assert_eq!(deleted, count);
    elapsed
}
