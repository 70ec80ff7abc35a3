//! What it costs to depend on the libraries: crates that come along, and the time of a build.
//!
//! - [`costs`] is what is measured, and in which order; [`tree`] counts the crates.
//! - [`targets`] says whether the SQLite store is within its limits.
//! - [`page`] writes it down.

mod costs;
mod page;
mod targets;
mod tree;

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::machine;
use crate::workspace::{Package, PackageExt as _, Workspace};
use costs::{Costs, Subject};
use tree::Tree;

const PAGE: &str = "docs/cost.md";

/// Measures every subject, prints the page and writes it.
///
/// # Errors
/// When a subject cannot be built, or a target is not met.
pub(crate) fn run() -> Result<()> {
    let shell = Shell::new()?;
    let workspace = Workspace::read()?;
    shell.change_dir(&workspace.root);
    let forgotten = forgotten(&workspace.packages);
    if !forgotten.is_empty() {
        bail!("nobody measures what {} costs", forgotten.join(", "));
    }
    cmd!(shell, "cargo fetch").run()?;
    let mut costs = Costs::count(|subject| read_tree(&shell, subject))?;
    costs.time(|subject| time_build(&shell, &workspace, subject))?;

    let verdicts = targets::judge(&costs);
    let page = page::page(&costs, &verdicts, &machine::sentence(&shell)?);
    io::stdout().write_all(page.as_bytes())?;
    shell.write_file(PAGE, page)?;
    match targets::faults(&verdicts) {
        faults if faults.is_empty() => Ok(()),
        faults => bail!("found {}:\n  {}", faults.len(), faults.join("\n  ")),
    }
}

/// Libraries to publish that are not measured. The conformance suite is for tests.
fn forgotten(packages: &[Package]) -> Vec<&str> {
    let libraries = packages
        .iter()
        .filter(|package| package.is_library() && package.is_published());
    let names = libraries.map(|package| package.name.as_str());
    names
        .filter(|name| !costs::is_measured(name) && *name != "sync-log-conformance")
        .collect()
}

fn read_tree(shell: &Shell, subject: &Subject) -> Result<Tree> {
    let Subject {
        package, features, ..
    } = *subject;
    let tree = ["-e", "normal,build", "--prefix", "depth"];
    let tree = cmd!(shell, "cargo tree -p {package} {features...} {tree...}");
    Ok(Tree::parse(&tree.quiet().read()?))
}

/// Builds from an empty target directory.
fn time_build(shell: &Shell, workspace: &Workspace, subject: &Subject) -> Result<Duration> {
    let Subject {
        package, features, ..
    } = *subject;
    let target = workspace.target_directory.join("cost");
    shell.remove_path(&target)?;
    let build = cmd!(
        shell,
        "cargo build --release -p {package} {features...} --target-dir {target}"
    );
    let start = Instant::now();
    build.run()?;
    let duration = start.elapsed();
    shell.remove_path(&target)?;
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::planted::{Planting as _, library, program};

    #[test]
    fn a_new_library_is_not_forgotten() {
        let packages = [
            library("sync-log-sqlite"),
            library("sync-log-protocol"),
            library("paired-bench").unpublished(),
            program("sync-log-cli"),
        ];
        assert_eq!(forgotten(&packages), ["sync-log-protocol"]);
    }
}
