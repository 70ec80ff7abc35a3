//! A dry run sees what its own calls decided and nothing that came later, and reads no more than it
//! has to.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use sync_log_core::{
    AckOutcome, Cursor, Hlc, JsonText, LogError, LogOptions, LogStore, Positions, ReadLimits,
    ReadRequest, ReadView, StoreError, StoreFault, Survey, SyncLog, WriteJob,
};

use crate::common::values::{Log, Values};
use crate::common::{DEVICE, LIBRARY, PEER, change, failure};

/// A store that lets other calls go first, counts its reads, and fails to close.
struct Patient {
    values: Values,
    reads: Arc<AtomicUsize>,
}

#[async_trait]
impl LogStore for Patient {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        self.values.write(job).await
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
        self.values.read(request).await
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        tokio::task::yield_now().await;
        self.values.survey(positions).await
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        self.values.head_above(position).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        Err(failure(StoreFault::Io))
    }
}

/// The same log on a patient store, and how often that store was read.
async fn patient(log: &Log) -> (SyncLog, Arc<AtomicUsize>) {
    let reads = Arc::default();
    let store = Patient {
        values: log.values.clone(),
        reads: Arc::clone(&reads),
    };
    let options = LogOptions::new(Arc::clone(&log.wall));
    let opened = SyncLog::open(store, LIBRARY, DEVICE, options).await;
    (opened.unwrap(), reads)
}

/// A log with so many entries that a peer has.
async fn log_of(entries: usize) -> (Log, Vec<Hlc>) {
    let log = Log::new().await;
    log.register_peer(PEER).await.unwrap();
    let stamps = log.record_apart(entries, 1).await;
    log.record_ack(PEER, stamps[entries - 1]).await.unwrap();
    (log, stamps)
}

/// The dry run of a log, after a decision that changed nothing.
async fn begun(log: &SyncLog) -> SyncLog {
    let dry = log.dry_run();
    dry.register_peer(PEER).await.unwrap();
    dry
}

#[tokio::test]
async fn calls_at_the_same_time_are_decided_one_after_the_other() {
    let (log, _) = log_of(3).await;
    let (log, _) = patient(&log).await;
    let dry = log.dry_run();
    for _ in 0..2 {
        let (first, second) = tokio::join!(dry.record(change()), dry.record(change()));
        assert_ne!(first.unwrap(), second.unwrap());
    }
    assert_eq!(dry.get_since(None, 9).await.unwrap().len(), 3 + 4);
}

