//! A store that fails: its error comes through with its kind, and nothing else
//! is asked of it.

use mockall::Sequence;
use sync_log_core::ManualClock;
use sync_log_core::{
    Altered, ChainFault, Cursor, ErrorKind, Hlc, LogError, LogOptions, LogState, ReadLimits,
    StoreError, StoreFault, SyncLog, View,
};

use crate::common::{
    DEVICE, LIBRARY, MockStore, PEER, assert_came_through, change, entry, expect_opening, failure,
    open, open_on, run, state, view,
};

const KINDS: [(StoreFault, ErrorKind); 10] = [
    (StoreFault::Locked, ErrorKind::Retry),
    (StoreFault::NoConnection, ErrorKind::Retry),
    (StoreFault::Full, ErrorKind::Retry),
    (StoreFault::Corrupt, ErrorKind::RepairData),
    (StoreFault::ReadOnly, ErrorKind::Reopen),
    (StoreFault::Closed, ErrorKind::Reopen),
    (StoreFault::Moved, ErrorKind::Reopen),
    (StoreFault::Uncertain, ErrorKind::Uncertain),
    (StoreFault::NotWhole, ErrorKind::Reopen),
    (StoreFault::Io, ErrorKind::Reopen),
];

#[test]
fn a_failed_read_fails_to_open() {
    for (kind, remedy) in KINDS {
        let mut store = MockStore::new();
        store
            .expect_read()
            .times(1)
            .return_once(move |_| Err(failure(kind)));
        let options = LogOptions::new(ManualClock::new(0));
        let error = run(SyncLog::open(store, LIBRARY, DEVICE, options)).unwrap_err();
        assert_came_through(&error, kind, remedy);
    }
}

#[test]
fn a_failed_write_fails_every_call_that_writes() {
    for (kind, remedy) in KINDS {
        let mut store = MockStore::new();
        store
            .expect_write()
            .times(9)
            .returning(move |_| Err(failure(kind).into()));
        run(async {
            let log = open(store).await;
            let stamp = Hlc::new(1, 0, DEVICE);
            let errors = [
                log.record(change()).await.unwrap_err(),
                log.append(entry(1)).await.unwrap_err(),
                log.tick().await.unwrap_err(),
                log.observe_all(&[stamp]).await.unwrap_err(),
                log.register_peer(PEER).await.unwrap_err(),
                log.retire(PEER).await.unwrap_err(),
                log.declare_solo().await.unwrap_err(),
                log.prune_acked().await.unwrap_err(),
                // The ack failed, so nothing is pruned.
                log.on_ack(PEER, stamp).await.unwrap_err(),
            ];
            for error in &errors {
                assert_came_through(error, kind, remedy);
            }
        });
    }
}

#[test]
fn a_failed_read_fails_every_call_that_reads() {
    let (kind, remedy) = KINDS[3];
    let mut store = MockStore::new();
    let mut order = Sequence::new();
    expect_opening(&mut store, &mut order);
    store
        .expect_read()
        .times(6)
        .in_sequence(&mut order)
        .returning(move |_| Err(failure(kind)));
    store
        .expect_survey()
        .times(2)
        .returning(move |_| Err(failure(kind)));
    run(async {
        let log = open_on(store).await;
        let limits = ReadLimits::default();
        let errors = [
            log.head().await.unwrap_err(),
            log.floor().await.unwrap_err(),
            log.head_cursor().await.unwrap_err(),
            log.floor_cursor().await.unwrap_err(),
            log.get_since(None, 1).await.unwrap_err(),
            log.read_for(PEER, Cursor::ZERO, limits).await.unwrap_err(),
            log.peers().await.unwrap_err(),
            log.explain().await.unwrap_err(),
        ];
        for error in &errors {
            assert_came_through(error, kind, remedy);
        }
    });
}

