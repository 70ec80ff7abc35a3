//! Appending: one task, 64 tasks, and a batch.

#![allow(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing to tell but where it stopped"
)]

mod fixture;
mod limit;

use std::path::Path;
use std::time::Instant;

use fixture::{Log, changes, copy, ns_per, run, time_tasks};
use limit::{Beside, Rows, Thread};
use paired_bench::{Bench, Ratio, Target};
use sync_log_sqlite::Change;
use tokio::runtime::Runtime;

const APPEND_1: Ratio = Ratio {
    id: "append_1",
    work: "append, one task",
    ours: "record",
    limit: "rusqlite, prepared INSERT in autocommit behind a thread hop",
    target: Target::AtMost(1.2),
};

// Where the time of an append goes: each does what the one before does, and more.
const FLOOR_1_LINK: Ratio = Ratio {
    id: "append_floor_1_link",
    ours: "rusqlite, the row of the chain too, in one transaction",
    target: Target::None,
    ..APPEND_1
};

const FLOOR_2_HEAD: Ratio = Ratio {
    id: "append_floor_2_head",
    ours: "rusqlite, and the head moved",
    ..FLOOR_1_LINK
};

const FLOOR_3_STANDING: Ratio = Ratio {
    id: "append_floor_3_standing",
    ours: "rusqlite, and the log's state read first",
    ..FLOOR_1_LINK
};

const FLOOR_4_FILES: Ratio = Ratio {
    id: "append_floor_4_files",
    ours: "rusqlite, and the files compared with those that were opened",
    ..FLOOR_1_LINK
};

const FLOORS: [(Ratio, Beside); 4] = [
    (FLOOR_1_LINK, Beside::Link),
    (FLOOR_2_HEAD, Beside::Head),
    (FLOOR_3_STANDING, Beside::Standing),
    (FLOOR_4_FILES, Beside::Files),
];

const APPEND_64: Ratio = Ratio {
    id: "append_64",
    work: "append, 64 tasks",
    ours: "record",
    limit: "rusqlite, writer thread with group commit",
    target: Target::AtMost(1.2),
};

const BULK_10K: Ratio = Ratio {
    id: "bulk_10k",
    work: "bulk append of 10k rows, per row",
    ours: "record_each",
    limit: "rusqlite, loop over a prepared INSERT in one transaction",
    target: Target::None,
};

const BULK_100K: Ratio = Ratio {
    id: "bulk_100k",
    work: "bulk append of 100k rows, per row",
    target: Target::AtMost(1.5),
    ..BULK_10K
};

fn main() {
    let mut bench = Bench::from_env();
    let runtime = Runtime::new().unwrap();
    let (alone, each) = if bench.is_quick() { (50, 4) } else { (250, 32) };
    append(&mut bench, &runtime, APPEND_1, [1, alone], one_by_one);
    for (row, beside) in FLOORS {
        floor(&mut bench, &runtime, row, alone, beside);
    }
    append(&mut bench, &runtime, APPEND_64, [64, each], in_groups);
    bulk(&mut bench, &runtime, BULK_10K, 10_000);
    let many = if bench.is_quick() { 20_000 } else { 100_000 };
    bulk(&mut bench, &runtime, BULK_100K, many);
}

fn one_by_one(folder: &Path) -> Thread<Change> {
    let rows = Rows::open(folder);
    Thread::one_by_one(move |change| rows.insert(&change))
}

fn in_groups(folder: &Path) -> Thread<Change> {
    let rows = Rows::open(folder);
    Thread::in_groups(move |jobs| rows.insert_all(jobs.iter().map(|job| &job.work)))
}

/// `tasks` tasks append `each` changes, each one after the other.
fn append(
    bench: &mut Bench,
    runtime: &Runtime,
    row: Ratio,
    [tasks, each]: [usize; 2],
    limit: fn(&Path) -> Thread<Change>,
) {
    if !bench.wants(row.id) {
        return;
    }
    let empty = Log::closed(runtime, 0, 0);
    let (log, copied) = (Log::open(runtime, copy(empty.path())), copy(empty.path()));
    let (db, thread) = (&log.db, &limit(copied.path()));
    let (mut ours, mut theirs) = (0, 0);
    bench.ratio(
        row,
        || {
            let work = shares(&mut ours, tasks, each).map(|share| {
                let db = db.clone();
                async move {
                    for change in share {
                        db.record(change).await.unwrap();
                    }
                }
            });
            ns_per(tasks * each, time_tasks(runtime, work.collect()))
        },
        || time_thread(runtime, thread, &mut theirs, [tasks, each]),
    );
}

/// One task has a thread write what an append writes, and then the row alone.
fn floor(bench: &mut Bench, runtime: &Runtime, row: Ratio, each: usize, beside: Beside) {
    if !bench.wants(row.id) {
        return;
    }
    let empty = Log::closed(runtime, 0, 0);
    let folders = [copy(empty.path()), copy(empty.path())];
    let rows = Rows::open(folders[0].path());
    let more = Thread::one_by_one(move |change| rows.insert_beside(&change, beside));
    let less = one_by_one(folders[1].path());
    let (mut next_more, mut next_less) = (0, 0);
    bench.ratio(
        row,
        || time_thread(runtime, &more, &mut next_more, [1, each]),
        || time_thread(runtime, &less, &mut next_less, [1, each]),
    );
}

/// `tasks` tasks have a thread insert `each` changes, each one after the other.
fn time_thread(
    runtime: &Runtime,
    thread: &Thread<Change>,
    next: &mut u64,
    [tasks, each]: [usize; 2],
) -> f64 {
    let work = shares(next, tasks, each).map(|share| {
        let thread = thread.clone();
        async move {
            for change in share {
                thread.run(change).await;
            }
        }
    });
    ns_per(tasks * each, time_tasks(runtime, work.collect()))
}

/// What each task appends; `next` is the number of the next change.
fn shares(next: &mut u64, tasks: usize, each: usize) -> impl Iterator<Item = Vec<Change>> {
    let first = *next;
    *next += (tasks * each) as u64;
    (0..tasks).map(move |task| changes(first + (task * each) as u64, each))
}

/// One batch into an empty log, in a new file each time.
fn bulk(bench: &mut Bench, runtime: &Runtime, row: Ratio, count: usize) {
    if !bench.wants(row.id) {
        return;
    }
    let empty = Log::closed(runtime, 0, 0);
    let batch = changes(0, count);
    bench.ratio(
        row,
        || {
            let log = Log::open(runtime, copy(empty.path()));
            let (db, batch) = (log.db.clone(), batch.clone());
            let elapsed = run(runtime, async move {
                let started = Instant::now();
                db.record_each(batch).await.unwrap();
                started.elapsed()
            });
            drop(log.close(runtime));
            ns_per(count, elapsed)
        },
        || {
            let copied = copy(empty.path());
            let rows = Rows::open(copied.path());
            let started = Instant::now();
            rows.insert_all(batch.iter());
            ns_per(count, started.elapsed())
        },
    );
}
