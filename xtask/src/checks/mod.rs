//! The checks of our own: each is a pure function from values to violations, in words.
//!
//! The two functions here are the steps; they read what the checks look at and fail with
//! everything that was found.

mod circles;
mod direction;
mod examples;
mod inherited_lints;
mod links;
mod markdown;
mod promises;
mod reachable;
mod trees;

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::repository;
use crate::scope::WITHOUT_SQLITE;
use crate::workspace::Workspace;

/// The step `dependencies`: who depends on what.
pub(crate) fn dependencies(shell: &Shell, workspace: &Workspace) -> Result<()> {
    let mut violations = direction::between_crates(&workspace.packages);
    violations.extend(direction::of_the_database(&workspace.packages));
    violations.extend(trees::of_bare_hlc(&bare_hlc_tree(shell)?));
    for package in WITHOUT_SQLITE {
        violations.extend(trees::without_sqlite(package, &whole_tree(shell, package)?));
    }
    none_of(violations)
}

/// The step `tidy`: what a reader of the files would object to.
pub(crate) fn tidy(shell: &Shell, workspace: &Workspace) -> Result<()> {
    let files = repository::read(shell, &workspace.root)?;
    let mut violations = promises::violations(&files);
    violations.extend(inherited_lints::violations(workspace.manifests(), &files));
    violations.extend(reachable::violations(workspace.target_roots(), &files));
    violations.extend(circles::violations(workspace.source_roots(), &files));
    violations.extend(links::violations(&files));
    violations.extend(examples::violations(workspace, &files));
    none_of(violations)
}

/// What a user of `hlc` without its default features gets: package and features on each line.
fn bare_hlc_tree(shell: &Shell) -> Result<String> {
    let tree = cmd!(shell, "cargo tree -p hlc --no-default-features -e normal").args([
        "--prefix",
        "none",
        "--format",
        trees::FORMAT,
    ]);
    Ok(tree.quiet().read()?)
}

/// Everything that is compiled to build and test a package with all its features.
fn whole_tree(shell: &Shell, package: &str) -> Result<String> {
    let tree = cmd!(
        shell,
        "cargo tree -p {package} --all-features -e normal,dev,build"
    )
    .args(["--prefix", "none", "--format", trees::FORMAT]);
    Ok(tree.quiet().read()?)
}

fn none_of(violations: Vec<String>) -> Result<()> {
    if violations.is_empty() {
        return Ok(());
    }
    bail!("found {}:\n  {}", violations.len(), violations.join("\n  "))
}
