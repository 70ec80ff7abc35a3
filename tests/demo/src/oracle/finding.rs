//! What the oracle can find wrong.

use std::collections::BTreeMap;

/// One thing that is wrong. Devices are named by their number in the history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Finding {
    /// `record` returned a stamp that is not one of this device in strict form.
    #[error("device {device} recorded a change as {hlc:?}, no stamp of its own")]
    MalformedStamp { device: u8, hlc: String },
    /// `record` returned a stamp that is not above the device's last one.
    #[error("device {device} recorded {hlc}, not above its last stamp")]
    StampNotAbove { device: u8, hlc: String },
    /// `record` returned a stamp that is not above one that the device had
    /// applied before: it would lose to what its user saw.
    #[error("device {device} recorded {hlc}, not above {applied}, which it had applied")]
    NotAboveApplied {
        device: u8,
        hlc: String,
        applied: String,
    },
    /// A change never arrived at a device.
    #[error("device {device} never got {hlc}")]
    LostChange { device: u8, hlc: String },
    /// A change was applied more than once.
    #[error("device {device} applied {hlc} more than once")]
    AppliedTwice { device: u8, hlc: String },
    /// Something was applied that no other device ever recorded.
    #[error("device {device} applied {hlc}, which no other device recorded")]
    AppliedUnknown { device: u8, hlc: String },
    /// An entry was pruned that a device had not applied.
    #[error("device {origin} pruned {hlc} before device {device} applied it")]
    PrunedBeforeApplied { origin: u8, device: u8, hlc: String },
    /// An entry left the log though nothing was pruned.
    #[error("{hlc} left the log of device {origin} without being pruned")]
    Vanished { origin: u8, hlc: String },
    /// The log holds an entry that was never recorded.
    #[error("the log of device {origin} holds {hlc}, which it never recorded")]
    Unrecorded { origin: u8, hlc: String },
    /// A prune says that it deleted another number of entries than are gone.
    #[error("device {origin} says it pruned {said} entries, {gone} are gone")]
    Miscounted {
        origin: u8,
        said: usize,
        gone: usize,
    },
    /// Two devices hold different versions of a record.
    #[error("devices {device} and {other} hold different versions of {record}")]
    DatabasesDiffer {
        device: u8,
        other: u8,
        record: String,
    },
    /// A device does not hold the version with the highest stamp.
    #[error("{}", wrong_winner(*device, record, held.as_deref()))]
    WrongWinner {
        device: u8,
        record: String,
        held: Option<String>,
    },
    /// A log still holds entries though everybody has everything.
    #[error("the log of device {origin} still holds {entries} entries")]
    LogNotEmpty { origin: u8, entries: usize },
    /// A peer is no longer registered and active in a log.
    #[error("device {peer} is not an active peer in the log of device {origin}")]
    PeerNotActive { origin: u8, peer: u8 },
    /// A log refused a call that it must take; the replay ended there.
    #[error("{call}")]
    Refused { call: String },
}

impl Finding {
    /// Its name, for scripts.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::MalformedStamp { .. } => "malformed-stamp",
            Self::StampNotAbove { .. } => "stamp-not-above",
            Self::NotAboveApplied { .. } => "not-above-applied",
            Self::LostChange { .. } => "lost-change",
            Self::AppliedTwice { .. } => "applied-twice",
            Self::AppliedUnknown { .. } => "applied-unknown",
            Self::PrunedBeforeApplied { .. } => "pruned-before-applied",
            Self::Vanished { .. } => "vanished",
            Self::Unrecorded { .. } => "unrecorded",
            Self::Miscounted { .. } => "miscounted",
            Self::DatabasesDiffer { .. } => "databases-differ",
            Self::WrongWinner { .. } => "wrong-winner",
            Self::LogNotEmpty { .. } => "log-not-empty",
            Self::PeerNotActive { .. } => "peer-not-active",
            Self::Refused { .. } => "refused",
        }
    }
}

fn wrong_winner(device: u8, record: &str, held: Option<&str>) -> String {
    match held {
        Some(held) => {
            format!("device {device} holds {record} as of {held}, not its highest stamp")
        }
        None => format!("device {device} does not hold {record}"),
    }
}

/// Most findings of one name that are kept in full; the rest is counted.
const EXAMPLES_MAX: usize = 3;

/// All findings of one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Group {
    pub(crate) count: u32,
    pub(crate) examples: Vec<Finding>,
}

/// Everything that was found, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Findings(BTreeMap<&'static str, Group>);

impl Findings {
    /// Adds one.
    pub(crate) fn add(&mut self, finding: Finding) {
        let group = self.0.entry(finding.name()).or_default();
        group.count = group.count.saturating_add(1);
        if group.examples.len() < EXAMPLES_MAX {
            group.examples.push(finding);
        }
    }

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The groups, ordered by name.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (&'static str, &Group)> {
        self.0.iter().map(|(name, group)| (*name, group))
    }

    /// The names alone.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_findings_of_one_name_are_counted_and_a_few_kept() {
        let mut findings = Findings::default();
        assert!(findings.is_empty());
        for entries in 1..=10 {
            findings.add(Finding::LogNotEmpty { origin: 0, entries });
        }
        let (name, group) = findings.groups().next().unwrap();
        assert_eq!((name, group.count), ("log-not-empty", 10));
        assert_eq!(group.examples.len(), EXAMPLES_MAX);
    }
}
