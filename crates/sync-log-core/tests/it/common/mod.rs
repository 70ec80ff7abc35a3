//! A store that is told what to answer. A call that was not expected fails the
//! test.

pub(crate) mod events;
pub(crate) mod log;
pub(crate) mod oracle;
#[allow(
    dead_code,
    unreachable_pub,
    reason = "it is the source of `sync-log-memory`"
)]
#[path = "../../../../sync-log-memory/src/records.rs"]
pub(crate) mod records;
pub(crate) mod small_world;
pub(crate) mod tables;
pub(crate) mod values;

use async_trait::async_trait;
use mockall::{Sequence, mock};
use sync_log_core::ManualClock;
use sync_log_core::{
    Change, ChangeType, ErrorKind, Hlc, JsonText, LogError, LogIdentity, LogOptions, LogState,
    LogStore, Peer, PeerFacts, PeerRow, PeerState, Positions, ReadRequest, ReadView, RegisteredBy,
    SharedChangeEntry, StoreError, StoreFault, Survey, SyncLog, Uuid, View, WriteJob, Writes,
};

mock! {
    pub(crate) Store {}

    #[async_trait]
    impl LogStore for Store {
        async fn write(&self, job: WriteJob) -> Result<(), LogError>;
        async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError>;
        async fn survey(&self, positions: Positions) -> Result<Survey, StoreError>;
        async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError>;
        async fn close(&self) -> Result<(), StoreError>;
    }
}

pub(crate) const LIBRARY: Uuid = Uuid::from_u128(1);
pub(crate) const DEVICE: Uuid = Uuid::from_u128(2);
pub(crate) const LOG: Uuid = Uuid::from_u128(3);
pub(crate) const PEER: Uuid = Uuid::from_u128(4);

pub(crate) fn run<T>(call: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(call)
}

pub(crate) fn state() -> LogState {
    LogState::new(LogIdentity {
        library_id: LIBRARY.into(),
        device_id: DEVICE.into(),
        log_id: LOG,
    })
}

pub(crate) fn change() -> Change {
    Change {
        model_type: "tag".to_owned(),
        record_uuid: Uuid::from_u128(9),
        change_type: ChangeType::Insert,
        data: JsonText::new("{}").unwrap(),
        model_version: 0,
    }
}

pub(crate) fn entry(number: u64) -> SharedChangeEntry {
    change().stamped(Hlc::new(number, 0, DEVICE))
}

pub(crate) fn view(state: LogState) -> ReadView {
    ReadView {
        state,
        before: None,
        entries: Vec::new(),
        reached_end: false,
        peer: None,
    }
}

/// The first read, which is that of the opening, answers with an empty log.
pub(crate) fn expect_opening(store: &mut MockStore, order: &mut Sequence) {
    store
        .expect_read()
        .times(1)
        .in_sequence(order)
        .return_once(|_| Ok(view(state())));
}

pub(crate) fn failure(kind: StoreFault) -> StoreError {
    StoreError::new(kind, "do what was asked").with_source(std::io::Error::other("the cause"))
}

/// A log on a store that was read once, to open it.
pub(crate) async fn open(mut store: MockStore) -> SyncLog {
    store
        .expect_read()
        .times(1)
        .return_once(|_| Ok(view(state())));
    open_on(store).await
}

pub(crate) async fn open_on(store: MockStore) -> SyncLog {
    let options = LogOptions::new(ManualClock::new(1_700_000_000_000));
    SyncLog::open(store, LIBRARY, DEVICE, options)
        .await
        .unwrap()
}

/// Whether it is that failure, with the fault, the kind and the cause.
pub(crate) fn assert_came_through(error: &LogError, fault: StoreFault, kind: ErrorKind) {
    let LogError::Store(store_error) = error else {
        panic!("another error: {error:?}");
    };
    assert_eq!(store_error.fault(), fault);
    assert_eq!(error.kind(), kind);
    let source = std::error::Error::source(error).expect("the cause is kept");
    assert_eq!(source.to_string(), "the cause");
}

/// Decides `job` on `state` and gives what it decided.
pub(crate) fn decide(
    job: &mut WriteJob,
    state: &LogState,
    peers: &[PeerRow],
) -> Result<Writes, LogError> {
    let _ = job.needs(state);
    job.decide(&View {
        state,
        entries: Vec::new(),
        marks: Vec::new(),
        peers: peers.to_vec(),
        oldest: Vec::new(),
    })
}

pub(crate) fn peer_at(acked: Hlc) -> PeerRow {
    PeerRow::from(Peer {
        device_id: PEER.into(),
        acked,
        acked_at_ms: 0,
        facts: PeerFacts {
            state: PeerState::Active,
            registered_by: RegisteredBy::App,
            registered_at_ms: 0,
            admission: 1,
            hold: None,
            verified: true,
        },
    })
}
