//! Says whether the logs kept their promise.
//!
//! It never sees an ack or a cursor, and asks no log. It knows the stamps that
//! `record` returned, as text, and reads the devices' files by plain SQL.

mod finding;
mod stamp;
#[cfg(test)]
mod tests;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sync_log_core::{Change, ChangeType};

pub(crate) use finding::Findings;
use stamp::Stamp;
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
    findings: Findings,
}

impl Oracle {
    /// Adds the next device: its number in the history, its id and its library.
    pub(crate) fn add_device(&mut self, number: u8, id: String, folder: &Path) {
        self.witnesses.push(Witness::new(number, id, folder));
        self.pending.push(Vec::new());
        self.last.push(None);
    }

    /// `device` recorded `change`, and its log returned `hlc`: a stamp of its
    /// own, above its last one and above all that it had applied.
    pub(crate) fn recorded(
        &mut self,
        device: usize,
        hlc: &str,
        change: &Change,
    ) -> rusqlite::Result<()> {
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
        self.compare_with_applied(device, hlc, stamp)?;
        self.last[device] = Some(stamp);
        let recorded = Recorded {
            device,
            record: key(change),
            version: version(hlc, change),
        };
        self.recorded.insert(stamp, recorded);
        self.pending[device].push(hlc.to_owned());
        self.pending[device].sort_unstable();
        Ok(())
    }

    fn compare_with_applied(
        &mut self,
        device: usize,
        hlc: &str,
        stamp: Stamp,
    ) -> rusqlite::Result<()> {
        for origin in self.others(device) {
            let origin = &self.witnesses[origin].id;
            let Some(applied) = self.witnesses[device].highest_applied(origin)? else {
                continue;
            };
            // What cannot be read is found at the end: nobody recorded it.
            if Stamp::read(&applied).is_some_and(|applied| stamp <= applied) {
                let number = self.witnesses[device].number;
                let what = format!(
                    "device {number} recorded {hlc}, not above {applied}, which it had applied"
                );
                self.add("not-above-applied", what);
            }
        }
        Ok(())
    }

    /// The database of `device` had an entry already that it was to apply.
    pub(crate) fn applied_twice(&mut self, device: usize, hlc: &str) {
        let number = self.witnesses[device].number;
        let what = format!("device {number} applied {hlc} more than once");
        self.add("applied-twice", what);
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
            for device in self.others(origin) {
                if !self.witnesses[device].has_applied(&self.witnesses[origin].id, &hlc)? {
                    let lacks = self.witnesses[device].number;
                    let what =
                        format!("device {number} pruned {hlc} before device {lacks} applied it");
                    self.add("pruned-before-applied", what);
                }
            }
        }
        self.take_listing(origin, listed);
        Ok(())
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
            self.judge_applied(device)?;
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

    /// Every change of every other device was applied exactly once, and
    /// nothing else was.
    fn judge_applied(&mut self, device: usize) -> rusqlite::Result<()> {
        let mut applied = self.witnesses[device].applied()?;
        let number = self.witnesses[device].number;
        let others = self.recorded.values();
        for change in others.filter(|change| change.device != device) {
            let hlc = change.version.hlc.clone();
            let origin = self.witnesses[change.device].id.clone();
            match applied.remove(&(origin, hlc.clone())) {
                None => {
                    let what = format!("device {number} never got {hlc}");
                    self.findings.add("lost-change", what);
                }
                Some(1) => {}
                Some(_) => {
                    let what = format!("device {number} applied {hlc} more than once");
                    self.findings.add("applied-twice", what);
                }
            }
        }
        for (_, hlc) in applied.into_keys() {
            let what = format!("device {number} applied {hlc}, which no other device recorded");
            self.add("applied-unknown", what);
        }
        Ok(())
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
                let what = match held.get(&record) {
                    Some(Version { hlc, .. }) => {
                        let record = name(&record);
                        format!("device {number} holds {record} as of {hlc}, not its highest stamp")
                    }
                    None => format!("device {number} does not hold {}", name(&record)),
                };
                self.add("wrong-winner", what);
            }
            match &first {
                None => first = Some((number, held)),
                Some((other, expected)) => {
                    for record in differing(expected, &held) {
                        let record = name(&record);
                        let what = format!(
                            "devices {other} and {number} hold different versions of {record}"
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

fn key(change: &Change) -> RecordKey {
    (change.model_type.clone(), change.record_uuid.to_string())
}

fn name((model, record): &RecordKey) -> String {
    format!("{model} {record}")
}

fn version(hlc: &str, change: &Change) -> Version {
    let deleted = change.change_type == ChangeType::Delete;
    Version {
        hlc: hlc.to_owned(),
        deleted,
        data: (!deleted).then(|| change.data.as_str().to_owned()),
    }
}
