//! A log on plain values, for what core decides whatever the store is.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_log_core::ManualClock;
use sync_log_core::{
    Birth, Contents, Cursor, Hlc, LogError, LogOptions, LogState, LogStore, Positions, ReadRequest,
    ReadView, StoreError, Survey, SyncLog, Tag, WriteJob,
};

use super::{DEVICE, LIBRARY, change, state};

/// When every log is made, in ms since the Unix epoch.
pub(crate) const START_MS: i64 = 1_700_000_000_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// A store that is nothing but its values.
#[derive(Clone)]
pub(crate) struct Values(Arc<Mutex<Contents>>);

#[async_trait]
impl LogStore for Values {
    async fn write(&self, mut job: WriteJob) -> Result<(), LogError> {
        self.0.lock().unwrap().write(&mut job)
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        Ok(self.0.lock().unwrap().read(request))
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        Ok(self.0.lock().unwrap().survey(positions))
    }

    async fn head_above(&self, _: Hlc) -> Result<Hlc, StoreError> {
        std::future::pending().await
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Values {
    /// Puts other values in the place of those that are there, as no call does.
    pub(crate) fn set(&self, contents: Contents) {
        *self.0.lock().unwrap() = contents;
    }
}

/// An open log, its values, and a wall clock that is set by hand.
pub(crate) struct Log {
    log: SyncLog,
    pub(crate) values: Values,
    pub(crate) wall: Arc<ManualClock>,
}

impl Deref for Log {
    type Target = SyncLog;

    fn deref(&self) -> &SyncLog {
        &self.log
    }
}

impl Log {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A new log, opened with other options.
    pub(crate) async fn with(alter: impl FnOnce(&mut LogOptions)) -> Self {
        let identity = state().identity;
        let contents = Contents {
            state: LogState::made(identity, START_MS, Birth::Alone),
            ..Contents::new(identity)
        };
        let values = Values(Arc::new(Mutex::new(contents)));
        let wall = Arc::new(ManualClock::new(START_MS));
        let mut options = LogOptions::new(Arc::clone(&wall));
        alter(&mut options);
        let log = SyncLog::open(values.clone(), LIBRARY, DEVICE, options).await;
        Self {
            log: log.unwrap(),
            values,
            wall,
        }
    }

    /// Records `count` changes, `step_ms` apart.
    pub(crate) async fn record_apart(&self, count: usize, step_ms: i64) -> Vec<Hlc> {
        let mut stamps = Vec::with_capacity(count);
        for _ in 0..count {
            stamps.push(self.record(change()).await.unwrap());
            self.wall.advance_ms(step_ms);
        }
        stamps
    }

    /// The cursor at an entry that is there.
    pub(crate) fn cursor_at(&self, hlc: Hlc) -> Cursor {
        let tag = self.contents().entries[&hlc].tag.unwrap();
        self.cursor(hlc, tag)
    }

    /// A cursor of this log, whatever is there.
    pub(crate) fn cursor(&self, hlc: Hlc, tag: Tag) -> Cursor {
        Cursor::new(self.identity().log_id, hlc, tag).unwrap()
    }

    pub(crate) fn contents(&self) -> Contents {
        self.values.0.lock().unwrap().clone()
    }

    /// Awaits `call`, which must fail with `expected` and change nothing.
    pub(crate) async fn refuses<T: Debug>(
        &self,
        expected: LogError,
        call: impl Future<Output = Result<T, LogError>>,
    ) {
        let before = self.contents();
        let error = call.await.unwrap_err();
        assert_eq!(format!("{error:?}"), format!("{expected:?}"));
        assert_eq!(self.contents(), before, "a refusal changes nothing");
    }
}
