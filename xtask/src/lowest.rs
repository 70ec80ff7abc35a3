//! The SQLite store with the lowest rusqlite that its manifest allows.
//!
//! The lock file picks one version for all other steps, and an app may have any other that the
//! manifest allows. The choice of a version belongs to a lock file, so this step works in a copy
//! of the repository. It compiles into the target folder of the repository, where it finds the
//! dependencies that are the same in both.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::repository;
use crate::workspace::Workspace;

const MANIFEST: &str = "Cargo.toml";

/// Tests the store in a copy of the repository whose manifest asks for the lowest version.
pub(crate) fn check(shell: &Shell, workspace: &Workspace) -> Result<()> {
    let copy = workspace.target_directory.join("lowest");
    let target = &workspace.target_directory;
    repository::copy(shell, &workspace.root, &copy)?;
    let _copy = shell.push_dir(&copy);
    let manifest = with_lowest(&shell.read_file(MANIFEST)?)
        .with_context(|| format!("failed to find the lowest rusqlite in {MANIFEST}"))?;
    shell.write_file(MANIFEST, manifest)?;

    // This changes rusqlite and what it needs, SQLite itself included. All else stays as locked.
    cmd!(shell, "cargo update -p rusqlite").run()?;
    // The migrator has nothing to do with rusqlite, and without it the bare store is tested too.
    let bare = ["-p", "sync-log-sqlite", "--no-default-features"];
    Ok(cmd!(
        shell,
        "cargo test {bare...} --lib --tests --target-dir {target}"
    )
    .run()?)
}

/// The manifest with `>=0.32, <0.40` narrowed to `~0.32`, of which cargo takes the newest patch
/// release. `None` if the requirement on rusqlite does not begin with the lowest version.
///
/// Reads lines rather than TOML, as the other checks of manifests do.
fn with_lowest(manifest: &str) -> Option<String> {
    let mut lines = manifest.lines();
    let line = lines.find(|line| line.starts_with("rusqlite = "))?;
    let requirement = line.split('"').nth(1)?;
    let lowest = requirement.strip_prefix(">=")?.split(',').next()?;
    let narrowed = line.replacen(requirement, &format!("~{lowest}"), 1);
    Some(manifest.replacen(line, &narrowed, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_asks_for_the_lowest_version_and_keeps_the_rest() {
        let manifest = |requirement: &str| {
            format!(
                "not-rusqlite = \">=0.32, <0.40\"\nrusqlite = {{ version = \"{requirement}\" }}\n"
            )
        };
        let narrowed = with_lowest(&manifest(">=0.32, <0.40"));
        assert_eq!(narrowed, Some(manifest("~0.32")));
        assert_eq!(with_lowest(&manifest("<0.40")), None);
        assert!(with_lowest(include_str!("../../Cargo.toml")).is_some());
    }
}
