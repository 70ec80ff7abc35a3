//! Changes core's code in one place at a time; a test has to notice each change.

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// What `cargo mutants` ends with if every change was noticed, and if some of them only by a test
/// that no longer came to an end.
const ALL_NOTICED: [i32; 2] = [0, 3];

/// What it ends with if no test noticed some change.
const UNNOTICED: i32 = 2;

/// How the tests run: with fewer histories than usual, without shortening one that fails, and
/// without debug information, because nobody looks at the failures.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("PROPTEST_CASES", "64"),
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
    let first = mutate(&shell, &[])?;
    if first != Some(UNNOTICED) {
        return judge(first);
    }
    // Only what core's own tests did not notice.
    let suite = ["--iterate", "--test-package", "sync-log-memory"];
    judge(mutate(&shell, &suite)?)
}

fn mutate(shell: &Shell, arguments: &[&str]) -> Result<Option<i32>> {
    let run = cmd!(shell, "cargo mutants --no-shuffle {arguments...}")
        .envs(ENVIRONMENT)
        .ignore_status();
    Ok(std::process::Command::from(run).status()?.code())
}

fn judge(code: Option<i32>) -> Result<()> {
    match code {
        Some(code) if ALL_NOTICED.contains(&code) => Ok(()),
        Some(UNNOTICED) => bail!(
            "changes went unnoticed (target/mutants.out/missed.txt): write a test for each, or \
             explain it in .cargo/mutants.toml and docs/mutants.md"
        ),
        other => bail!("cargo mutants did not come to an answer: {other:?}"),
    }
}
