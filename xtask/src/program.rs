//! The programs of this workspace that search for faults, each a package of its own.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

/// Builds `package` in release, runs it where the caller is, and returns its exit code.
///
/// # Errors
/// When cargo cannot be run. What the program itself says of a failure is its exit code.
pub(crate) fn run(package: &str, arguments: &[String]) -> Result<ExitCode> {
    let code = status(package, arguments)?;
    // A process that was ended by a signal has no code.
    Ok(code
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// The same as a step of `ci`: says what it runs, and fails when the program does.
///
/// # Errors
/// When the program found something, or could not be run.
pub(crate) fn check(package: &str, task: &str, arguments: &[&str]) -> Result<()> {
    eprintln!("$ cargo xtask {task} {}", arguments.join(" "));
    let arguments: Vec<String> = arguments.iter().copied().map(str::to_owned).collect();
    match status(package, &arguments)? {
        Some(0) => Ok(()),
        _ => bail!("`cargo xtask {task}` found a fault, or failed"),
    }
}

fn status(package: &str, arguments: &[String]) -> Result<Option<i32>> {
    // The manifest rather than the folder: paths among the arguments are the caller's.
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let cargo = ["run", "--quiet", "--release", "--manifest-path", manifest];
    let status = Command::new(env!("CARGO"))
        .args(cargo)
        .args(["--package", package, "--"])
        .args(arguments)
        .status()
        .context("failed to run cargo")?;
    Ok(status.code())
}
