//! One wait of a process for its own log to grow.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sync_log_core::{Hlc, LogError, SyncLog};

use crate::engine::{Engine, Woken};
use crate::invariants::Violation;

type Waiting = Pin<Box<dyn Future<Output = Result<Hlc, LogError>> + Send>>;

/// One wait that is under way.
pub(crate) struct Watching {
    pub(super) seen: Hlc,
    waiting: Waiting,
    woken: Arc<Woken>,
}

impl Watching {
    pub(super) fn begin(log: &SyncLog, seen: Hlc) -> Self {
        let mut watch = log.watch(seen);
        Self {
            seen,
            waiting: Box::pin(async move { watch.changed().await }),
            woken: Arc::default(),
        }
    }

    /// What it answers if it has to answer now; else what it answers at once.
    pub(super) fn answer(
        &mut self,
        engine: &Engine,
        has_to: bool,
    ) -> Option<Result<Hlc, LogError>> {
        engine.look_in(self.waiting.as_mut(), &self.woken, has_to)
    }

    /// A wait ends with the log.
    pub(crate) fn ends_with_the_log(mut self, engine: &Engine) -> Result<(), Violation> {
        match self.answer(engine, true) {
            Some(Err(LogError::Store(_))) => Ok(()),
            other => {
                let what = format!("a watch on a closed log answers {other:?}");
                Err(Violation::new("told", what))
            }
        }
    }
}
