//! Explaining a log that many peers lack: one pass over the entries, whatever the number of peers.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing to tell but where it stopped"
)]

mod fixture;

use std::time::Instant;

use fixture::{Log, ns_per, peer, run};
use paired_bench::{Bench, Ratio, Target};
use sync_log_sqlite::{Cursor, ReadLimits, SyncDb};
use tokio::runtime::Runtime;

const EXPLAIN_PEERS: Ratio = Ratio {
    id: "explain_peers",
    work: "explain, 20,000 entries, 1000 peers that lag by as many numbers of entries",
    ours: "explain with 1000 peers",
    limit: "explain with 1 peer",
    target: Target::AtMost(3.0),
};

const PAGE: Ratio = Ratio {
    id: "page_beside_explain",
    work: "page of 100 while a log with 1000 peers is explained all the time",
    ours: "page meanwhile",
    limit: "page alone",
    target: Target::AtMost(2.0),
};

/// Pages of a sample.
const PAGES: usize = 100;

const ENTRIES: usize = 20_000;
const PEERS: usize = 1000;

fn main() {
    let mut bench = Bench::from_env();
    if ![EXPLAIN_PEERS, PAGE].iter().any(|row| bench.wants(row.id)) {
        return;
    }
    let runtime = Runtime::new().unwrap();
    let one = lagging(&runtime, 1);
    let many = lagging(&runtime, PEERS);
    bench.ratio(
        EXPLAIN_PEERS,
        || explain(&runtime, &many, PEERS),
        || explain(&runtime, &one, 1),
    );
    bench.ratio(
        PAGE,
        || pages_beside_explain(&runtime, &many),
        || run(&runtime, pages(many.db.clone())),
    );
}

fn pages_beside_explain(runtime: &Runtime, log: &Log) -> f64 {
    let db = log.db.clone();
    run(runtime, async move {
        let explained = db.clone();
        let explaining = tokio::spawn(async move {
            loop {
                explained.explain().await.unwrap();
            }
        });
        let took = pages(db).await;
        explaining.abort();
        took
    })
}

/// What a page takes, in nanoseconds.
async fn pages(db: SyncDb) -> f64 {
    let limits = ReadLimits {
        max_entries: 100,
        ..ReadLimits::default()
    };
    let started = Instant::now();
    for _ in 0..PAGES {
        let page = db.read_for(peer(0), Cursor::ZERO, limits).await.unwrap();
        assert_eq!(page.entries.len(), 100);
    }
    ns_per(PAGES, started.elapsed())
}

/// A log whose peers acknowledged nothing, and then each a little more than the one before.
fn lagging(runtime: &Runtime, peers: usize) -> Log {
    let log = Log::open(runtime, Log::closed(runtime, ENTRIES, peers as u64));
    let db = log.db.clone();
    run(runtime, async move {
        let entries = db.get_since(None, ENTRIES).await.unwrap();
        let acked = entries.iter().step_by(ENTRIES / peers);
        for (entry, number) in acked.zip(1..peers as u64) {
            db.record_ack(peer(number), entry.hlc).await.unwrap();
        }
    });
    log
}

fn explain(runtime: &Runtime, log: &Log, peers: usize) -> f64 {
    let db = log.db.clone();
    let elapsed = run(runtime, async move {
        let started = Instant::now();
        let explained = db.explain().await.unwrap();
        let elapsed = started.elapsed();
        assert_eq!(explained.reasons.len(), peers);
        elapsed
    });
    ns_per(1, elapsed)
}
