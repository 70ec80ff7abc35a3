//! Reading pages from anywhere in a log of 20,000 entries.

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

use std::hint::black_box;
use std::time::Instant;

use fixture::{Log, copy, ns_per, peer, run};
use limit::{Pages, Standing, Thread, connect};
use paired_bench::{Bench, Ratio, Target};
use rusqlite::Connection;
use serde::de::IgnoredAny;
use sync_log_sqlite::HlcText;
use sync_log_sqlite::parse_uuid;
use sync_log_sqlite::{ChangeType, Cursor, Hlc, ReadLimits, SyncDb};
use tempfile::TempDir;
use tokio::runtime::Runtime;

const PAGE_100: Ratio = Ratio {
    id: "page_100",
    work: "page of 100, raw JSON",
    ours: "read_for",
    limit: "rusqlite, prepared SELECT on the same thread",
    target: Target::AtMost(4.0),
};

const PAGE_1000: Ratio = Ratio {
    id: "page_1000",
    work: "page of 1000, raw JSON",
    target: Target::AtMost(2.8),
    ..PAGE_100
};

// Where the time of a page goes: each does what the one before does, and more.
const FLOOR_1_HOP: Ratio = Ratio {
    id: "page_floor_1_hop",
    ours: "rusqlite, the same behind a thread hop",
    target: Target::None,
    ..PAGE_100
};

const FLOOR_2_STANDING: Ratio = Ratio {
    id: "page_floor_2_standing",
    ours: "rusqlite, the log's state and the peer's rows too, in one transaction",
    ..FLOOR_1_HOP
};

const FLOOR_3_VALUES: Ratio = Ratio {
    id: "page_floor_3_values",
    ours: "rusqlite, and each column checked: stamp, id, kind, JSON",
    ..FLOOR_1_HOP
};

// The owner's tool looks up no peer and hashes no entry.
const OWNER_100: Ratio = Ratio {
    id: "owner_page_100",
    ours: "get_since",
    target: Target::None,
    ..PAGE_100
};

const OWNER_1000: Ratio = Ratio {
    id: "owner_page_1000",
    ours: "get_since",
    target: Target::None,
    ..PAGE_1000
};

/// A page of 100 after a place, for a peer.
type Page = fn(&Connection, &str, &str) -> Vec<[String; 5]>;

const FLOORS: [(Ratio, Page); 3] = [
    (FLOOR_1_HOP, |db, position, _| {
        Pages::on(db).page(position, 100)
    }),
    (FLOOR_2_STANDING, with_standing),
    (FLOOR_3_VALUES, with_values),
];

const ENTRIES: usize = 20_000;

/// Entries between two places that are read from: a page of 1000 is full at each.
const STEP: usize = 1000;

/// Whose method reads.
#[derive(Clone, Copy)]
enum Reader {
    Peer,
    Owner,
}

fn main() {
    let mut bench = Bench::from_env();
    let runtime = Runtime::new().unwrap();
    let rows = [
        (PAGE_100, Reader::Peer, 100),
        (PAGE_1000, Reader::Peer, 1000),
        (OWNER_100, Reader::Owner, 100),
        (OWNER_1000, Reader::Owner, 1000),
    ];
    let wanted = rows.map(|(row, ..)| row).into_iter();
    let mut wanted = wanted.chain(FLOORS.map(|(row, _)| row));
    if !wanted.any(|row| bench.wants(row.id)) {
        return;
    }
    let closed = Log::closed(&runtime, ENTRIES, 1);
    for (row, reader, entries) in rows {
        pages(&mut bench, &runtime, &closed, row, reader, entries);
    }
    for (row, page) in FLOORS {
        floor(&mut bench, &runtime, &closed, row, page);
    }
}

/// A page at each of the places, one after the other.
fn pages(
    bench: &mut Bench,
    runtime: &Runtime,
    closed: &TempDir,
    row: Ratio,
    reader: Reader,
    entries: usize,
) {
    let log = Log::open(runtime, copy(closed.path()));
    let copied = copy(closed.path());
    let connection = connect(copied.path());
    let mut pages = Pages::on(&connection);
    let positions = log.places(runtime, STEP);
    let texts: Vec<_> = positions
        .iter()
        .map(|position| position.hlc().to_text())
        .collect();
    bench.ratio(
        row,
        || {
            let (db, positions) = (log.db.clone(), positions.clone());
            let elapsed = run(runtime, async move {
                let started = Instant::now();
                for position in &positions {
                    assert_eq!(read(&db, reader, *position, entries).await, entries);
                }
                started.elapsed()
            });
            ns_per(texts.len(), elapsed)
        },
        || {
            let started = Instant::now();
            for text in &texts {
                let page = black_box(pages.page(text.as_str(), entries));
                assert_eq!(page.len(), entries);
            }
            ns_per(texts.len(), started.elapsed())
        },
    );
}

/// The limit behind a thread hop, next to the limit.
fn floor(bench: &mut Bench, runtime: &Runtime, closed: &TempDir, row: Ratio, page: Page) {
    let log = Log::open(runtime, copy(closed.path()));
    let positions = log.places(runtime, STEP);
    let texts: Vec<_> = positions
        .iter()
        .map(|position| position.hlc().to_text())
        .collect();
    let (there, here) = (copy(closed.path()), copy(closed.path()));
    let far = connect(there.path());
    let peer = peer(0).to_string();
    let thread = Thread::one_by_one(move |position: HlcText| page(&far, position.as_str(), &peer));
    let near = connect(here.path());
    bench.ratio(
        row,
        || {
            let (thread, texts) = (thread.clone(), texts.clone());
            let elapsed = run(runtime, async move {
                let started = Instant::now();
                for text in texts {
                    assert_eq!(black_box(thread.run(text).await).len(), 100);
                }
                started.elapsed()
            });
            ns_per(positions.len(), elapsed)
        },
        || {
            let started = Instant::now();
            for text in &texts {
                assert_eq!(
                    black_box(Pages::on(&near).page(text.as_str(), 100)).len(),
                    100
                );
            }
            ns_per(positions.len(), started.elapsed())
        },
    );
}

fn with_standing(db: &Connection, position: &str, peer: &str) -> Vec<[String; 5]> {
    db.execute_batch("BEGIN").unwrap();
    Standing::on(db).read(position, peer);
    let page = Pages::on(db).page(position, 100);
    db.execute_batch("COMMIT").unwrap();
    page
}

fn with_values(db: &Connection, position: &str, peer: &str) -> Vec<[String; 5]> {
    let page = with_standing(db, position, peer);
    for [hlc, _, record, kind, data] in &page {
        black_box(hlc.parse::<Hlc>().unwrap());
        black_box(parse_uuid(record).unwrap());
        black_box(kind.parse::<ChangeType>().unwrap());
        black_box(serde_json::from_str::<IgnoredAny>(data).unwrap());
    }
    page
}

/// Reads one page, and says how many entries it has.
async fn read(db: &SyncDb, reader: Reader, position: Cursor, entries: usize) -> usize {
    match reader {
        Reader::Peer => {
            let limits = ReadLimits::entries(entries);
            let page = db.read_for(peer(0), position, limits).await.unwrap();
            black_box(page).entries.len()
        }
        Reader::Owner => {
            let page = db.get_since(Some(position.hlc()), entries).await.unwrap();
            black_box(page).len()
        }
    }
}
