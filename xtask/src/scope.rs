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

/// Every package but the programs that search for faults. Their tests are searches too, which are slow in
/// a build that is not optimized, so they run in the steps of the programs.
///
/// Each step that builds for development selects these packages, so that all of them share one build. The
/// packages of an app give it a SeaORM driver. Without one, as users may have it, the store is tested in the
/// step `lowest`, and each library is checked in the step `features`.
pub(crate) const ALL: &[&str] = &["--workspace", "--exclude", SIMULATOR, "--exclude", CRASH];

pub(crate) const SIMULATOR: &str = "simulator";
pub(crate) const CRASH: &str = "crash";
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

    /// Like [`packages`](Self::packages) for commands that only check: they take all packages.
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
