//! The workspace as `cargo metadata` reports it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use cargo_metadata::camino::Utf8Path;
use cargo_metadata::{MetadataCommand, TargetKind};

pub(crate) use cargo_metadata::{Dependency, DependencyKind, Package};

/// The members of the workspace and where it is.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    pub(crate) root: PathBuf,
    pub(crate) target_directory: PathBuf,
}

impl Workspace {
    /// Asks cargo. Only the members: resolving the rest would need the registry's index.
    pub(crate) fn read() -> Result<Self> {
        let metadata = MetadataCommand::new().no_deps().exec()?;
        Ok(Self {
            packages: metadata.packages,
            root: metadata.workspace_root.into(),
            target_directory: metadata.target_directory.into(),
        })
    }

    /// The manifest of every member, from the root of the workspace.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = String> {
        let paths = self.packages.iter().map(|package| &package.manifest_path);
        paths.map(|path| self.relative(path))
    }

    /// The root file of every target that is built and, if it is a test, run.
    pub(crate) fn target_roots(&self) -> impl Iterator<Item = String> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        let live = targets.filter(|target| target.test || !target.is_test());
        live.map(|target| self.relative(&target.src_path))
    }

    /// The root file of every library and program.
    pub(crate) fn source_roots(&self) -> impl Iterator<Item = String> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        let shipped = targets.filter(|target| target.is_lib() || target.is_bin());
        shipped.map(|target| self.relative(&target.src_path))
    }

    fn relative(&self, path: &Utf8Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        path.as_str().replace('\\', "/")
    }
}

/// What the tasks ask a package.
pub(crate) trait PackageExt {
    fn is_published(&self) -> bool;

    /// The name of its package without the `.crate`, and of the folder inside.
    fn file_stem(&self) -> String;

    fn is_library(&self) -> bool;

    /// The names of its targets of a kind.
    fn names_of(&self, kind: TargetKind) -> impl Iterator<Item = &str>;

    /// Whether it is one of the packages in the `tests` folder, which may see every crate.
    fn is_cross_crate_test(&self) -> bool;

    /// The features that select something, so without `default`.
    fn choices(&self) -> impl Iterator<Item = &str>;
}

impl PackageExt for Package {
    fn is_published(&self) -> bool {
        self.publish
            .as_ref()
            .is_none_or(|registries| !registries.is_empty())
    }

    fn file_stem(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    fn is_library(&self) -> bool {
        self.names_of(TargetKind::Lib).next().is_some()
    }

    fn names_of(&self, kind: TargetKind) -> impl Iterator<Item = &str> {
        let is_wanted = move |target: &&cargo_metadata::Target| target.is_kind(kind.clone());
        let found = self.targets.iter().filter(is_wanted);
        found.map(|target| target.name.as_str())
    }

    fn is_cross_crate_test(&self) -> bool {
        let folder = self.manifest_path.as_std_path().parent();
        let above = folder.and_then(Path::parent);
        above.is_some_and(|above| above.ends_with("tests")) && !self.is_published()
    }

    fn choices(&self) -> impl Iterator<Item = &str> {
        let names = self.features.keys().map(String::as_str);
        names.filter(|name| *name != "default")
    }
}

/// Packages made up for tests of the checks.
#[cfg(test)]
pub(crate) mod planted {
    use serde_json::{Value, json};

    use super::Package;

    pub(crate) fn library(name: &str) -> Package {
        with_target(name, "lib")
    }

    pub(crate) fn program(name: &str) -> Package {
        with_target(name, "bin")
    }

    fn with_target(name: &str, kind: &str) -> Package {
        let package = json!({
            "name": name,
            "version": "0.1.0",
            "id": name,
            "manifest_path": format!("/repo/crates/{name}/Cargo.toml"),
            "dependencies": [],
            "features": {},
            "targets": [target(name, kind, &format!("/repo/crates/{name}/src/{kind}.rs"))],
        });
        read(package)
    }

    fn target(name: &str, kind: &str, path: &str) -> Value {
        json!({
            "name": name,
            "kind": [kind],
            "crate_types": [kind],
            "src_path": path,
            "test": kind != "bench",
        })
    }

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
        serde_json::from_value(value).expect("it is what cargo prints")
    }

    pub(crate) trait Planting: Sized {
        fn with_bench(self, bench: &str) -> Self;
        fn in_tests_folder(self) -> Self;
        fn unpublished(self) -> Self;
        fn with_features(self, names: &[&str]) -> Self;
        fn with_dependency(self, name: &str, kind: Option<&str>) -> Self;

        fn needs(self, name: &str) -> Self {
            self.with_dependency(name, None)
        }

        fn needs_to_build(self, name: &str) -> Self {
            self.with_dependency(name, Some("build"))
        }

        fn needs_in_tests(self, name: &str) -> Self {
            self.with_dependency(name, Some("dev"))
        }
    }

    impl Planting for Package {
        fn with_bench(mut self, bench: &str) -> Self {
            let path = format!("/repo/crates/{}/benches/{bench}.rs", self.name);
            self.targets.push(read(target(bench, "bench", &path)));
            self
        }

        fn in_tests_folder(mut self) -> Self {
            self.manifest_path = format!("/repo/tests/{}/Cargo.toml", self.name).into();
            self
        }

        fn unpublished(mut self) -> Self {
            self.publish = Some(Vec::new());
            self
        }

        fn with_features(mut self, names: &[&str]) -> Self {
            let features = names.iter().map(|name| ((*name).to_owned(), Vec::new()));
            self.features = features.collect();
            self
        }

        fn with_dependency(mut self, name: &str, kind: Option<&str>) -> Self {
            let kind = kind.unwrap_or("normal");
            self.dependencies.push(read(json!({
                "name": name,
                "req": "*",
                "kind": kind,
                "optional": false,
                "uses_default_features": true,
                "features": [],
            })));
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::planted::{Planting as _, library};
    use super::*;

    #[test]
    fn roots_start_at_the_root_and_a_test_that_is_switched_off_is_none() {
        let mut package = library("hlc").with_bench("b").with_bench("off");
        package.targets[2].kind = vec![TargetKind::Test];
        let workspace = Workspace {
            packages: vec![package],
            root: "/repo".into(),
            target_directory: "/repo/target".into(),
        };
        let roots: Vec<String> = workspace.target_roots().collect();
        assert_eq!(roots, ["crates/hlc/src/lib.rs", "crates/hlc/benches/b.rs"]);
        let sources: Vec<String> = workspace.source_roots().collect();
        assert_eq!(sources, ["crates/hlc/src/lib.rs"]);
    }
}
