//! What the oracle can find wrong.

use std::collections::BTreeMap;

/// Most findings of one name that are kept in full; the rest is counted.
const EXAMPLES_MAX: usize = 3;

/// All findings of one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Group {
    pub(crate) count: u32,
    pub(crate) examples: Vec<String>,
}

/// Everything that was found, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Findings(BTreeMap<&'static str, Group>);

impl Findings {
    /// Adds one, under its name for scripts. Devices are named by their number in the history.
    pub(crate) fn add(&mut self, name: &'static str, finding: String) {
        let group = self.0.entry(name).or_default();
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
            findings.add("log-not-empty", format!("{entries} entries"));
        }
        let (name, group) = findings.groups().next().unwrap();
        assert_eq!((name, group.count), ("log-not-empty", 10));
        assert_eq!(group.examples.len(), EXAMPLES_MAX);
    }
}
