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

pub(crate) use finding::{Finding, Findings};
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
            self.add(Finding::MalformedStamp {
                device: number,
                hlc: hlc.to_owned(),
            });
            return Ok(());
        };
        if self.last[device].is_some_and(|last| stamp <= last) {
            self.add(Finding::StampNotAbove {
                device: number,
                hlc: hlc.to_owned(),
            });
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
                self.add(Finding::NotAboveApplied {
                    device: self.witnesses[device].number,
                    hlc: hlc.to_owned(),
                    applied,
                });
            }
        }
        Ok(())
    }

    /// The database of `device` had an entry already that it was to apply.
    pub(crate) fn applied_twice(&mut self, device: usize, hlc: &str) {
        self.add(Finding::AppliedTwice {
            device: self.witnesses[device].number,
            hlc: hlc.to_owned(),
        });
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
                self.add(Finding::Vanished {
                    origin: number,
                    hlc,
                });
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
        if gone.len() != said {
            self.add(Finding::Miscounted {
                origin: number,
                said,
                gone: gone.len(),
            });
        }
        for hlc in gone {
            for device in self.others(origin) {
                if !self.witnesses[device].has_applied(&self.witnesses[origin].id, &hlc)? {
                    self.add(Finding::PrunedBeforeApplied {
                        origin: number,
                        device: self.witnesses[device].number,
                        hlc: hlc.clone(),
                    });
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
    pub(crate) fn add(&mut self, finding: Finding) {
        self.findings.add(finding);
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
            self.add(Finding::Unrecorded {
                origin: number,
                hlc,
            });
        }
        self.pending[origin] = listed;
    }

    /// Every change of every other device was applied exactly once, and
    /// nothing else was.
    fn judge_applied(&mut self, device: usize) -> rusqlite::Result<()> {
        let mut applied = self.witnesses[device].applied()?;
        let number = self.witnesses[device].number;
        let mut found = Vec::new();
        let others = self.recorded.values();
        for change in others.filter(|change| change.device != device) {
            let hlc = change.version.hlc.clone();
            let origin = self.witnesses[change.device].id.clone();
            match applied.remove(&(origin, hlc.clone())) {
                None => found.push(Finding::LostChange {
                    device: number,
                    hlc,
                }),
                Some(1) => {}
                Some(_) => found.push(Finding::AppliedTwice {
                    device: number,
                    hlc,
                }),
            }
        }
        found.extend(applied.into_keys().map(|(_, hlc)| Finding::AppliedUnknown {
            device: number,
            hlc,
        }));
        found.into_iter().for_each(|finding| self.add(finding));
        Ok(())
    }

    fn judge_log(&mut self, origin: usize) -> rusqlite::Result<()> {
        let number = self.witnesses[origin].number;
        match self.witnesses[origin].pending()?.len() {
            0 => {}
            entries => self.add(Finding::LogNotEmpty {
                origin: number,
                entries,
            }),
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
                self.add(Finding::WrongWinner {
                    device: number,
                    record: name(&record),
                    held: held.get(&record).map(|version| version.hlc.clone()),
                });
            }
            match &first {
                None => first = Some((number, held)),
                Some((other, expected)) => {
                    for record in differing(expected, &held) {
                        self.add(Finding::DatabasesDiffer {
                            device: *other,
                            other: number,
                            record: name(&record),
                        });
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
