//! 64 tasks that write, four peers that read and acknowledge, and one task that
//! prunes, on one log at once. Nothing may fail, and nobody may miss an entry.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing to tell but where it stopped"
)]

#[path = "../fixture/mod.rs"]
mod fixture;
mod told;
mod wal;
mod work;

use std::time::Duration;

use fixture::{Latencies, Log, folder, peer, run};
use paired_bench::{Bench, Bound};
use sync_log_sqlite::SyncDb;
use tokio::runtime::Runtime;

use told::differences;
use work::{Reader, Until, Work};

const WRITERS: u64 = 64;
const READERS: u64 = 4;

const LOST: Bound = Bound {
    id: "stress_lost",
    work: "64 writers, 4 readers and pruning at once: entries that a reader missed, \
           saw twice or out of order, or that are left or pruned wrongly",
    unit: "entries",
    target: Some(0.0),
};

const ERRORS: Bound = Bound {
    id: "stress_errors",
    work: "64 writers, 4 readers and pruning at once: calls that failed",
    unit: "calls",
    ..LOST
};

const APPENDED: Bound = Bound {
    id: "stress_entries",
    work: "64 writers, 4 readers and pruning at once: entries appended",
    unit: "entries",
    target: None,
};

const P50: Bound = Bound {
    id: "stress_append_p50",
    work: "append among 64 writers, 4 readers and pruning, p50",
    unit: "ms",
    target: None,
};

const P99: Bound = Bound {
    id: "stress_append_p99",
    work: "append among 64 writers, 4 readers and pruning, p99",
    ..P50
};

const LONGEST: Bound = Bound {
    id: "stress_append_max",
    work: "append among 64 writers, 4 readers and pruning, longest",
    ..P50
};

const WAL: Bound = Bound {
    id: "wal_readers",
    work: "the -wal under 8 readers that pull without pause, largest",
    unit: "MB",
    target: Some(64.0),
};

fn main() {
    let mut bench = Bench::from_env();
    let runtime = Runtime::new().unwrap();
    work_together(&mut bench, &runtime);
    read_without_pause(&mut bench, &runtime);
}

fn read_without_pause(bench: &mut Bench, runtime: &Runtime) {
    if !bench.wants(WAL.id) {
        return;
    }
    let seconds = if bench.is_quick() { 2 } else { 40 };
    let log = Log::open(runtime, folder());
    let measured = wal::largest_mb(log.db.clone(), Duration::from_secs(seconds));
    bench.bound(WAL, run(runtime, measured));
}

fn work_together(bench: &mut Bench, runtime: &Runtime) {
    let rows = [LOST, ERRORS, APPENDED, P50, P99, LONGEST];
    if !rows.iter().any(|row| bench.wants(row.id)) {
        return;
    }
    let seconds = if bench.is_quick() { 2 } else { 60 };
    let log = Log::open(runtime, folder());
    let db = log.db.clone();
    let outcome = run(runtime, stress(db, Duration::from_secs(seconds)));
    bench.bound(APPENDED, outcome.appends.count() as f64);
    bench.bound(P50, outcome.appends.percentile_ms(50));
    bench.bound(P99, outcome.appends.percentile_ms(99));
    bench.bound(LONGEST, outcome.appends.longest_ms());
    bench.bound(ERRORS, outcome.errors as f64);
    bench.bound(LOST, outcome.lost as f64);
}

struct Outcome {
    appends: Latencies,
    errors: usize,
    lost: usize,
}

async fn stress(db: SyncDb, time: Duration) -> Outcome {
    for number in 0..READERS {
        db.register_peer(peer(number)).await.unwrap();
    }
    let work = Work::on(db.clone());
    let writing: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(work.clone().write(writer)))
        .collect();
    let reading: Vec<_> = (0..READERS)
        .map(|number| tokio::spawn(work.clone().read(Reader::new(peer(number)), Until::Stopped)))
        .collect();
    let pruning = tokio::spawn(work.clone().prune());
    tokio::time::sleep(time).await;
    work.stop();

    let (mut told, mut times) = (vec![], vec![]);
    for writer in writing {
        let (entries, took) = writer.await.unwrap();
        told.extend(entries);
        times.extend(took);
    }
    told.sort_unstable();
    let mut readers = vec![];
    for reader in reading {
        readers.push(reader.await.unwrap());
    }
    let mut pruned = pruning.await.unwrap();

    // The readers stand anywhere now: what is left is what the last one lacks.
    pruned += work.prune_once().await;
    let slowest = readers.iter().map(|reader| reader.position.hlc()).min();
    let kept = told.partition_point(|entry| Some(entry.hlc) <= slowest);
    let left = work.entries_left(told.len() + 1).await;
    let mut lost = differences("left", &told[kept..], &left) + pruned.abs_diff(kept);

    // They read on to the end, so all of it goes.
    for reader in readers {
        let seen = work.clone().read(reader, Until::End).await.seen;
        lost += differences("seen", &told, &seen);
    }
    pruned += work.prune_once().await;
    lost += pruned.abs_diff(told.len()) + work.entries_left(told.len() + 1).await.len();
    lost += usize::from(told.last().map(|last| last.hlc) != db.head().await.ok());
    Outcome {
        appends: Latencies::new(times),
        errors: work.errors(),
        lost,
    }
}
