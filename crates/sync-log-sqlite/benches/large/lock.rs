//! How long an append waits while a million entries are pruned.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use paired_bench::{Bench, Bound};
use sync_log_sqlite::SyncDb;
use tokio::runtime::Runtime;

use crate::fixture::{Latencies, Log, change, peer, run};

const LONGEST: Bound = Bound {
    id: "prune_lock",
    work: "longest append while a log of 1 M entries is pruned whole",
    unit: "ms",
    target: Some(LEAST_MS),
};

/// What the longest append may take on a disk that is quick to sync.
const LEAST_MS: f64 = 50.0;

/// The same on one that is not: nothing makes a commit faster than its syncs.
fn most_ms(longest_alone_ms: f64) -> f64 {
    if longest_alone_ms > 10.0 {
        LEAST_MS.max(4.0 * longest_alone_ms)
    } else {
        LEAST_MS
    }
}

const P99: Bound = Bound {
    id: "prune_lock_p99",
    work: "append while a log of 1 M entries is pruned whole, p99",
    unit: "ms",
    target: None,
};

const P50: Bound = Bound {
    id: "prune_lock_p50",
    work: "append while a log of 1 M entries is pruned whole, p50",
    ..P99
};

// What this disk does to an append that nobody disturbs.
const LONGEST_ALONE: Bound = Bound {
    id: "prune_lock_idle",
    work: "longest append while nothing is pruned",
    ..P99
};

/// Numbers of changes that no other bench appends.
const NEW: u64 = 1 << 40;

pub(crate) fn is_wanted(bench: &Bench) -> bool {
    let rows = [LONGEST, P99, P50, LONGEST_ALONE];
    rows.iter().any(|row| bench.wants(row.id))
}

/// Prunes all of `log`.
pub(crate) fn longest_append(bench: &mut Bench, runtime: &Runtime, log: &Log) {
    if !is_wanted(bench) {
        return;
    }
    let seconds = if bench.is_quick() { 0.2 } else { 5.0 };
    let db = log.db.clone();
    let (alone, disturbed) = run(runtime, async move {
        let head = db.head().await.unwrap();
        db.record_ack(peer(0), head).await.unwrap();
        let alone = tokio::time::sleep(Duration::from_secs_f64(seconds));
        let (_, alone) = append_during(&db, NEW, alone).await;
        let pruning = db.clone();
        let pruning = async move { pruning.prune_acked().await.unwrap() };
        let (_, disturbed) = append_during(&db, NEW * 2, pruning).await;
        (alone, disturbed)
    });
    assert!(disturbed.count() > 1, "appends went on");
    bench.bound(LONGEST_ALONE, alone.longest_ms());
    bench.bound(P50, disturbed.percentile_ms(50));
    bench.bound(P99, disturbed.percentile_ms(99));
    let longest = Bound {
        target: Some(most_ms(alone.longest_ms())),
        ..LONGEST
    };
    bench.bound(longest, disturbed.longest_ms());
}

/// Appends one change after the other for as long as `work` takes.
async fn append_during<T: Send + 'static>(
    db: &SyncDb,
    first: u64,
    work: impl Future<Output = T> + Send + 'static,
) -> (T, Latencies) {
    let ended = Arc::new(AtomicBool::new(false));
    let appending = tokio::spawn(append_until(db.clone(), first, Arc::clone(&ended)));
    let outcome = tokio::spawn(work).await.unwrap();
    ended.store(true, Ordering::Relaxed);
    (outcome, appending.await.unwrap())
}

async fn append_until(db: SyncDb, first: u64, ended: Arc<AtomicBool>) -> Latencies {
    let mut times = vec![];
    for number in first.. {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let change = change(number);
        let started = Instant::now();
        db.record(change).await.unwrap();
        times.push(started.elapsed());
    }
    Latencies::new(times)
}
