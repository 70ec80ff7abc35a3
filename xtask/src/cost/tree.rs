//! The crates that come along with a crate, from the lines of `cargo tree --prefix depth`.

use std::collections::{BTreeMap, BTreeSet};

/// Who needs whom.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    root: String,
    needs: BTreeMap<String, BTreeSet<String>>,
}

/// What a direct dependency brings along, itself among it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) name: String,
    /// Crates that come through it.
    pub(crate) brings: usize,
    /// Those that would not come without it.
    pub(crate) alone: usize,
}

impl Tree {
    /// Each line is a depth and a package: `1uuid v1.29.3`. What was printed before is printed
    /// again, without what it needs.
    pub(crate) fn parse(lines: &str) -> Self {
        let mut tree = Self::default();
        let mut path: Vec<String> = Vec::new();
        for line in lines.lines() {
            let name = line.trim_start_matches(|c: char| c.is_ascii_digit());
            let depth = line[..line.len() - name.len()].parse().unwrap_or(0);
            let name = package(name);
            path.truncate(depth);
            match path.last() {
                None => tree.root.clone_from(&name),
                Some(parent) => {
                    let needs = tree.needs.entry(parent.clone()).or_default();
                    needs.insert(name.clone());
                }
            }
            path.push(name);
        }
        tree
    }

    /// How many crates come along.
    pub(crate) fn len(&self) -> usize {
        self.through(self.direct()).len()
    }

    /// What each direct dependency brings along, the most first.
    pub(crate) fn shares(&self) -> Vec<Share> {
        let share_of = |name: &str| Share {
            name: name.split(' ').next().unwrap_or_default().to_owned(),
            brings: self.through([name]).len(),
            alone: self.len()
                - self
                    .through(self.direct().filter(|other| *other != name))
                    .len(),
        };
        let mut shares: Vec<Share> = self.direct().map(share_of).collect();
        shares.sort_by_key(|share| std::cmp::Reverse((share.alone, share.brings)));
        shares
    }

    /// The names of the crates that start with `prefix`, each once.
    pub(crate) fn named_like(&self, prefix: &str) -> Vec<&str> {
        let crates = self.through(self.direct()).into_iter();
        let names = crates.filter_map(|name| name.split(' ').next());
        let names: BTreeSet<&str> = names.filter(|name| name.starts_with(prefix)).collect();
        names.into_iter().collect()
    }

    fn direct(&self) -> impl Iterator<Item = &str> {
        self.needed_by(&self.root)
    }

    fn needed_by(&self, name: &str) -> impl Iterator<Item = &str> {
        let needs = self.needs.get(name).into_iter().flatten();
        needs.map(String::as_str)
    }

    /// These crates and everything that they need.
    fn through<'a>(&'a self, names: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = names.into_iter().collect();
        while let Some(name) = open.pop() {
            if reached.insert(name) {
                open.extend(self.needed_by(name));
            }
        }
        reached
    }
}

/// Name and version, which tell a package apart from its other versions.
fn package(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').take(2).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Tree {
        /// With one more direct dependency.
        pub(crate) fn plant(&mut self, package: &str) {
            let needs = self.needs.entry(self.root.clone()).or_default();
            needs.insert(package.to_owned());
        }
    }

    const TREE: &str = "0log v0.1.0 (/repo)\n\
                        1serde v1.0.0\n\
                        2derive v1.0.0 (proc-macro)\n\
                        3syn v2.0.0\n\
                        1orm v2.0.0\n\
                        2serde v1.0.0 (*)\n\
                        2syn v1.0.0\n\
                        2pool v1.0.0\n\
                        1syn v2.0.0 (*)\n";

    #[test]
    fn a_crate_counts_once_for_each_of_its_versions() {
        let tree = Tree::parse(TREE);
        assert_eq!(tree.len(), 6);
        assert_eq!(tree.named_like("s"), ["serde", "syn"]);
        assert_eq!(Tree::parse("0log v0.1.0 (/repo)\n").len(), 0);
    }

    #[test]
    fn a_share_is_what_comes_through_a_dependency_and_what_only_comes_through_it() {
        let shares = Tree::parse(TREE).shares().into_iter();
        let shares: Vec<_> = shares
            .map(|share| (share.name, share.brings, share.alone))
            .collect();
        // What serde brings comes through orm as well.
        let expected = [("orm", 6, 3), ("serde", 3, 0), ("syn", 1, 0)];
        assert_eq!(
            shares,
            expected.map(|(name, brings, alone)| (name.to_owned(), brings, alone))
        );
    }
}
