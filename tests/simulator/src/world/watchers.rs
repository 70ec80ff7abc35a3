//! Processes that wait for their own logs to grow.

use super::World;
use super::watching::Watching;
use crate::invariants::{Violation, told};
use crate::trace::Short;

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

    /// Checks that a watch answers where the log grew, and nowhere else.
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
                running.told = head;
                running.watching = None;
                let detail = format_args!("d{on}/{process} at {}", Short(head));
                self.trace.event("told", detail);
            }
        }
        Ok(())
    }
}
