//! How large the `-wal` grows while some reader is always reading.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sync_log_sqlite::{Cursor, ReadLimits, SyncDb};

use crate::fixture::{changes, peer};

const READERS: u64 = 8;

/// Changes of one commit.
const GROUP: usize = 100;

/// The largest size in MB, while readers read from the start without a pause and one task writes.
pub(crate) async fn largest_mb(db: SyncDb, time: Duration) -> f64 {
    for number in 0..READERS {
        db.register_peer(peer(number)).await.unwrap();
    }
    let stopped = Arc::new(AtomicBool::new(false));
    let reading: Vec<_> = (0..READERS)
        .map(|number| tokio::spawn(keep_reading(db.clone(), number, Arc::clone(&stopped))))
        .collect();
    let started = Instant::now();
    let mut largest_bytes = 0;
    let mut first = 0;
    while started.elapsed() < time {
        db.record_many(changes(first, GROUP)).await.unwrap();
        first += GROUP as u64;
        largest_bytes = db.wal_bytes().unwrap().max(largest_bytes);
    }
    stopped.store(true, Ordering::Relaxed);
    for reader in reading {
        reader.await.unwrap();
    }
    largest_bytes as f64 / 1e6
}

async fn keep_reading(db: SyncDb, number: u64, stopped: Arc<AtomicBool>) {
    while !stopped.load(Ordering::Relaxed) {
        let limits = ReadLimits::default();
        db.read_for(peer(number), Cursor::ZERO, limits)
            .await
            .unwrap();
    }
}
