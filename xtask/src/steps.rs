//! What each step of `ci` runs.

use anyhow::Result;
use cargo_metadata::TargetKind;
use xshell::{Shell, cmd};

use crate::bench::{self, BenchArgs};
use crate::checks;
use crate::features;
use crate::lowest;
use crate::package;
use crate::program;
use crate::scope::{ALL, CRASH, DEMO, SIMULATOR, Scope};
use crate::step::Step;
use crate::tools;
use crate::workspace::{PackageExt as _, Workspace};

/// Runs a step in the shell's directory, which is the root of the workspace.
pub(crate) fn run(step: Step, shell: &Shell, workspace: &Workspace, scope: Scope) -> Result<()> {
    match step {
        Step::Fmt => fmt(shell),
        Step::Dependencies => checks::dependencies(shell, workspace),
        Step::Tidy => checks::tidy(shell, workspace),
        Step::Tools => tools::check(shell),
        Step::Clippy => clippy(shell, scope),
        Step::Test => test(shell, scope),
        Step::Doctest => doctest(shell, scope),
        Step::Docs => docs(shell, scope),
        Step::Loom => loom(shell),
        Step::Features => features::check_each(shell, workspace),
        Step::Lowest => lowest::check(shell, workspace),
        Step::Examples => examples(shell, workspace),
        Step::Demo => demo(shell, scope),
        Step::Sim => sim(shell, scope),
        Step::Crash => crash(shell, scope),
        Step::Bench => bench::run(shell, workspace, &BenchArgs::quick()),
        Step::Matrix => matrix(shell),
        Step::Model => model(shell),
        Step::Package => package::check_all(shell, workspace),
    }
}

fn fmt(shell: &Shell) -> Result<()> {
    Ok(cmd!(shell, "cargo fmt --all --check").run()?)
}

fn clippy(shell: &Shell, scope: Scope) -> Result<()> {
    let packages = scope.checked();
    let lints = ["--", "-D", "warnings"];
    Ok(cmd!(
        shell,
        "cargo clippy {packages...} --all-targets --all-features {lints...}"
    )
    .run()?)
}

fn test(shell: &Shell, scope: Scope) -> Result<()> {
    let packages = scope.packages();
    // Not `--all-targets`: benches and examples have steps of their own.
    let targets = ["--lib", "--bins", "--tests"];
    let tests = cmd!(
        shell,
        "cargo test {packages...} {targets...} --all-features"
    );
    let tests = match scope {
        Scope::Full => {
            let tests = tests.env("KILLS", "1000").env("FLEET_SEEDS", "500");
            tests.env("EVERY_CASE", "1")
        }
        Scope::Fast | Scope::Standard => tests,
    };
    Ok(tests.run()?)
}

fn doctest(shell: &Shell, scope: Scope) -> Result<()> {
    let libraries = scope.libraries();
    Ok(cmd!(shell, "cargo test {libraries...} --doc --all-features").run()?)
}

/// Built in one call, which uses what the tests compiled. `cargo run -p` would compile the
/// dependencies again for each package.
fn examples(shell: &Shell, workspace: &Workspace) -> Result<()> {
    cmd!(shell, "cargo build {ALL...} --examples --all-features").run()?;
    let packages = workspace.packages.iter();
    for example in packages.flat_map(|package| package.names_of(TargetKind::Example)) {
        let folder = workspace.target_directory.join("debug/examples");
        cmd!(shell, "{folder}/{example}").run()?;
    }
    Ok(())
}

fn docs(shell: &Shell, scope: Scope) -> Result<()> {
    let packages = scope.checked();
    Ok(
        cmd!(shell, "cargo doc {packages...} --no-deps --all-features")
            .env("RUSTDOCFLAGS", "-D warnings")
            .run()?,
    )
}

/// The command of the README, as it is written there, and with the hard clocks. The program's own tests
/// replay an excerpt in the other layout, which takes the same decisions; the long form of CI replays the
/// whole history in it as well.
fn demo(shell: &Shell, scope: Scope) -> Result<()> {
    cmd!(shell, "cargo run --release -p {DEMO}").run()?;
    let wild = ["--clocks", "wild"];
    cmd!(shell, "cargo run --release -p {DEMO} -- {wild...}").run()?;
    if scope == Scope::Full {
        for clocks in ["skewed", "wild"] {
            let attached = ["--layout", "attached", "--clocks", clocks];
            cmd!(shell, "cargo run --release -p {DEMO} -- {attached...}").run()?;
        }
    }
    Ok(())
}

/// A build of its own, in which the clock's atomics are the model checker's.
fn loom(shell: &Shell) -> Result<()> {
    let _flags = shell.push_env("RUSTFLAGS", "--cfg loom");
    let tests = ["-p", "loom-models", "--tests", "--release"];
    let target = ["--target-dir", "target/loom"];
    cmd!(shell, "cargo clippy {tests...} {target...} -- -D warnings").run()?;
    Ok(cmd!(shell, "cargo test {tests...} {target...}").run()?)
}

/// The tests run the same seeds each time, so that two runs of CI can be compared. The seeds of the
/// program begin at one that is drawn for this run: the same seeds never find anything new. The
/// simulator prints the command that repeats them.
fn sim(shell: &Shell, scope: Scope) -> Result<()> {
    program::test(shell, SIMULATOR)?;
    let (memory, sqlite, apps) = match scope {
        Scope::Full => ("5000", "250", "20000"),
        Scope::Fast | Scope::Standard => ("150", "15", "300"),
    };
    let fleets = [
        ("logs", "memory", memory),
        ("logs", "sqlite", sqlite),
        ("apps", "memory", apps),
    ];
    for (fleet, store, seeds) in fleets {
        let place = ["--first-seed", "fresh", "--seeds", seeds];
        let kind = ["--fleet", fleet, "--steps", "200", "--store", store];
        program::check(shell, SIMULATOR, "sim", &[&place[..], &kind].concat())?;
    }
    Ok(())
}

/// Fifty kills are one of the tests.
fn crash(shell: &Shell, scope: Scope) -> Result<()> {
    program::test(shell, CRASH)?;
    match scope {
        Scope::Full => program::check(shell, CRASH, "crash", &["--kills", "1000"]),
        Scope::Fast | Scope::Standard => Ok(()),
    }
}

/// What the simulator's tests say of its own faults is in the step of the simulator.
fn matrix(shell: &Shell) -> Result<()> {
    let matrix = ["-p", "broken-stores", "--test", "matrix"];
    Ok(cmd!(shell, "cargo test --release {matrix...} -- --full").run()?)
}

fn model(shell: &Shell) -> Result<()> {
    for (package, histories) in [("sync-log-memory", "20000"), ("sync-log-sqlite", "500")] {
        let model = ["-p", package, "--test", "it", "conformance::model::"];
        let _histories = shell.push_env("CONFORMANCE_CASES", histories);
        cmd!(shell, "cargo test --release {model...}").run()?;
    }
    Ok(())
}
