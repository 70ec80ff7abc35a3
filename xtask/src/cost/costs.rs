//! What is measured, and the order of the builds.

use std::time::Duration;

use anyhow::Result;

use super::tree::Tree;

/// The published libraries that build without SQLite, cheapest first.
const SMALL: [Subject; 3] = [
    Subject::library("`hlc`", "hlc"),
    Subject::library("`sync-log-core`", "sync-log-core"),
    Subject::library("`sync-log-memory`", "sync-log-memory"),
];

const SQLITE: Subject = Subject::library("`sync-log-sqlite`", "sync-log-sqlite");

const WITHOUT_MIGRATOR: Subject = Subject {
    label: "`sync-log-sqlite` without `migrator`",
    features: &["--no-default-features"],
    ..SQLITE
};

/// The package in `tests/app`.
const APP: Subject = Subject {
    label: "an app with a SeaORM driver",
    package: "app",
    features: &[],
    counts_itself: false,
};

/// How many times the two trees are built that are compared: a build takes minutes, and another
/// program may slow down any one of them.
const ROUNDS: usize = 2;

/// A package with some of its features.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    /// Its name in the table.
    pub(crate) label: &'static str,
    pub(crate) package: &'static str,
    /// The arguments of cargo that select the features.
    pub(crate) features: &'static [&'static str],
    /// Whether the count includes the package itself.
    counts_itself: bool,
}

/// A subject and what it costs.
#[derive(Debug)]
pub(crate) struct Cost {
    pub(crate) subject: Subject,
    pub(crate) tree: Tree,
    /// The time of each clean build.
    pub(crate) builds: Vec<Duration>,
}

/// The cost of every subject.
#[derive(Debug)]
pub(crate) struct Costs {
    pub(crate) small: Vec<Cost>,
    pub(crate) sqlite: Cost,
    pub(crate) without_migrator: Cost,
    pub(crate) app: Cost,
}

/// Whether `package` is a library whose cost is measured.
pub(crate) fn is_measured(package: &str) -> bool {
    let mut libraries = SMALL.iter().chain([&SQLITE]);
    libraries.any(|library| library.package == package)
}

impl Subject {
    const fn library(label: &'static str, package: &'static str) -> Self {
        Self {
            label,
            package,
            features: &[],
            counts_itself: true,
        }
    }
}

impl Cost {
    /// How many crates are compiled for a user of the subject.
    pub(crate) fn crates(&self) -> usize {
        self.tree.len() + usize::from(self.subject.counts_itself)
    }

    pub(crate) fn total_build(&self) -> Duration {
        self.builds.iter().sum()
    }

    pub(crate) fn mean_build(&self) -> Duration {
        let builds = u32::try_from(self.builds.len()).unwrap_or(u32::MAX);
        self.total_build().checked_div(builds).unwrap_or_default()
    }
}

impl Costs {
    /// Counts the crates of every subject. `tree` reads the tree of one.
    pub(crate) fn count(mut tree: impl FnMut(&Subject) -> Result<Tree>) -> Result<Self> {
        let mut count = |subject: Subject| -> Result<Cost> {
            Ok(Cost {
                subject,
                tree: tree(&subject)?,
                builds: Vec::new(),
            })
        };
        Ok(Self {
            small: SMALL.into_iter().map(&mut count).collect::<Result<_>>()?,
            sqlite: count(SQLITE)?,
            without_migrator: count(WITHOUT_MIGRATOR)?,
            app: count(APP)?,
        })
    }

    /// Times the builds of every subject. `build` times one.
    ///
    /// The two trees that are compared come last and take turns. The builds before them read the
    /// sources that both trees share, so the first tree is not the one that waits for the disk.
    pub(crate) fn time(
        &mut self,
        mut build: impl FnMut(&Subject) -> Result<Duration>,
    ) -> Result<()> {
        for cost in self.small.iter_mut().chain([&mut self.without_migrator]) {
            cost.builds.push(build(&cost.subject)?);
        }
        for _ in 0..ROUNDS {
            for cost in [&mut self.sqlite, &mut self.app] {
                cost.builds.push(build(&cost.subject)?);
            }
        }
        Ok(())
    }

    /// In the order of the table.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Cost> {
        self.libraries().chain([&self.without_migrator, &self.app])
    }

    /// Those with default features.
    pub(crate) fn libraries(&self) -> impl Iterator<Item = &Cost> {
        self.small.iter().chain([&self.sqlite])
    }
}

/// Costs made up for tests.
#[cfg(test)]
pub(crate) mod planted {
    use super::*;

    impl Cost {
        /// With a tree of `crates` dependencies, and with builds of so many seconds.
        fn planted(mut self, crates: usize, builds: &[u64]) -> Self {
            let lines = (0..crates).map(|number| format!("1crate-{number} v1.0.0\n"));
            let lines: String = lines.collect();
            self.tree = Tree::parse(&format!("0{} v0.1.0\n{lines}", self.subject.package));
            self.builds = builds.iter().copied().map(Duration::from_secs).collect();
            self
        }
    }

    /// Costs that meet every target, each of them just so.
    pub(crate) fn costs() -> Costs {
        let costs = Costs::count(|_| Ok(Tree::default())).expect("the tree is not refused");
        Costs {
            small: costs
                .small
                .into_iter()
                .map(|cost| cost.planted(1, &[2]))
                .collect(),
            sqlite: costs.sqlite.planted(139, &[80, 90]),
            without_migrator: costs.without_migrator.planted(114, &[70]),
            app: costs.app.planted(176, &[110, 90]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_trees_that_are_compared_take_turns_after_all_others() {
        let mut costs = planted::costs();
        let mut order = Vec::new();
        let timed = costs.time(|subject| {
            order.push(subject.label.trim_matches('`'));
            Ok(Duration::ZERO)
        });
        assert!(timed.is_ok());
        let (sqlite, app) = ("sync-log-sqlite", "an app with a SeaORM driver");
        assert_eq!(order[4..], [sqlite, app, sqlite, app]);
    }
}
