//! The programs of this workspace that search for faults, each a package of its own.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// Builds `package` in release, runs it where the caller is, and returns its exit code.
///
/// # Errors
/// When cargo cannot be run. What the program itself says of a failure is its exit code.
pub(crate) fn run(package: &str, arguments: &[String]) -> Result<ExitCode> {
    // The manifest rather than the folder: paths among the arguments are the caller's.
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let cargo = ["run", "--quiet", "--release", "--manifest-path", manifest];
    let status = Command::new(env!("CARGO"))
        .args(cargo)
        .args(["--package", package, "--"])
        .args(arguments)
        .status()
        .context("failed to run cargo")?;
    // A process that was ended by a signal has no code.
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Runs the tests of `package` in the build that [`check`] runs.
///
/// # Errors
/// When a test fails.
pub(crate) fn test(shell: &Shell, package: &str) -> Result<()> {
    let targets = ["--lib", "--bins", "--tests"];
    Ok(cmd!(shell, "cargo test --release -p {package} {targets...}").run()?)
}

/// The same as a step of `ci`, with what the shell sets for all steps: says what it runs, and fails
/// when the program does.
///
/// # Errors
/// When the program found something, or could not be run.
pub(crate) fn check(shell: &Shell, package: &str, task: &str, arguments: &[&str]) -> Result<()> {
    eprintln!("$ cargo xtask {task} {}", arguments.join(" "));
    let cargo = ["run", "--quiet", "--release", "--package", package, "--"];
    let run = cmd!(shell, "cargo {cargo...} {arguments...}").quiet().run();
    run.with_context(|| format!("`cargo xtask {task}` found a fault, or failed"))
}
