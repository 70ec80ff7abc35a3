//! Says whether the devices kept their promise.
//!
//! It never sees an ack or a cursor, and asks no device. It knows the stamps
//! that were returned for changes, and those of the pages that were applied, as
//! text, and reads the devices' files by plain SQL.

mod finding;
mod stamp;
#[cfg(test)]
mod tests;
mod witness;

use std::collections::{BTreeMap, BTreeSet};

use sync_log_core::ChangeType;

use crate::history::PastChange;
pub(crate) use finding::Findings;
use stamp::Stamp;
pub(crate) use witness::Files;
use witness::{RecordKey, Version, Witness};

/// A change that was recorded.
#[derive(Debug)]
struct Recorded {
    device: usize,
    record: RecordKey,
    version: Version,
}

/// The oracle.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    witnesses: Vec<Witness>,
    recorded: BTreeMap<Stamp, Recorded>,
    /// What each log must hold: recorded there, and not seen to be pruned.
    /// Ascending.
    pending: Vec<Vec<String>>,
    last: Vec<Option<Stamp>>,
    /// The changes of others that each device has applied.
    applied: Vec<BTreeSet<Stamp>>,
    /// The highest stamp of each record among what each device has recorded
    /// or applied.
    highest: Vec<BTreeMap<RecordKey, Stamp>>,
    findings: Findings,
}

impl Oracle {
    /// Adds the next device: its number in the history, its id and its files.
    pub(crate) fn add_device(&mut self, number: u8, id: String, files: Files) {
        self.witnesses.push(Witness::new(number, id, files));
        self.pending.push(Vec::new());
        self.last.push(None);
        self.applied.push(BTreeSet::new());
        self.highest.push(BTreeMap::new());
    }

    /// A device recorded `change`, and got `hlc` for it: a stamp of its own,
    /// above its last one and above all that it had applied.
    pub(crate) fn recorded(&mut self, hlc: &str, change: &PastChange) -> rusqlite::Result<()> {
        let device = change.device;
        let witness = &self.witnesses[device];
        let number = witness.number;
        let stamp = Stamp::read(hlc).filter(|stamp| stamp.is_of(&witness.id));
        let Some(stamp) = stamp else {
            let what = format!("device {number} recorded a change as {hlc:?}, no stamp of its own");
            self.add("malformed-stamp", what);
            return Ok(());
        };
        if self.last[device].is_some_and(|last| stamp <= last) {
            let what = format!("device {number} recorded {hlc}, not above its last stamp");
            self.add("stamp-not-above", what);
        }
        if self.applied[device].last().is_some_and(|it| stamp <= *it) {
            let what = format!("device {number} recorded {hlc}, not above all that it had applied");
            self.add("not-above-applied", what);
        }
        self.last[device] = Some(stamp);
        let recorded = Recorded {
            device,
            record: change.row.id.to_string(),
            version: version(hlc, change),
        };
        self.recorded.insert(stamp, recorded);
        self.pending[device].push(hlc.to_owned());
        self.pending[device].sort_unstable();
        let record = self.take_note(device, stamp);
        self.judge_record(device, &record)
    }

    /// `device` says that it applied a page of `origin` with these stamps: each
    /// record of it must be its highest version there.
    pub(crate) fn applied(
        &mut self,
        device: usize,
        origin: usize,
        stamps: impl Iterator<Item = String>,
    ) -> rusqlite::Result<()> {
        let mut records = BTreeSet::new();
        for hlc in stamps {
            let number = self.witnesses[device].number;
            let Some(stamp) = self.stamp_of(origin, &hlc).filter(|_| origin != device) else {
                let what = format!("device {number} applied {hlc}, which no other device recorded");
                self.add("applied-unknown", what);
                continue;
            };
            if !self.applied[device].insert(stamp) {
                let what = format!("device {number} applied {hlc} more than once");
                self.add("applied-twice", what);
            }
            records.insert(self.take_note(device, stamp));
        }
        let mut records = records.iter();
        records.try_for_each(|record| self.judge_record(device, record))
    }

    /// The stamp of a change that `origin` has recorded.
    fn stamp_of(&self, origin: usize, hlc: &str) -> Option<Stamp> {
        let stamp = Stamp::read(hlc)?;
        let recorded = self.recorded.get(&stamp)?;
        (recorded.device == origin).then_some(stamp)
    }

    /// `device` has a change that was recorded. Returns its record.
    fn take_note(&mut self, device: usize, stamp: Stamp) -> RecordKey {
        let record = self.recorded[&stamp].record.clone();
        let highest = self.highest[device].entry(record.clone()).or_insert(stamp);
        *highest = stamp.max(*highest);
        record
    }

    /// `device` holds a record as the highest version that it has.
    fn judge_record(&mut self, device: usize, record: &RecordKey) -> rusqlite::Result<()> {
        let held = self.witnesses[device].version(record)?;
        let expected = &self.recorded[&self.highest[device][record]].version;
        if held.as_ref() != Some(expected) {
            let what = self.wrong_winner(device, record, held.as_ref());
            self.add("wrong-winner", what);
        }
        Ok(())
    }

    fn wrong_winner(&self, device: usize, record: &RecordKey, held: Option<&Version>) -> String {
        let number = self.witnesses[device].number;
        match held {
            Some(Version { hlc, .. }) => {
                format!("device {number} holds record {record} as of {hlc}, not its highest stamp")
            }
            None => format!("device {number} does not hold record {record}"),
        }
    }

    /// How many entries the log of `device` holds.
    pub(crate) fn log_length(&self, device: usize) -> rusqlite::Result<u32> {
        self.witnesses[device].log_length()
    }

