//! Each library alone, with each of its features alone: what unites in the workspace's build
//! may be missing in a user's.

use anyhow::Result;
use cargo_metadata::TargetKind;
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
///
/// Only for libraries that users depend on, and not for the library of a program, which is built with
/// the program.
fn selections(packages: &[Package]) -> Vec<Vec<String>> {
    let is_program = |package: &Package| package.names_of(TargetKind::Bin).next().is_some();
    let libraries = packages.iter().filter(|package| package.is_library());
    let depended_on = libraries.filter(|package| package.is_published() && !is_program(package));
    depended_on.flat_map(selections_of).collect()
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

    #[test]
    fn every_feature_of_a_library_is_built_alone_and_with_all_others() {
        let hlc = library("hlc").with_features(&["default", "serde", "std"]);
        let app = library("app").unpublished();
        let packages = [hlc, library("sync-log-core"), program("xtask"), app];
        let selections = selections(&packages);
        let joined: Vec<String> = selections.iter().map(|words| words.join(" ")).collect();
        let expected = [
            "-p hlc --no-default-features",
            "-p hlc --no-default-features --features serde",
            "-p hlc --no-default-features --features std",
            "-p hlc --all-features",
            "-p sync-log-core --no-default-features",
        ];
        assert_eq!(joined, expected);
    }
}
