//! What a device does by itself.

use sync_log_core::SharedChangeEntry;

use super::checks;
use super::device::Written;
use super::step::{Edit, References, Struck};
use super::world::World;
use crate::invariants::Violation;
use crate::trace::Short;

impl World {
    pub(crate) fn write(
        &mut self,
        on: u8,
        edits: &[Edit],
        references: References,
        struck: Option<Struck>,
    ) -> Result<(), Violation> {
        let before = self.device(on).records.clone();
        let device = &mut self.devices[usize::from(on)];
        let written = device.write(&self.engine, edits, references, struck);
        match written.map_err(|error| Violation::new("own_writes_work", error.to_string()))? {
            Written::Nothing => self.trace.event("write nothing", format_args!("{on}")),
            Written::RolledBack => self.trace.event("write rolled back", format_args!("{on}")),
            Written::Killed => {
                self.trace.event("killed in a write", format_args!("{on}"));
                self.restart(on)?;
            }
            Written::Committed(entries) => {
                // Own changes are judged by what the device had before.
                let after = std::mem::replace(&mut self.device_mut(on).records, before);
                self.judge_own(on, &entries)?;
                self.device_mut(on).records = after;
                self.commit(on, &entries);
                self.after_own_commit(on, struck)?;
            }
        }
        self.check(on)
    }

    fn judge_own(&self, on: u8, entries: &[SharedChangeEntry]) -> Result<(), Violation> {
        let device = self.device(on);
        checks::own_write_is_above(device, &self.histories, entries)?;
        checks::members_are_kept(device, &self.histories, entries)
    }

    fn commit(&mut self, on: u8, entries: &[SharedChangeEntry]) {
        let history = self.histories.entry(self.device(on).id).or_default();
        for entry in entries {
            history.push(entry);
            let (kind, model, data) = (entry.change_type, &entry.model_type, &entry.data);
            let (_, number) = entry.record_uuid.as_u64_pair();
            let stamp = Short(entry.hlc);
            self.trace.event(
                "write",
                format_args!("{on} at {stamp}: {kind} {model} {number} {data}"),
            );
        }
    }

    fn after_own_commit(&mut self, on: u8, struck: Option<Struck>) -> Result<(), Violation> {
        if struck != Some(Struck::AfterCommit) {
            return self.drain_now(on, struck);
        }
        self.trace
            .event("killed before the drain", format_args!("{on}"));
        self.restart(on)
    }

    pub(crate) fn drain(&mut self, on: u8, struck: Option<Struck>) -> Result<(), Violation> {
        self.drain_now(on, struck)?;
        self.check(on)
    }

    /// Whatever the clocks read, a drain is not refused.
    pub(crate) fn drain_now(&mut self, on: u8, struck: Option<Struck>) -> Result<(), Violation> {
        let drained = self.devices[usize::from(on)].drain(&self.engine, struck);
        let drained = drained.map_err(|error| Violation::new("drains_work", error.to_string()))?;
        if drained > 0 {
            self.trace
                .event("drain", format_args!("{on}: {drained} entries"));
        }
        if drained > 0 && struck == Some(Struck::AfterAppend) {
            self.trace.event("killed in a drain", format_args!("{on}"));
            self.restart(on)?;
        }
        Ok(())
    }

    pub(crate) fn crash(&mut self, on: u8) -> Result<(), Violation> {
        self.trace.event("crash", format_args!("{on}"));
        self.restart(on)?;
        self.check(on)
    }

    pub(crate) fn prune(&mut self, on: u8) -> Result<(), Violation> {
        let pruned = self.device(on).prune(&self.engine);
        let pruned = pruned.map_err(|error| Violation::new("pruning_works", error.to_string()))?;
        if pruned > 0 {
            self.trace
                .event("prune", format_args!("{on}: {pruned} entries"));
        }
        self.check(on)
    }

    pub(crate) fn forget(&mut self, on: u8) -> Result<(), Violation> {
        let others = self.others(self.device(on).id);
        let forgotten = self.devices[usize::from(on)].forget(&self.engine, &others);
        let forgotten = forgotten.expect("a database in memory does not fail");
        if forgotten > 0 {
            self.trace
                .event("forget", format_args!("{on}: {forgotten} deletions"));
        }
        self.check(on)
    }

    pub(crate) fn upgrade(&mut self, on: u8) -> Result<(), Violation> {
        let upgraded = self.devices[usize::from(on)].upgrade(&self.engine);
        upgraded.expect("a database in memory does not fail");
        self.trace.event("upgrade", format_args!("{on}"));
        self.check(on)
    }
}