/// Every call that meets it says the same, and puts it on record.
#[test]
fn an_entry_that_cannot_be_read_is_altered_and_put_on_record() {
    let position = Hlc::new(7, 0, DEVICE);
    let unreadable = move || failure(StoreFault::Corrupt).of_unreadable_entry(position);
    let altered = Altered {
        hlc: position,
        fault: ChainFault::Unreadable,
    };
    let mut store = MockStore::new();
    let mut order = Sequence::new();
    expect_opening(&mut store, &mut order);
    store
        .expect_read()
        .times(2)
        .in_sequence(&mut order)
        .returning(move |_| Err(unreadable()));
    store
        .expect_survey()
        .times(1)
        .returning(move |_| Err(unreadable()));
    // The prune, and a note for each of the four.
    store.expect_write().times(5).returning(move |mut job| {
        let state = state();
        let decided = job.decide(&view_of_job(&state));
        let is_note = decided.is_ok_and(|changes| changes.altered == Some(altered));
        if is_note {
            Ok(())
        } else {
            Err(unreadable().into())
        }
    });
    run(async {
        let log = open_on(store).await;
        let limits = ReadLimits::default();
        let errors = [
            log.get_since(None, 1).await.unwrap_err(),
            log.read_for(PEER, Cursor::ZERO, limits).await.unwrap_err(),
            log.explain().await.unwrap_err(),
            log.prune_acked().await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Reopen);
            assert!(matches!(error, LogError::Altered(found) if found == altered));
        }
    });
}

fn view_of_job(state: &LogState) -> View<'_> {
    View {
        state,
        entries: Vec::new(),
        marks: Vec::new(),
        peers: Vec::new(),
        oldest: Vec::new(),
    }
}

#[test]
fn a_failed_close_is_reported() {
    let mut store = MockStore::new();
    store
        .expect_close()
        .times(1)
        .return_once(|| Err(failure(StoreFault::Full)));
    let error = run(async { open(store).await.close().await }).unwrap_err();
    assert_came_through(&error, StoreFault::Full, ErrorKind::Retry);
}

#[test]
fn a_log_of_another_device_is_refused_without_a_write() {
    let mut store = MockStore::new();
    store
        .expect_read()
        .times(1)
        .return_once(|_| Ok(view(state())));
    let options = LogOptions::new(ManualClock::new(0));
    let error = run(SyncLog::open(store, LIBRARY, PEER, options)).unwrap_err();
    assert!(
        matches!(error, LogError::IdentityMismatch { .. }),
        "{error:?}"
    );
}

#[test]
fn a_high_water_that_no_clock_can_resume_from_fails_to_open() {
    let mut beyond = state();
    beyond.high_water = Hlc::new(u64::MAX, 0, PEER);
    let mut store = MockStore::new();
    store
        .expect_read()
        .times(1)
        .return_once(move |_| Ok(view(beyond)));
    let options = LogOptions::new(ManualClock::new(0));
    let error = run(SyncLog::open(store, LIBRARY, DEVICE, options)).unwrap_err();
    assert!(matches!(error, LogError::Resume(_)), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::FixClock);
}

#[test]
fn a_failure_of_a_file_is_of_the_kind_that_says_what_to_do() {
    use std::io::{Error, ErrorKind as Io};
    let table = [
        (Io::StorageFull, StoreFault::Full),
        (Io::QuotaExceeded, StoreFault::Full),
        (Io::ReadOnlyFilesystem, StoreFault::ReadOnly),
        (Io::PermissionDenied, StoreFault::ReadOnly),
        (Io::WouldBlock, StoreFault::Locked),
        (Io::InvalidData, StoreFault::Corrupt),
        (Io::UnexpectedEof, StoreFault::Corrupt),
        (Io::NotFound, StoreFault::Io),
    ];
    for (io, kind) in table {
        let error = StoreError::from(Error::new(io, "the cause"));
        assert_eq!(error.fault(), kind, "{io:?}");
        let source = std::error::Error::source(&error).expect("the cause is kept");
        assert_eq!(source.to_string(), "the cause");
    }
    // What JSON of a file is not is damage too.
    let broken = serde_json::from_str::<u8>("{").unwrap_err();
    let error = StoreError::from(Error::from(broken));
    assert_eq!(error.fault(), StoreFault::Corrupt);
}
