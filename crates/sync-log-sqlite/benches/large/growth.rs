//! Costs at 1e3, 1e5 and 1e6 entries.

use std::array;
use std::path::Path;
use std::time::{Duration, Instant};

use paired_bench::{Bench, Growth, Size};
use sync_log_sqlite::ReadLimits;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::fixture::{self, Log, changes, ns_per, peer, run, time_tasks};

const OPEN: Growth = Growth {
    id: "growth_open",
    work: "open and close",
    claim: "O(1)",
    of: "entries",
    // The same at any size, and noise.
    target: 1.5,
};

const PAGE: Growth = Growth {
    id: "growth_page",
    work: "page of 100 from anywhere",
    claim: "O(page)",
    of: "entries",
    target: 1.5,
};

const APPEND: Growth = Growth {
    id: "growth_append",
    work: "append, one task",
    claim: "O(log n)",
    of: "entries",
    // log 1e6 / log 1e3.
    target: 2.0,
};

const PRUNE: Growth = Growth {
    id: "growth_prune",
    work: "prune of the oldest 100 entries",
    claim: "O(pruned)",
    of: "entries",
    // They are on some 25 pages in a log of any length, beside those of the index of
    // records, whose order is random: it has 14 in a log of 1000 entries, and in a
    // longer one each entry is on a page of its own at most. That is 125 / 39 = 3.2
    // times the pages, which is what a bare DELETE grows by too. And noise.
    target: 4.0,
};

/// Numbers of changes that are appended to logs that have some.
const NEW: u64 = 1 << 32;

const OPENINGS: usize = 3;
const PLACES: usize = 20;
const APPENDED: usize = 100;
const PRUNED: usize = 100;

pub(crate) fn is_wanted(bench: &Bench) -> bool {
    let rows = [OPEN, PAGE, APPEND, PRUNE];
    rows.iter().any(|row| bench.wants(row.id))
}

pub(crate) fn open(bench: &mut Bench, runtime: &Runtime, sizes: [usize; 3], closed: &[TempDir; 3]) {
    let sample = |number: usize| {
        let folder = closed[number].path();
        move || ns_per(OPENINGS, open_and_close(runtime, folder))
    };
    bench.growth(OPEN, &mut each(sizes, sample));
}

pub(crate) fn page(bench: &mut Bench, runtime: &Runtime, sizes: [usize; 3], logs: &[Log; 3]) {
    if bench.wants(PAGE.id) {
        let sample = |number: usize| pages(runtime, &logs[number], sizes[number]);
        bench.growth(PAGE, &mut each(sizes, sample));
    }
}

pub(crate) fn append(bench: &mut Bench, runtime: &Runtime, sizes: [usize; 3], logs: &[Log; 3]) {
    let sample = |number: usize| appends(runtime, &logs[number]);
    bench.growth(APPEND, &mut each(sizes, sample));
}

pub(crate) fn prune(bench: &mut Bench, runtime: &Runtime, sizes: [usize; 3], logs: &[Log; 3]) {
    let sample = |number: usize| prunes(runtime, &logs[number]);
    bench.growth(PRUNE, &mut each(sizes, sample));
}

/// What takes a sample, for each size.
fn each<'a, F>(sizes: [usize; 3], mut sample: impl FnMut(usize) -> F) -> [Size<'a>; 3]
where
    F: FnMut() -> f64 + 'a,
{
    array::from_fn(|number| {
        let sample: Box<dyn FnMut() -> f64> = Box::new(sample(number));
        (sizes[number] as u64, sample)
    })
}

fn open_and_close(runtime: &Runtime, folder: &Path) -> Duration {
    let folder = folder.to_owned();
    run(runtime, async move {
        let started = Instant::now();
        for _ in 0..OPENINGS {
            fixture::open(&folder).await.close().await.unwrap();
        }
        started.elapsed()
    })
}

/// Pages of 100 all over the log, never the same ones twice in a row.
fn pages<'a>(runtime: &'a Runtime, log: &'a Log, entries: usize) -> impl FnMut() -> f64 + 'a {
    let mut positions = log.places(runtime, (entries / 10).min(1000));
    // Neighbours are far from each other, as readers are.
    let count = positions.len();
    positions = (0..count)
        .map(|position| positions[position * 379 % count])
        .collect();
    let mut positions = positions.into_iter().cycle();
    move || {
        let positions: Vec<_> = positions.by_ref().take(PLACES).collect();
        let db = log.db.clone();
        let elapsed = run(runtime, async move {
            let started = Instant::now();
            for position in positions {
                let page = db.read_for(peer(0), position, ReadLimits::entries(100));
                assert_eq!(page.await.unwrap().entries.len(), 100);
            }
            started.elapsed()
        });
        ns_per(PLACES, elapsed)
    }
}

/// A log keeps its length: as many as come are pruned, outside of the time.
fn appends<'a>(runtime: &'a Runtime, log: &'a Log) -> impl FnMut() -> f64 + 'a {
    let mut next = NEW;
    move || {
        let share = changes(next, APPENDED);
        next += APPENDED as u64;
        let db = log.db.clone();
        let work = async move {
            for change in share {
                db.record(change).await.unwrap();
            }
        };
        let elapsed = time_tasks(runtime, vec![work]);
        prune_oldest(runtime, log, APPENDED);
        ns_per(APPENDED, elapsed)
    }
}

/// A log keeps its length: as many as went are appended, outside of the time.
fn prunes<'a>(runtime: &'a Runtime, log: &'a Log) -> impl FnMut() -> f64 + 'a {
    let mut next = NEW * 2;
    move || {
        let elapsed = prune_oldest(runtime, log, PRUNED);
        log.append(runtime, next, PRUNED);
        next += PRUNED as u64;
        ns_per(1, elapsed)
    }
}

fn prune_oldest(runtime: &Runtime, log: &Log, count: usize) -> Duration {
    log.acknowledge(runtime, count);
    let db = log.db.clone();
    run(runtime, async move {
        let started = Instant::now();
        let pruned = db.prune_acked().await.unwrap();
        let elapsed = started.elapsed();
        assert_eq!(pruned, count);
        elapsed
    })
}
