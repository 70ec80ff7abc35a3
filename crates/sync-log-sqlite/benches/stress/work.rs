//! What the tasks do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sync_log_sqlite::{
    Ack, AckOutcome, Cursor, LogError, ReadLimits, SharedChangeEntry, SyncDb, Uuid,
};

use crate::fixture::change;
use crate::told::Told;

/// How long to wait when there is nothing to do.
const PAUSE: Duration = Duration::from_millis(1);

/// Between two prunes.
const PRUNE_PAUSE: Duration = Duration::from_millis(20);

/// More than a writer appends.
const NUMBERS_PER_WRITER: u64 = 1 << 32;

/// The log that all work on.
#[derive(Clone)]
pub(crate) struct Work {
    db: SyncDb,
    stopped: Arc<AtomicBool>,
    errors: Arc<AtomicUsize>,
}

/// A peer: where it is, and all that it saw.
pub(crate) struct Reader {
    peer: Uuid,
    pub(crate) position: Cursor,
    pub(crate) seen: Vec<Told>,
}

impl Reader {
    pub(crate) fn new(peer: Uuid) -> Self {
        Self {
            peer,
            position: Cursor::ZERO,
            seen: vec![],
        }
    }
}

/// How far a peer reads.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Until {
    /// To wherever it is when all stop.
    Stopped,
    /// To the end of the log.
    End,
}

impl Work {
    pub(crate) fn on(db: SyncDb) -> Self {
        Self {
            db,
            stopped: Arc::default(),
            errors: Arc::default(),
        }
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors.load(Ordering::Relaxed)
    }

    /// The outcome; an error is counted and told.
    fn ok<T>(&self, outcome: Result<T, LogError>) -> Option<T> {
        let told = |error: &LogError| {
            self.errors.fetch_add(1, Ordering::Relaxed);
            eprintln!("{error}: {error:?}");
        };
        outcome.inspect_err(told).ok()
    }

    /// Appends one change after the other; what was told `Ok`, and how long each
    /// call took.
    pub(crate) async fn write(self, writer: u64) -> (Vec<Told>, Vec<Duration>) {
        let (mut told, mut times) = (vec![], vec![]);
        for number in writer * NUMBERS_PER_WRITER.. {
            if self.is_stopped() {
                break;
            }
            let change = change(number);
            let record = change.record_uuid;
            let started = Instant::now();
            let outcome = self.db.record(change).await;
            times.push(started.elapsed());
            if let Some(hlc) = self.ok(outcome) {
                told.push(Told { hlc, record });
            }
        }
        (told, times)
    }

    /// Reads page after page, and acknowledges each.
    pub(crate) async fn read(self, mut reader: Reader, until: Until) -> Reader {
        while until == Until::End || !self.is_stopped() {
            let page = self
                .db
                .read_for(reader.peer, reader.position, ReadLimits::default());
            match self.ok(page.await) {
                Some(page) if !page.entries.is_empty() => {
                    reader.seen.extend(page.entries.iter().map(told));
                    reader.position = page.next;
                    self.acknowledge(&reader).await;
                }
                _ if until == Until::End => break,
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
        reader
    }

    async fn acknowledge(&self, reader: &Reader) {
        let outcome = self
            .db
            .acknowledge(Ack::new(reader.peer, reader.position))
            .await;
        if let Some(outcome) = self.ok(outcome) {
            assert_eq!(outcome, AckOutcome::Advanced);
        }
    }

    /// Prunes every now and then; how many entries went.
    pub(crate) async fn prune(self) -> usize {
        let mut pruned = 0;
        while !self.is_stopped() {
            pruned += self.prune_once().await;
            tokio::time::sleep(PRUNE_PAUSE).await;
        }
        pruned
    }

    pub(crate) async fn prune_once(&self) -> usize {
        self.ok(self.db.prune_acked().await).unwrap_or_default()
    }

    /// The entries that are pending, at most `limit`.
    pub(crate) async fn entries_left(&self, limit: usize) -> Vec<Told> {
        let entries = self.ok(self.db.get_since(None, limit).await);
        entries.unwrap_or_default().iter().map(told).collect()
    }
}

fn told(entry: &SharedChangeEntry) -> Told {
    Told {
        hlc: entry.hlc,
        record: entry.record_uuid,
    }
}
