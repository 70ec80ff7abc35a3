//! What a device does by itself.

use sync_log_core::SharedChangeEntry;

use super::checks;
use super::device::{Written, id_of};
use super::step::{Edit, References, Struck};
use super::world::{World, failed};
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
        let written = self.device(on).write(edits, references, struck);
        let written = written.map_err(failed("own_writes_work"))?;
        match &written {
            Written::Nothing => self.trace.event("write nothing", format_args!("{on}")),
            Written::RolledBack => self.trace.event("write rolled back", format_args!("{on}")),
            Written::Killed(_) | Written::KilledAfterCommit(_) => {
                self.trace.event("killed in a write", format_args!("{on}"));
                self.restart_struck(on, struck)?;
            }
            Written::Committed(_) => {}
        }
        self.take_over_own(on, &written)?;
        if let Written::Committed(_) = written {
            self.after_own_commit(on, struck)?;
        }
        self.check(on)
    }

    /// Judges the entries of a write by what the device had before, and keeps them.
    fn take_over_own(&mut self, on: u8, written: &Written) -> Result<(), Violation> {
        let head = self.histories[&id_of(on)].head();
        let entries = self.find(on)?.own_above(head);
        checks::writes_are_whole(written, &entries)?;
        let before = self.found(on);
        checks::own_write_is_above(before, &self.histories, &entries)?;
        checks::members_are_kept(before, &self.histories, &entries)?;
        self.commit(on, &entries);
        Ok(())
    }

    fn commit(&mut self, on: u8, entries: &[SharedChangeEntry]) {
        let history = self.histories.entry(id_of(on)).or_default();
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
        let drained = self.device(on).drain(struck);
        let drained = drained.map_err(failed("drains_work"))?;
        let entries = drained.entries;
        if entries > 0 {
            self.trace
                .event("drain", format_args!("{on}: {entries} entries"));
        }
        if drained.is_killed {
            self.trace.event("killed in a drain", format_args!("{on}"));
            self.restart_struck(on, struck)?;
        }
        Ok(())
    }

    pub(crate) fn crash(&mut self, on: u8) -> Result<(), Violation> {
        self.trace.event("crash", format_args!("{on}"));
        self.restart(on)?;
        self.check(on)
    }

    pub(crate) fn prune(&mut self, on: u8) -> Result<(), Violation> {
        let pruned = self.device(on).prune();
        let pruned = pruned.map_err(failed("pruning_works"))?;
        if pruned > 0 {
            self.trace
                .event("prune", format_args!("{on}: {pruned} entries"));
        }
        self.check(on)
    }

    /// A device that has not joined yet has records of which it never heard that they were deleted, so
    /// nothing is forgotten before.
    pub(crate) fn forget(&mut self, on: u8) -> Result<(), Violation> {
        let numbers = self.numbers();
        let have_joined = |reader: &u8| numbers.iter().all(|it| self.has_joined(*reader, *it));
        if !numbers.iter().all(have_joined) {
            return Ok(());
        }
        let forgotten = self.device(on).forget();
        let forgotten = forgotten.map_err(failed("forgetting_works"))?;
        if forgotten > 0 {
            self.trace
                .event("forget", format_args!("{on}: {forgotten} deletions"));
        }
        self.check(on)
    }

    pub(crate) fn upgrade(&mut self, on: u8) -> Result<(), Violation> {
        let upgraded = self.device(on).upgrade();
        upgraded.map_err(failed("upgrades_work"))?;
        self.trace.event("upgrade", format_args!("{on}"));
        self.check(on)
    }
}
