//! A store that runs something else right before one of its calls: a race that
//! happens at the same call every time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sync_log_core::{
    Hlc, LogError, LogStore, Positions, ReadRequest, ReadView, StoreError, Survey, WriteJob,
};

type Hook = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Passes every call on to a store, after the hooks that run before that call.
pub struct Interposed {
    inner: Arc<dyn LogStore>,
    before_write: Mutex<Vec<Hook>>,
    before_read: Mutex<Vec<Hook>>,
    before_call: Mutex<Vec<Hook>>,
}

impl Interposed {
    /// Passes calls on to `inner`.
    pub fn new(inner: Arc<dyn LogStore>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            before_write: Mutex::default(),
            before_read: Mutex::default(),
            before_call: Mutex::default(),
        })
    }

    /// Runs `hook` right before the next write that has no hook yet.
    pub fn before_write(&self, hook: impl Future<Output = ()> + Send + 'static) {
        self.before_write.lock().unwrap().insert(0, Box::pin(hook));
    }

    /// Runs `hook` right before the next read that has no hook yet.
    pub fn before_read(&self, hook: impl Future<Output = ()> + Send + 'static) {
        self.before_read.lock().unwrap().insert(0, Box::pin(hook));
    }

    /// Runs `hook` after `calls` more calls of any kind, right before the next one: for
    /// a race that must be safe wherever it falls.
    pub fn after_calls(&self, calls: usize, hook: impl Future<Output = ()> + Send + 'static) {
        let mut queue = self.before_call.lock().unwrap();
        queue.insert(0, Box::pin(hook));
        queue.extend((0..calls).map(|_| -> Hook { Box::pin(async {}) }));
    }

    /// Whether every hook has run.
    pub fn is_done(&self) -> bool {
        [&self.before_write, &self.before_read, &self.before_call]
            .iter()
            .all(|hooks| hooks.lock().unwrap().is_empty())
    }
}

async fn run_next(hooks: &Mutex<Vec<Hook>>) {
    let hook = hooks.lock().unwrap().pop();
    if let Some(hook) = hook {
        hook.await;
    }
}

#[async_trait]
impl LogStore for Interposed {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        run_next(&self.before_call).await;
        run_next(&self.before_write).await;
        self.inner.write(job).await
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        run_next(&self.before_call).await;
        run_next(&self.before_read).await;
        self.inner.read(request).await
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        run_next(&self.before_call).await;
        self.inner.survey(positions).await
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        self.inner.head_above(position).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}
