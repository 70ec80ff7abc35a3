//! What other programs check, where they are installed. None of them needs the network here.

use anyhow::Result;
use xshell::{Shell, cmd};

/// A program that cargo finds by the name of its task.
struct Tool {
    task: &'static str,
    /// What is not checked without it.
    checks: &'static str,
    run: fn(&Shell) -> Result<()>,
}

const TOOLS: &[Tool] = &[
    Tool {
        task: "machete",
        checks: "unused dependencies",
        run: machete,
    },
    Tool {
        task: "deny",
        checks: "licences, banned crates and sources of dependencies",
        run: deny,
    },
    Tool {
        task: "semver-checks",
        checks: "changes of the API since the last release",
        run: semver,
    },
];

/// A variable from which cargo-machete concludes that cargo built and runs it, so that it takes
/// the name of the task for a folder. `cargo xtask` is run so, and passes it on.
const RUN_BY_CARGO: &str = "CARGO_PKG_NAME";

/// Runs each tool that is installed, and reports what the others would have checked.
pub(crate) fn check(shell: &Shell) -> Result<()> {
    for tool in TOOLS {
        if is_installed(shell, tool.task) {
            (tool.run)(shell)?;
        } else {
            eprintln!("{}", not_checked(tool));
        }
    }
    Ok(())
}

fn not_checked(tool: &Tool) -> String {
    let Tool { task, checks, .. } = tool;
    format!("cargo-{task} is not installed: {checks} were not checked")
}

fn is_installed(shell: &Shell, task: &str) -> bool {
    let version = cmd!(shell, "cargo {task} --version").env_remove(RUN_BY_CARGO);
    let asked = version.quiet().ignore_stdout().ignore_stderr().run();
    asked.is_ok()
}

fn machete(shell: &Shell) -> Result<()> {
    let machete = cmd!(shell, "cargo machete --skip-target-dir");
    Ok(machete.env_remove(RUN_BY_CARGO).run()?)
}

/// Not its advisories, which it would have to download.
fn deny(shell: &Shell) -> Result<()> {
    let checks = ["licenses", "bans", "sources"];
    Ok(cmd!(shell, "cargo deny --offline check {checks...}").run()?)
}

/// The baseline is built from the repository, so that it need not be downloaded.
fn semver(shell: &Shell) -> Result<()> {
    let tags = cmd!(shell, "git tag --list v* --sort=-version:refname");
    let tags = tags.quiet().read()?;
    let Some(release) = tags.lines().next() else {
        eprintln!("no release is tagged: changes of the API were not checked");
        return Ok(());
    };
    Ok(cmd!(
        shell,
        "cargo semver-checks --workspace --baseline-rev {release}"
    )
    .run()?)
}
