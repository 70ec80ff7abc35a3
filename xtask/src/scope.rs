//! How much a run covers: which packages, which steps, and how far the long ones go.

use clap::ValueEnum;

use crate::step::Step;

/// The packages that build without SQLite, which takes minutes to compile.
pub(crate) const WITHOUT_SQLITE: &[&str] = &[
    "hlc",
    "sync-log-core",
    "sync-log-conformance",
    "sync-log-memory",
    "xtask",
];

/// Every package but those with a SeaORM driver, [`APP`] and [`DEMO`]: cargo would give the driver to
/// each package that is built beside them, and the crates would be tested only with a driver, though
/// users may have none.
pub(crate) const ALL: &[&str] = &["--workspace", "--exclude", APP, "--exclude", DEMO];

/// The packages that have a SeaORM driver. They are built in one call: apart, each would compile the
/// driver again.
pub(crate) const WITH_DRIVER: &[&str] = &["-p", APP, "-p", DEMO];

/// The programs that search for faults. Their tests are searches too, which are slow in a build that is
/// not optimized, so they run in the steps of the programs.
pub(crate) const SEARCHES: &[&str] = &[SIMULATOR, CRASH];
pub(crate) const SIMULATOR: &str = "simulator";
pub(crate) const CRASH: &str = "crash";

/// An app with a SeaORM driver, which has a step of its own.
pub(crate) const APP: &str = "app";
/// Several devices with such an app. Its tests run with those of [`APP`].
pub(crate) const DEMO: &str = "demo";

/// How much a run covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Scope {
    /// The crates that compile without SQLite, in under two minutes from an empty target
    Fast,
    /// Every package; what CI runs
    Standard,
    /// The same, and every search for faults in its long form
    Full,
}

impl Scope {
    /// Whether a run of this scope has `step`.
    pub(crate) fn covers(self, step: Step) -> bool {
        match self {
            Self::Fast => step <= Step::Docs,
            Self::Standard => !matches!(step, Step::Matrix | Step::Model),
            Self::Full => true,
        }
    }

    /// The smallest run that has `step`.
    pub(crate) fn narrowest_with(step: Step) -> Self {
        let scopes = Self::value_variants().iter();
        let mut covering = scopes.copied().filter(|scope| scope.covers(step));
        covering.next().unwrap_or(Self::Full)
    }

    /// The arguments that select the packages for a cargo command.
    pub(crate) fn packages(self) -> Vec<&'static str> {
        match self {
            Self::Standard | Self::Full => ALL.to_vec(),
            Self::Fast => select(WITHOUT_SQLITE.iter().copied()),
        }
    }

    /// The packages whose tests run in the step `test`, which leaves out [`SEARCHES`].
    pub(crate) fn tested(self) -> Vec<&'static str> {
        let left_out = SEARCHES.iter().flat_map(|package| ["--exclude", package]);
        match self {
            Self::Standard | Self::Full => ALL.iter().copied().chain(left_out).collect(),
            Self::Fast => self.packages(),
        }
    }

    /// Like [`packages`](Self::packages) for commands that only check. They take
    /// [`WITH_DRIVER`] with the others, since checking its dependencies by themselves costs more than all of its own code.
    pub(crate) fn checked(self) -> Vec<&'static str> {
        match self {
            Self::Standard | Self::Full => vec!["--workspace"],
            Self::Fast => self.packages(),
        }
    }

    /// Like [`packages`](Self::packages) for commands that refuse a named package without a
    /// library, as `cargo test --doc` does.
    pub(crate) fn libraries(self) -> Vec<&'static str> {
        match self {
            Self::Standard | Self::Full => ALL.to_vec(),
            Self::Fast => select(WITHOUT_SQLITE.iter().copied().filter(|p| *p != "xtask")),
        }
    }

    /// What to type after `cargo xtask` for this scope.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Self::Fast => "ci fast",
            Self::Standard => "ci",
            Self::Full => "ci full",
        }
    }
}

/// `-p a -p b …`
fn select(packages: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    packages.flat_map(|package| ["-p", package]).collect()
}
