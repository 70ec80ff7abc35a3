//! Each library alone, with each of its features alone: what unites in the workspace's build
//! may be missing in a user's.

use anyhow::Result;
use xshell::{Shell, cmd};

use crate::workspace::{Package, PackageExt as _, Workspace};

/// Clippy instead of `cargo check`: it costs the same and also refuses the warnings that only
/// show up when a feature is off, such as an unused import.
pub(crate) fn check_each(shell: &Shell, workspace: &Workspace) -> Result<()> {
    for selection in selections(&workspace.packages) {
        cmd!(shell, "cargo clippy {selection...} -- -D warnings").run()?;
    }
    // The `no_std` half of the clock is a promise of its own, so its tests run as well.
    Ok(cmd!(shell, "cargo test -p hlc --no-default-features").run()?)
}

/// The arguments of one cargo call per library and feature set: none, each alone, all.
fn selections(packages: &[Package]) -> Vec<Vec<String>> {
    let libraries = packages.iter().filter(|package| package.is_library());
    libraries.flat_map(selections_of).collect()
}

fn selections_of(package: &Package) -> Vec<Vec<String>> {
    let features: Vec<&str> = package.choices().collect();
    let bare = ["-p", &package.name, "--no-default-features"].map(str::to_owned);
    let mut selections = vec![bare.to_vec()];
    for feature in &features {
        let alone = ["--features", feature].map(str::to_owned);
        selections.push([bare.as_slice(), &alone].concat());
    }
    if features.len() > 1 {
        selections.push(
            ["-p", &package.name, "--all-features"]
                .map(str::to_owned)
                .to_vec(),
        );
    }
    selections
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::planted::{Planting as _, library, program};

    fn joined(selections: &[Vec<String>]) -> Vec<String> {
        selections
            .iter()
            .map(|arguments| arguments.join(" "))
            .collect()
    }

    #[test]
    fn every_feature_is_built_alone_and_with_all_others() {
        let package = library("hlc").with_features(&["default", "serde", "std"]);
        assert_eq!(
            joined(&selections(&[package])),
            [
                "-p hlc --no-default-features",
                "-p hlc --no-default-features --features serde",
                "-p hlc --no-default-features --features std",
                "-p hlc --all-features",
            ]
        );
    }

    #[test]
    fn a_library_without_features_is_built_once() {
        let package = library("sync-log-core");
        assert_eq!(
            joined(&selections(&[package])),
            ["-p sync-log-core --no-default-features"]
        );
    }

    #[test]
    fn a_program_has_no_feature_selection() {
        assert!(selections(&[program("xtask")]).is_empty());
    }
}