#[tokio::test]
async fn an_entry_that_was_pruned_here_is_below_the_floor() {
    let (log, _) = log_of(3).await;
    let newest = log.get_since(None, 3).await.unwrap().remove(2);
    let dry = log.dry_run();
    assert_eq!(dry.append(newest.clone()).await.unwrap(), newest.hlc);
    assert_eq!(dry.prune_acked().await.unwrap(), 3);
    let refused = dry.append(newest).await.unwrap_err();
    assert!(
        matches!(refused, LogError::BelowFloor { .. }),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_prune_reads_each_entry_once() {
    let (log, _) = log_of(130).await;
    let (log, reads) = patient(&log).await;
    let dry = log.dry_run();
    reads.store(0, Ordering::Relaxed);
    assert_eq!(dry.prune_acked().await.unwrap(), 130);
    // A full step, a step that is not full, and the read that finds its end.
    assert_eq!(reads.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn the_last_page_is_the_one_that_ends_at_the_newest_entry_seen() {
    let (log, _) = log_of(3).await;
    let dry = begun(&log).await;
    log.record(change()).await.unwrap();
    let pages = |max_entries: usize| {
        let limits = ReadLimits {
            max_entries,
            ..ReadLimits::default()
        };
        dry.read_for(PEER, Cursor::ZERO, limits)
    };
    for (max_entries, entries, more) in [(2, 2, true), (3, 3, false), (4, 3, false)] {
        let page = pages(max_entries).await.unwrap();
        assert_eq!((page.entries.len(), page.more), (entries, more));
    }
}

#[tokio::test]
async fn what_was_appended_here_follows_the_entries_below() {
    let (log, mut stamps) = log_of(3).await;
    let dry = begun(&log).await;
    stamps.push(dry.record(change()).await.unwrap());
    let limits = ReadLimits {
        max_entries: 2,
        ..ReadLimits::default()
    };
    let first = dry.read_for(PEER, Cursor::ZERO, limits).await.unwrap();
    let second = dry.read_for(PEER, first.next, limits).await.unwrap();
    assert_eq!((first.more, second.more), (true, false));
    let read = first.entries.into_iter().chain(second.entries);
    assert_eq!(read.map(|entry| entry.hlc).collect::<Vec<_>>(), stamps);
}

#[tokio::test]
async fn what_was_appended_here_is_read_though_another_handle_appended_too() {
    let (log, mut stamps) = log_of(3).await;
    let dry = begun(&log).await;
    stamps.push(dry.record(change()).await.unwrap());
    log.record_apart(2, 0).await;
    // Below, this limit is reached before the end is.
    let read = dry.get_since(None, 4).await.unwrap().into_iter();
    assert_eq!(read.map(|entry| entry.hlc).collect::<Vec<_>>(), stamps);
}

/// What follows the entry that does not fit would fit.
#[tokio::test]
async fn an_entry_that_does_not_fit_is_not_passed_over() {
    let (log, stamps) = log_of(2).await;
    let mut large = change();
    large.data = JsonText::new("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]").unwrap();
    log.record(large).await.unwrap();
    let dry = begun(&log).await;
    dry.record(change()).await.unwrap();
    let limits = ReadLimits {
        max_bytes: 20,
        ..ReadLimits::default()
    };
    let page = dry.read_for(PEER, Cursor::ZERO, limits).await.unwrap();
    let read = page.entries.into_iter().map(|entry| entry.hlc);
    assert_eq!(read.collect::<Vec<_>>(), stamps);
}

#[tokio::test]
async fn a_dry_run_of_a_dry_run_knows_what_that_one_appended() {
    let (log, _) = log_of(3).await;
    let dry = begun(&log).await;
    let appended = dry.record(change()).await.unwrap();
    dry.record(change()).await.unwrap();
    let acked = dry.dry_run().record_ack(PEER, appended).await;
    assert_eq!(acked.unwrap(), AckOutcome::Advanced);
}

#[tokio::test]
async fn a_stamp_that_another_handle_gave_out_later_is_unknown() {
    let (log, stamps) = log_of(3).await;
    let dry = begun(&log).await;
    let later = log.record(change()).await.unwrap();
    assert_eq!(dry.observe_all(&stamps).await.unwrap(), Some(stamps[2]));
    let refused = dry.observe_all(&[later]).await.unwrap_err();
    let expected = LogError::UnknownOwnStamp { hlc: later };
    assert_eq!(format!("{refused:?}"), format!("{expected:?}"));
}

#[tokio::test]
async fn a_prune_by_another_handle_ends_even_a_call_that_reads_no_entry() {
    let (log, _) = log_of(3).await;
    let dry = begun(&log).await;
    assert_eq!(log.prune_acked().await.unwrap(), 3);
    let LogError::Store(error) = dry.register_peer(PEER).await.unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(error.fault(), StoreFault::Locked);
}

#[tokio::test]
async fn a_watch_sees_what_was_appended_here() {
    let (log, _) = log_of(1).await;
    let dry = begun(&log).await;
    let appended = dry.record(change()).await.unwrap();
    let mut watch = dry.watch(Hlc::ZERO);
    let mut changed = || {
        let changed = pin!(watch.changed());
        changed.poll(&mut Context::from_waker(Waker::noop()))
    };
    assert!(matches!(changed(), Poll::Ready(Ok(head)) if head == appended));
    assert!(changed().is_pending(), "the head did not move since");
}

#[tokio::test]
async fn verdicts_and_times_are_those_of_the_log() {
    let (log, _) = log_of(3).await;
    let lost = Hlc::new(log.head().await.unwrap().timestamp + 1, 0, DEVICE);
    log.observe_all(&[lost]).await.unwrap_err();
    log.wall.advance_ms(500);
    let status = log.status().await.unwrap();
    assert_eq!(status.verdicts.len(), 1);
    let dry = begun(&log).await;
    assert_eq!(dry.status().await.unwrap(), status);
    assert_eq!(dry.dismiss_verdicts().await.unwrap(), status.verdicts);
}

#[tokio::test]
async fn to_close_a_dry_run_closes_the_log() {
    let (log, _) = log_of(1).await;
    let (log, _) = patient(&log).await;
    let LogError::Store(error) = log.dry_run().close().await.unwrap_err() else {
        panic!("another error");
    };
    assert_eq!(error.fault(), StoreFault::Io);
}
