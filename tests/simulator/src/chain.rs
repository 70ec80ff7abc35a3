//! A sequence of entries and a running hash of it, so that two prefixes are
//! compared in one step.

use sync_log_core::{Hlc, Mark, SharedChangeEntry, Tag, Uuid};

use crate::change::number;

/// What tells one prefix of entries from every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefix {
    pub len: usize,
    /// A hash over their stamps and numbers.
    pub hash: u64,
}

impl Prefix {
    /// Of a log that begins with a floor, before its first entry: another for each.
    fn of_floor(log_id: Uuid) -> Self {
        let (high, low) = log_id.as_u64_pair();
        Self {
            len: 0,
            hash: mix(high, low),
        }
    }

    /// This prefix and one more entry.
    pub fn then(self, hlc: Hlc, number: u64) -> Self {
        let words = [hlc.timestamp, hlc.counter, number];
        Self {
            len: self.len + 1,
            hash: words.into_iter().fold(self.hash, mix),
        }
    }
}

fn mix(hash: u64, word: u64) -> u64 {
    // The finalizer of SplitMix64: every bit of the input moves every bit.
    let mut z = (hash ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What a device has applied of one origin, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chain {
    numbers: Vec<u64>,
    newest: Option<Hlc>,
    prefix: Prefix,
}

impl Chain {
    /// The state of a log up to `hlc`.
    pub fn copy_of(lineage: &Lineage, hlc: Hlc) -> Self {
        let mut chain = Self {
            numbers: Vec::new(),
            newest: None,
            prefix: lineage.begin,
        };
        let entries = &lineage.entries()[..lineage.len_through(hlc)];
        entries.iter().for_each(|entry| chain.push(entry));
        chain
    }

    /// What tells it from others.
    pub fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The numbers of its changes.
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// The stamp of its newest change.
    pub fn newest(&self) -> Option<Hlc> {
        self.newest
    }

    /// Adds an entry at its end.
    pub fn push(&mut self, entry: &SharedChangeEntry) {
        self.newest = Some(entry.hlc);
        self.prefix = self.prefix.then(entry.hlc, number(entry));
        self.numbers.push(number(entry));
    }
}

/// Everything that one log ever committed, in order, and what is gone of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lineage {
    /// Where it begins: above zero, if it was adopted, or made beside records.
    base: Hlc,
    begin: Prefix,
    entries: Vec<SharedChangeEntry>,
    prefixes: Vec<Prefix>,
    marks: Vec<Mark>,
    gone: usize,
}

impl Default for Lineage {
    fn default() -> Self {
        Self {
            base: Hlc::ZERO,
            begin: Prefix::default(),
            entries: Vec::new(),
            prefixes: Vec::new(),
            marks: Vec::new(),
            gone: 0,
        }
    }
}

impl Lineage {
    /// What begins with a floor: these entries above it, and before them records that are in no
    /// log. It goes on where no other log did.
    pub fn from_floor(log_id: Uuid, base: Hlc, entries: Vec<SharedChangeEntry>) -> Self {
        let mut lineage = Self {
            base,
            begin: Prefix::of_floor(log_id),
            ..Self::default()
        };
        entries.into_iter().for_each(|entry| lineage.push(entry));
        lineage
    }

    /// Everything, oldest first.
    pub fn entries(&self) -> &[SharedChangeEntry] {
        &self.entries
    }

    /// What has to be retained.
    pub fn retained(&self) -> &[SharedChangeEntry] {
        &self.entries[self.gone..]
    }

    /// What was pruned.
    pub fn gone(&self) -> &[SharedChangeEntry] {
        &self.entries[..self.gone]
    }

    /// The newest stamp; where it begins before the first.
    pub fn head(&self) -> Hlc {
        self.entries.last().map_or(self.base, |entry| entry.hlc)
    }

    /// The newest entry, as a mark; where it begins before the first.
    pub fn head_mark(&self) -> Mark {
        self.mark(self.entries.len())
    }

    /// The newest entry that is gone; where it begins before the first.
    pub fn floor(&self) -> Mark {
        self.mark(self.gone)
    }

    /// Where the first `len` entries end.
    fn mark(&self, len: usize) -> Mark {
        let begin = Mark {
            hlc: self.base,
            tag: Tag::ZERO,
        };
        len.checked_sub(1).map_or(begin, |last| self.marks[last])
    }

    /// Whether a reader can be at `hlc`: where it begins, or at an entry.
    pub fn is_place(&self, hlc: Hlc) -> bool {
        hlc == self.base || self.at(hlc).is_some()
    }

    /// The first `len` entries.
    pub fn prefix(&self, len: usize) -> Prefix {
        match len.checked_sub(1) {
            Some(last) => self.prefixes[last],
            None => self.begin,
        }
    }

    /// How many entries are at or below `hlc`.
    pub fn len_through(&self, hlc: Hlc) -> usize {
        self.entries.partition_point(|entry| entry.hlc <= hlc)
    }

    /// The entry at `hlc`.
    pub fn at(&self, hlc: Hlc) -> Option<&SharedChangeEntry> {
        let place = self.entries.binary_search_by_key(&hlc, |entry| entry.hlc);
        place.ok().map(|place| &self.entries[place])
    }

    /// Adds an entry above the head.
    pub fn push(&mut self, entry: SharedChangeEntry) {
        let prefix = self.prefix(self.entries.len());
        self.prefixes.push(prefix.then(entry.hlc, number(&entry)));
        self.marks.push(self.head_mark().then(&entry));
        self.entries.push(entry);
    }

    /// The oldest `entries` of what was retained are gone.
    pub fn prune(&mut self, entries: usize) {
        self.gone += entries;
    }
}

#[cfg(test)]
impl Lineage {
    /// Changes 1, 2, 3, … stamped at 10, 20, 30, … ms, of which `gone` were pruned.
    pub(crate) fn sample(len: u64, gone: usize) -> Self {
        let mut lineage = Self::default();
        (1..=len)
            .for_each(|number| lineage.push(crate::invariants::sample::entry(number * 10, number)));
        lineage.prune(gone);
        lineage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::sample::{entry, stamp};

    fn chain(entries: &[SharedChangeEntry]) -> Chain {
        let mut chain = Chain::default();
        entries.iter().for_each(|entry| chain.push(entry));
        chain
    }

    #[test]
    fn a_chain_of_the_same_entries_has_the_prefix_of_the_lineage() {
        let lineage = Lineage::sample(5, 3);
        for len in 0..=5 {
            let chain = chain(&lineage.entries()[..len]);
            assert_eq!(chain.prefix(), lineage.prefix(len));
            let through = len
                .checked_sub(1)
                .map_or(Hlc::ZERO, |last| lineage.entries()[last].hlc);
            assert_eq!(Chain::copy_of(&lineage, through), chain);
        }
    }

    #[test]
    fn an_adopted_log_has_no_prefix_of_another() {
        let adopted = |id| Lineage::from_floor(Uuid::from_u128(id), stamp(9), vec![entry(10, 1)]);
        let (one, other) = (adopted(1), adopted(2));
        assert_ne!(one.prefix(0), Prefix::default());
        for len in 0..=1 {
            assert_ne!(one.prefix(len), other.prefix(len));
        }
        assert_eq!(Chain::copy_of(&one, stamp(10)).prefix(), one.prefix(1));
        assert_eq!((one.floor().hlc, one.head()), (stamp(9), stamp(10)));
        assert!(one.is_place(stamp(9)) && !one.is_place(stamp(8)));
    }

    #[test]
    fn another_stamp_another_change_or_another_order_is_another_prefix() {
        let prefix = |entries: &[(u64, u64)]| -> Prefix {
            let entries: Vec<_> = entries.iter().map(|(ms, n)| entry(*ms, *n)).collect();
            chain(&entries).prefix()
        };
        let all = [
            prefix(&[(10, 1), (20, 2)]),
            prefix(&[(10, 1), (21, 2)]),
            prefix(&[(10, 1), (20, 3)]),
            prefix(&[(10, 2), (20, 1)]),
            prefix(&[(10, 1)]),
            prefix(&[]),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(!all[place + 1..].contains(one), "{place}");
        }
    }
}
