//! The steps of `ci` and what each one runs.

use anyhow::Result;
use clap::ValueEnum;
use clap::builder::PossibleValue;
use xshell::{Shell, cmd};

use crate::bench::{self, BenchArgs};
use crate::checks;
use crate::features;
use crate::lowest;
use crate::package;
use crate::program;
use crate::scope::{APP, Scope};
use crate::workspace::Workspace;

/// A step of `ci`. The order of the variants is the order of the run: cheap ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Step {
    /// The code is formatted as rustfmt would format it
    Fmt,
    /// Crates depend on each other only as drawn; SQLite stays out of all but one library
    Dependencies,
    /// Every contract clause names its tests, no link leads nowhere, no file is left out or too long
    Tidy,
    /// Clippy is silent about every target with every feature
    Clippy,
    /// Unit and integration tests and examples pass with every feature
    Test,
    /// The examples in the documentation run
    Doctest,
    /// The documentation builds without a warning
    Docs,
    /// The clock holds in every interleaving of a few threads
    Loom,
    /// Each library is clean on its own: without features, with each one, with all of them
    Features,
    /// The SQLite store builds and passes its tests with the lowest rusqlite that its manifest allows
    Lowest,
    /// An app with a SeaORM driver of its own works beside the log
    App,
    /// The examples of each crate run to their end
    Examples,
    /// The demo's verdict is yes on the whole history, with both kinds of clocks
    Demo,
    /// Simulated fleets lose nothing, on the store in memory and on the one in a file
    Sim,
    /// Processes that are killed at work lose nothing
    Crash,
    /// The benches run and report every row of the targets, whatever the times
    Bench,
    /// Every case of the suite on every planted fault, and every fault in the simulator
    Matrix,
    /// Long random histories go as in the reference model, on both stores
    Model,
    /// The crates to publish build from the files in their packages alone
    Package,
}

impl Step {
    /// The name on the command line.
    pub(crate) fn name(self) -> String {
        self.value().get_name().to_owned()
    }

    /// What the step makes sure of, in one line.
    pub(crate) fn purpose(self) -> String {
        let help = self.value().get_help().map(ToString::to_string);
        help.expect("every step has a doc comment")
    }

    fn value(self) -> PossibleValue {
        self.to_possible_value()
            .expect("no step is hidden from the command line")
    }

    /// Runs the step in the shell's directory, which is the root of the workspace.
    pub(crate) fn run(self, shell: &Shell, workspace: &Workspace, scope: Scope) -> Result<()> {
        match self {
            Self::Fmt => fmt(shell),
            Self::Dependencies => checks::dependencies(shell, workspace),
            Self::Tidy => checks::tidy(shell, workspace),
            Self::Clippy => clippy(shell, scope),
            Self::Test => test(shell, scope),
            Self::Doctest => doctest(shell, scope),
            Self::Docs => docs(shell, scope),
            Self::Loom => loom(shell),
            Self::Features => features::check_each(shell, workspace),
            Self::Lowest => lowest::check(shell, workspace),
            Self::App => app(shell),
            Self::Examples => examples(shell, workspace),
            Self::Demo => demo(shell),
            Self::Sim => sim(scope),
            Self::Crash => crash(scope),
            Self::Bench => bench::run(&BenchArgs::quick()),
            Self::Matrix => matrix(shell),
            Self::Model => model(shell),
            Self::Package => package::check_all(shell, workspace),
        }
    }
}

fn fmt(shell: &Shell) -> Result<()> {
    Ok(cmd!(shell, "cargo fmt --all --check").run()?)
}

fn clippy(shell: &Shell, scope: Scope) -> Result<()> {
    let packages = scope.packages();
    let lints = ["--", "-D", "warnings"];
    Ok(cmd!(
        shell,
        "cargo clippy {packages...} --all-targets --all-features {lints...}"
    )
    .run()?)
}

