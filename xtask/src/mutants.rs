//! Changes core's code in one place at a time; a test has to notice each change.

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// What `cargo mutants` ends with if every change was noticed, and if some of them only by a test
/// that no longer came to an end.
const ALL_NOTICED: [i32; 2] = [0, 3];

/// How the tests run: with fewer histories than usual, without shortening one that fails, and
/// without debug information, because nobody looks at the failures.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("CONFORMANCE_CASES", "100"),
    ("CONFORMANCE_SHRINKS", "0"),
    ("CARGO_PROFILE_DEV_DEBUG", "0"),
];

/// Runs `cargo mutants` as `.cargo/mutants.toml` says, which also lists the changes that no test
/// can notice, each with its reason.
///
/// # Errors
/// When a change that is not on that list went unnoticed.
pub(crate) fn run() -> Result<()> {
    let shell = Shell::new()?;
    shell.change_dir(&Workspace::read()?.root);
    cmd!(shell, "cargo mutants --version")
        .quiet()
        .ignore_stdout()
        .run()
        .context("failed to find cargo-mutants: cargo install --locked cargo-mutants")?;
    let output = cmd!(shell, "cargo mutants --no-shuffle")
        .envs(ENVIRONMENT)
        .ignore_status()
        .quiet();
    judge(std::process::Command::from(output).status()?.code())
}

fn judge(code: Option<i32>) -> Result<()> {
    match code {
        Some(code) if ALL_NOTICED.contains(&code) => Ok(()),
        Some(2) => bail!(
            "changes went unnoticed (target/mutants.out/missed.txt): write a test for each, or \
             explain it in .cargo/mutants.toml and docs/mutants.md"
        ),
        other => bail!("cargo mutants did not come to an answer: {other:?}"),
    }
}