    /// `origin` is about to prune: its log must hold all that it ever did.
    pub(crate) fn before_prune(&mut self, origin: usize) -> rusqlite::Result<()> {
        let listed = self.witnesses[origin].pending()?;
        if listed != self.pending[origin] {
            let number = self.witnesses[origin].number;
            for hlc in gone(&self.pending[origin], &listed) {
                let what = format!("{hlc} left the log of device {number} without being pruned");
                self.add("vanished", what);
            }
            self.take_listing(origin, listed);
        }
        Ok(())
    }

    /// `origin` has pruned and says how many entries: each one that is gone
    /// must have been applied by every other device.
    pub(crate) fn after_prune(&mut self, origin: usize, said: usize) -> rusqlite::Result<()> {
        let listed = self.witnesses[origin].pending()?;
        let gone = gone(&self.pending[origin], &listed);
        let number = self.witnesses[origin].number;
        let count = gone.len();
        if count != said {
            let what = format!("device {number} says it pruned {said} entries, {count} are gone");
            self.add("miscounted", what);
        }
        for hlc in gone {
            self.judge_pruned(origin, &hlc);
        }
        self.take_listing(origin, listed);
        Ok(())
    }

    /// Every other device had applied an entry before it was pruned.
    fn judge_pruned(&mut self, origin: usize, hlc: &str) {
        let number = self.witnesses[origin].number;
        let stamp = self.stamp_of(origin, hlc);
        for device in self.others(origin) {
            let has_applied = stamp.is_some_and(|stamp| self.applied[device].contains(&stamp));
            if !has_applied {
                let lacks = self.witnesses[device].number;
                let what = format!("device {number} pruned {hlc} before device {lacks} applied it");
                self.add("pruned-before-applied", what);
            }
        }
    }

    /// Lets go of the files of `device`, which is about to close them.
    pub(crate) fn let_go(&mut self, device: usize) {
        self.witnesses[device].let_go();
    }

    /// Adds what others found.
    pub(crate) fn add(&mut self, name: &'static str, finding: String) {
        self.findings.add(name, finding);
    }

    /// Judges how it all ended, once the devices are quiet.
    pub(crate) fn judge_end(&mut self) -> rusqlite::Result<()> {
        for device in 0..self.witnesses.len() {
            self.judge_applied(device);
            self.judge_log(device)?;
        }
        self.judge_records()
    }

    /// What was found.
    pub(crate) fn into_findings(self) -> Findings {
        self.findings
    }

    fn others(&self, device: usize) -> impl Iterator<Item = usize> + use<> {
        (0..self.witnesses.len()).filter(move |other| *other != device)
    }

    /// Takes what a log holds now for what it must hold from now on; new
    /// entries must have been recorded.
    fn take_listing(&mut self, origin: usize, listed: Vec<String>) {
        let number = self.witnesses[origin].number;
        for hlc in gone(&listed, &self.pending[origin]) {
            let what = format!("the log of device {number} holds {hlc}, which it never recorded");
            self.add("unrecorded", what);
        }
        self.pending[origin] = listed;
    }

    /// Every change of every other device was applied.
    fn judge_applied(&mut self, device: usize) {
        let number = self.witnesses[device].number;
        for (stamp, change) in &self.recorded {
            if change.device != device && !self.applied[device].contains(stamp) {
                let what = format!("device {number} never got {}", change.version.hlc);
                self.findings.add("lost-change", what);
            }
        }
    }

    fn judge_log(&mut self, origin: usize) -> rusqlite::Result<()> {
        let number = self.witnesses[origin].number;
        let entries = self.witnesses[origin].pending()?.len();
        if entries > 0 {
            let what = format!("the log of device {number} still holds {entries} entries");
            self.add("log-not-empty", what);
        }
        Ok(())
    }

    /// All databases are equal to one another, and to the highest stamp of each
    /// record.
    fn judge_records(&mut self) -> rusqlite::Result<()> {
        let winners = self.winners();
        let mut first: Option<(u8, BTreeMap<RecordKey, Version>)> = None;
        for device in 0..self.witnesses.len() {
            let number = self.witnesses[device].number;
            let held = self.witnesses[device].versions()?;
            for record in differing(&winners, &held) {
                let what = self.wrong_winner(device, &record, held.get(&record));
                self.add("wrong-winner", what);
            }
            match &first {
                None => first = Some((number, held)),
                Some((other, expected)) => {
                    for record in differing(expected, &held) {
                        let what = format!(
                            "devices {other} and {number} hold different versions of record {record}"
                        );
                        self.add("databases-differ", what);
                    }
                }
            }
        }
        Ok(())
    }

    /// The version with the highest stamp of each record.
    fn winners(&self) -> BTreeMap<RecordKey, Version> {
        // Ascending, so that the highest comes last.
        let ascending = self.recorded.values();
        ascending
            .map(|change| (change.record.clone(), change.version.clone()))
            .collect()
    }
}

/// What is in `before` and not in `after`. Both ascend.
fn gone(before: &[String], after: &[String]) -> Vec<String> {
    let lacks = |hlc: &&String| after.binary_search(hlc).is_err();
    before.iter().filter(lacks).cloned().collect()
}

/// The records that are not the same in both.
fn differing(
    one: &BTreeMap<RecordKey, Version>,
    other: &BTreeMap<RecordKey, Version>,
) -> Vec<RecordKey> {
    let keys: BTreeSet<&RecordKey> = one.keys().chain(other.keys()).collect();
    let differ = |key: &&RecordKey| one.get(*key) != other.get(*key);
    keys.into_iter().filter(differ).cloned().collect()
}

fn version(hlc: &str, change: &PastChange) -> Version {
    Version {
        hlc: hlc.to_owned(),
        row: (change.op != ChangeType::Delete).then(|| change.row.clone()),
    }
}