fn test(shell: &Shell, scope: Scope) -> Result<()> {
    let packages = scope.packages();
    // Not `--all-targets`: the benches have a step of their own.
    let targets = ["--lib", "--bins", "--tests", "--examples"];
    Ok(cmd!(
        shell,
        "cargo test {packages...} {targets...} --all-features"
    )
    .run()?)
}

fn doctest(shell: &Shell, scope: Scope) -> Result<()> {
    let libraries = scope.libraries();
    Ok(cmd!(shell, "cargo test {libraries...} --doc --all-features").run()?)
}

fn examples(shell: &Shell, workspace: &Workspace) -> Result<()> {
    for package in &workspace.packages {
        for example in package.examples() {
            let name = &package.name;
            cmd!(
                shell,
                "cargo run --quiet -p {name} --example {example} --all-features"
            )
            .run()?;
        }
    }
    Ok(())
}

/// The graph that most users build. Its examples are run with those of the other packages.
fn app(shell: &Shell) -> Result<()> {
    let lints = ["--", "-D", "warnings"];
    cmd!(shell, "cargo clippy -p {APP} --all-targets {lints...}").run()?;
    Ok(cmd!(shell, "cargo test -p {APP} --lib --tests --examples").run()?)
}

fn docs(shell: &Shell, scope: Scope) -> Result<()> {
    let packages = scope.packages();
    Ok(
        cmd!(shell, "cargo doc {packages...} --no-deps --all-features")
            .env("RUSTDOCFLAGS", "-D warnings")
            .run()?,
    )
}

/// The command of the README, as it is written there, and the hard clocks after it.
fn demo(shell: &Shell) -> Result<()> {
    cmd!(shell, "cargo run --release -p demo").run()?;
    let wild = ["--clocks", "wild"];
    Ok(cmd!(shell, "cargo run --release -p demo -- {wild...}").run()?)
}

/// A build of its own, in which the clock's atomics are the model checker's.
fn loom(shell: &Shell) -> Result<()> {
    let _flags = shell.push_env("RUSTFLAGS", "--cfg loom");
    let tests = ["-p", "hlc", "--test", "loom", "--release"];
    let target = ["--target-dir", "target/loom"];
    cmd!(shell, "cargo clippy {tests...} {target...} -- -D warnings").run()?;
    Ok(cmd!(shell, "cargo test {tests...} {target...}").run()?)
}

/// Half of the seeds are the same each time, so that two runs of CI can be compared. The
/// other half starts at a seed that is drawn for this run: the same seeds never find
/// anything new. The simulator prints the command that repeats them.
fn sim(scope: Scope) -> Result<()> {
    let (memory, sqlite) = match scope {
        Scope::Full => ("5000", "250"),
        Scope::Fast | Scope::Standard => ("150", "15"),
    };
    for (store, seeds) in [("memory", memory), ("sqlite", sqlite)] {
        for first_seed in ["0", "fresh"] {
            let place = ["--first-seed", first_seed, "--seeds", seeds];
            let kind = ["--steps", "200", "--store", store];
            program::check("simulator", "sim", &[place, kind].concat())?;
        }
    }
    Ok(())
}

fn crash(scope: Scope) -> Result<()> {
    let kills = match scope {
        Scope::Full => "1000",
        Scope::Fast | Scope::Standard => "50",
    };
    program::check("crash", "crash", &["--kills", kills])
}

fn matrix(shell: &Shell) -> Result<()> {
    let matrix = ["-p", "broken-stores", "--test", "matrix"];
    cmd!(shell, "cargo test --release {matrix...} -- --full").run()?;
    let arguments = ["--fault", "all", "--seeds", "500", "--steps", "200"];
    program::check("simulator", "sim", &arguments)
}

fn model(shell: &Shell) -> Result<()> {
    for (package, histories) in [("sync-log-memory", "20000"), ("sync-log-sqlite", "500")] {
        let model = ["-p", package, "--test", "conformance", "model::"];
        let _histories = shell.push_env("CONFORMANCE_CASES", histories);
        cmd!(shell, "cargo test --release {model...}").run()?;
    }
    Ok(())
}
