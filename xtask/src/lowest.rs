//! The SQLite store with the lowest rusqlite that its manifest allows.
//!
//! The lock file picks one version for all other steps, and an app may have any other that the
//! manifest allows. The choice of a version belongs to a lock file, so this step works in a copy
//! of the repository, which keeps what it compiled for the next run.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::mirror;
use crate::repository;
use crate::workspace::Workspace;

const MANIFEST: &str = "Cargo.toml";

/// Tests the store in a copy of the repository whose manifest asks for the lowest version.
pub(crate) fn check(shell: &Shell, workspace: &Workspace) -> Result<()> {
    let copy = workspace.target_directory.join("lowest");
    let target = workspace.target_directory.join("lowest-target");
    let mut files = repository::read_contents(shell, &workspace.root)?;
    let manifest = with_lowest(&shell.read_file(workspace.root.join(MANIFEST))?)
        .with_context(|| format!("failed to find the lowest rusqlite in {MANIFEST}"))?;
    files.insert(MANIFEST.to_owned(), manifest.into_bytes());
    mirror::refresh(shell, &files, &copy)?;

    let _copy = shell.push_dir(&copy);
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
/// release. `None` if the requirement on rusqlite names no lowest version.
///
/// Reads lines rather than TOML, as the other checks of manifests do.
fn with_lowest(manifest: &str) -> Option<String> {
    let is_wanted = |line: &&str| line.starts_with("rusqlite = ");
    let line = manifest.lines().find(is_wanted)?;
    let requirement = line.split('"').nth(1)?;
    let lowest = format!("~{}", lowest(requirement)?);
    let narrowed = line.replacen(requirement, &lowest, 1);
    Some(manifest.replacen(line, &narrowed, 1))
}

fn lowest(requirement: &str) -> Option<&str> {
    let mut bounds = requirement.split(',').map(str::trim);
    bounds.find_map(|bound| {
        let version = bound
            .trim_start_matches(">=")
            .trim_start_matches('^')
            .trim();
        let is_version = version.starts_with(|c: char| c.is_ascii_digit());
        is_version.then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_asks_for_the_lowest_version_and_keeps_the_rest() {
        let manifest = "[workspace.dependencies]\n\
                        not-rusqlite = \">=0.32, <0.40\"\n\
                        rusqlite = { version = \">=0.32, <0.40\", features = [\"bundled\"] }\n\
                        serde = \"1\"\n";
        let expected = "[workspace.dependencies]\n\
                        not-rusqlite = \">=0.32, <0.40\"\n\
                        rusqlite = { version = \"~0.32\", features = [\"bundled\"] }\n\
                        serde = \"1\"\n";
        assert_eq!(with_lowest(manifest).as_deref(), Some(expected));
    }

    #[test]
    fn the_lowest_version_is_found_wherever_it_stands() {
        for (requirement, version) in [
            (">=0.32, <0.40", "0.32"),
            ("<0.40, >= 0.32.1", "0.32.1"),
            ("^0.39", "0.39"),
            ("0.39.0", "0.39.0"),
        ] {
            assert_eq!(lowest(requirement), Some(version));
        }
    }

    #[test]
    fn a_requirement_without_a_lowest_version_is_refused() {
        for requirement in ["<0.40", ">0.32", "*", "bundled"] {
            assert_eq!(lowest(requirement), None, "{requirement}");
        }
        assert_eq!(with_lowest("serde = \"1\"\n"), None);
    }

    #[test]
    fn our_own_manifest_names_a_lowest_version() {
        assert!(with_lowest(include_str!("../../Cargo.toml")).is_some());
    }
}
