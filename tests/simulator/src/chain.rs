//! A sequence of entries and a running hash of it, so that two prefixes are
//! compared in one step.

use sync_log_core::{Hlc, SharedChangeEntry};

use crate::change::number;

/// What tells one prefix of entries from every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefix {
    /// How many entries.
    pub len: usize,
    /// A hash over their stamps and numbers.
    pub hash: u64,
}

impl Prefix {
    /// This prefix and one more entry.
    #[must_use]
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
    prefix: Prefix,
}

impl Chain {
    /// What tells it from others.
    #[must_use]
    pub fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The numbers of its changes.
    #[must_use]
    pub fn numbers(&self) -> &[u64] {
        &self.numbers
    }

    /// Adds an entry at its end.
    pub fn push(&mut self, entry: &SharedChangeEntry) {
        self.prefix = self.prefix.then(entry.hlc, number(entry));
        self.numbers.push(number(entry));
    }
}

impl<'a> FromIterator<&'a SharedChangeEntry> for Chain {
    fn from_iter<T: IntoIterator<Item = &'a SharedChangeEntry>>(entries: T) -> Self {
        let mut chain = Self::default();
        entries.into_iter().for_each(|entry| chain.push(entry));
        chain
    }
}

/// Everything that one file ever committed, in order, and what is gone of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lineage {
    entries: Vec<SharedChangeEntry>,
    prefixes: Vec<Prefix>,
    gone: usize,
}

impl Lineage {
    /// Everything, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[SharedChangeEntry] {
        &self.entries
    }

    /// What has to be retained.
    #[must_use]
    pub fn retained(&self) -> &[SharedChangeEntry] {
        &self.entries[self.gone..]
    }

    /// What was pruned.
    #[must_use]
    pub fn gone(&self) -> &[SharedChangeEntry] {
        &self.entries[..self.gone]
    }

    /// The newest stamp; zero before the first.
    #[must_use]
    pub fn head(&self) -> Hlc {
        self.entries.last().map_or(Hlc::ZERO, |entry| entry.hlc)
    }

    /// The first `len` entries.
    #[must_use]
    pub fn prefix(&self, len: usize) -> Prefix {
        match len.checked_sub(1) {
            Some(last) => self.prefixes[last],
            None => Prefix::default(),
        }
    }

    /// How many entries are at or below `hlc`.
    #[must_use]
    pub fn len_through(&self, hlc: Hlc) -> usize {
        self.entries.partition_point(|entry| entry.hlc <= hlc)
    }

    /// The entry at `hlc`.
    #[must_use]
    pub fn at(&self, hlc: Hlc) -> Option<&SharedChangeEntry> {
        let place = self.entries.binary_search_by_key(&hlc, |entry| entry.hlc);
        place.ok().map(|place| &self.entries[place])
    }

    /// Adds an entry above the head.
    pub fn push(&mut self, entry: SharedChangeEntry) {
        let prefix = self.prefix(self.entries.len());
        self.prefixes.push(prefix.then(entry.hlc, number(&entry)));
        self.entries.push(entry);
    }

    /// The oldest `entries` of what was retained are gone.
    pub fn prune(&mut self, entries: usize) {
        self.gone += entries;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invariants::sample::{entry, lineage};

    #[test]
    fn a_chain_of_the_same_entries_has_the_prefix_of_the_lineage() {
        let lineage = lineage(5, 3);
        for len in 0..=5 {
            let chain: Chain = lineage.entries()[..len].iter().collect();
            assert_eq!(chain.prefix(), lineage.prefix(len));
        }
    }

    #[test]
    fn another_stamp_another_change_or_another_order_is_another_prefix() {
        let chain = |entries: &[(u64, u64)]| -> Prefix {
            let entries: Vec<_> = entries.iter().map(|(ms, n)| entry(*ms, *n)).collect();
            entries.iter().collect::<Chain>().prefix()
        };
        let all = [
            chain(&[(10, 1), (20, 2)]),
            chain(&[(10, 1), (21, 2)]),
            chain(&[(10, 1), (20, 3)]),
            chain(&[(10, 2), (20, 1)]),
            chain(&[(10, 1)]),
            chain(&[]),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(!all[place + 1..].contains(one), "{place}");
        }
    }
}
