//! A process waits for its own log to grow.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sync_log_core::{Hlc, LogError, SyncLog};

use super::World;
use crate::engine::{Engine, Woken};
use crate::invariants::{Violation, told};
use crate::trace::Short;

type Waiting = Pin<Box<dyn Future<Output = Result<Hlc, LogError>> + Send>>;

/// One wait that is under way.
pub(crate) struct Watching {
    seen: Hlc,
    waiting: Waiting,
    woken: Arc<Woken>,
}

impl Watching {
    fn begin(log: &SyncLog, seen: Hlc) -> Self {
        let mut watch = log.watch(seen);
        Self {
            seen,
            waiting: Box::pin(async move { watch.changed().await }),
            woken: Arc::default(),
        }
    }

    /// What it answers if it has to answer now; else what it answers at once.
    fn answer(&mut self, engine: &Engine, has_to: bool) -> Option<Result<Hlc, LogError>> {
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

impl World {
    /// A process begins to watch, from the last that it was told.
    pub(super) fn watch(&mut self, on: u8, process: usize) -> Result<(), Violation> {
        if !self.is_live(on) || !self.open(on, process)? {
            return Ok(());
        }
        let Some(running) = self.live(on).and_then(|d| d.processes[process].as_mut()) else {
            return Ok(());
        };
        if running.watching.is_none() {
            running.watching = Some(Watching::begin(&running.log, running.told));
            self.done("watch", format_args!("d{on}/{process}"));
        }
        self.tell(on)
    }

    /// Who watches a log and has to be told is told, and nobody else.
    pub(super) fn tell(&mut self, on: u8) -> Result<(), Violation> {
        let engine = self.engine.clone();
        let Some(device) = self.devices.get_mut(&on) else {
            return Ok(());
        };
        let head = device.files.truth.lineage.head();
        for process in 0..device.processes.len() {
            let Some(running) = &mut device.processes[process] else {
                continue;
            };
            let Some(watching) = &mut running.watching else {
                continue;
            };
            let seen = watching.seen;
            let answer = watching.answer(&engine, head > seen);
            let told = match answer.transpose() {
                Ok(told) => told,
                Err(error) => {
                    let what = format!("a watch on an open log fails: {error}");
                    return Err(Violation::new("told", what));
                }
            };
            told::check(seen, head, told)?;
            if told.is_some() {
                (running.told, running.watching) = (head, None);
                let detail = format_args!("d{on}/{process} at {}", Short(head));
                self.trace.event("told", detail);
            }
        }
        Ok(())
    }
}
