//! The workspace as `cargo metadata` tells it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use xshell::{Shell, cmd};

/// The members of the workspace and where it lives.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    pub(crate) target_directory: PathBuf,
}

/// A member of the workspace.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) targets: Vec<Target>,
    manifest_path: PathBuf,
    /// The registries it may go to: `None` any, empty none.
    publish: Option<Vec<String>>,
    features: BTreeMap<String, Vec<String>>,
}

/// A dependency as a manifest declares it, optional or not.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for a normal one, else `dev` or `build`.
    kind: Option<String>,
}

/// A library, program, test, bench, example or build script of a package.
#[derive(Debug, Deserialize)]
pub(crate) struct Target {
    name: String,
    pub(crate) kind: Vec<String>,
    src_path: PathBuf,
    /// Whether `cargo test` runs it.
    test: bool,
}

impl Workspace {
    /// Asks cargo. Only the members: resolving the rest would need the registry's index.
    pub(crate) fn read(shell: &Shell) -> Result<Self> {
        let json = cmd!(shell, "cargo metadata --no-deps --format-version 1")
            .quiet()
            .read()?;
        serde_json::from_str(&json).context("failed to read the answer of cargo metadata")
    }

    /// The manifest of every member, from the root of the workspace.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = String> {
        let paths = self.packages.iter().map(|package| &package.manifest_path);
        paths.map(|path| self.relative(path))
    }

    /// The root file of every target that is built and, if it is a test, run.
    pub(crate) fn target_roots(&self) -> impl Iterator<Item = String> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        let live = targets.filter(|target| target.is_live());
        live.map(|target| self.relative(&target.src_path))
    }

    /// The root file of every library and program.
    pub(crate) fn source_roots(&self) -> impl Iterator<Item = String> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        let shipped = targets.filter(|target| {
            let mut kinds = target.kind.iter();
            kinds.any(|kind| kind == "lib" || kind == "bin")
        });
        shipped.map(|target| self.relative(&target.src_path))
    }

    fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        path.to_string_lossy().replace('\\', "/")
    }
}

impl Package {
    pub(crate) fn is_published(&self) -> bool {
        self.publish
            .as_ref()
            .is_none_or(|registries| !registries.is_empty())
    }

    /// The name of its package without the `.crate`, and of the folder inside.
    pub(crate) fn file_stem(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }

    pub(crate) fn is_library(&self) -> bool {
        self.targets
            .iter()
            .any(|target| target.kind.iter().any(|kind| kind == "lib"))
    }

    pub(crate) fn has_target(&self, name: &str) -> bool {
        self.targets.iter().any(|target| target.name == name)
    }

    /// The names of its benches.
    pub(crate) fn benches(&self) -> impl Iterator<Item = &str> {
        self.targets_of("bench")
    }

    /// The names of its examples.
    pub(crate) fn examples(&self) -> impl Iterator<Item = &str> {
        self.targets_of("example")
    }

    fn targets_of(&self, wanted: &str) -> impl Iterator<Item = &str> {
        let is_wanted = move |target: &&Target| target.kind.iter().any(|kind| kind == wanted);
        let found = self.targets.iter().filter(is_wanted);
        found.map(|target| target.name.as_str())
    }

    pub(crate) fn has_benches(&self) -> bool {
        self.benches().next().is_some()
    }

    /// Whether it is one of the packages in the `tests` folder, which may see every crate.
    pub(crate) fn is_cross_crate_test(&self) -> bool {
        let folder = self.manifest_path.parent().and_then(Path::parent);
        folder.is_some_and(|folder| folder.ends_with("tests")) && !self.is_published()
    }

    /// The features that select something, so without `default`.
    pub(crate) fn features(&self) -> impl Iterator<Item = &str> {
        let names = self.features.keys().map(String::as_str);
        names.filter(|name| *name != "default")
    }
}

impl Dependency {
    /// A dev-dependency does not reach users; a build dependency does.
    pub(crate) fn is_dev(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

impl Target {
    fn is_live(&self) -> bool {
        self.test || self.kind.iter().all(|kind| kind != "test")
    }
}

/// Packages made up for tests of the checks.
#[cfg(test)]
mod planted {
    use super::*;

    impl Package {
        pub(crate) fn library(name: &str) -> Self {
            Self::with_target(name, "lib")
        }

        pub(crate) fn program(name: &str) -> Self {
            Self::with_target(name, "bin")
        }

        pub(crate) fn with_bench(mut self, bench: &str) -> Self {
            self.targets.push(Target {
                name: bench.to_owned(),
                kind: vec!["bench".to_owned()],
                src_path: format!("/repo/crates/{}/benches/{bench}.rs", self.name).into(),
                test: false,
            });
            self
        }

        fn with_target(name: &str, kind: &str) -> Self {
            let target = Target {
                name: name.to_owned(),
                kind: vec![kind.to_owned()],
                src_path: format!("/repo/crates/{name}/src/{kind}.rs").into(),
                test: true,
            };
            Self {
                name: name.to_owned(),
                version: "0.1.0".to_owned(),
                targets: vec![target],
                manifest_path: format!("/repo/crates/{name}/Cargo.toml").into(),
                ..Self::default()
            }
        }

        pub(crate) fn in_tests_folder(mut self) -> Self {
            self.manifest_path = format!("/repo/tests/{}/Cargo.toml", self.name).into();
            self
        }

        pub(crate) fn unpublished(mut self) -> Self {
            self.publish = Some(Vec::new());
            self
        }

        pub(crate) fn with_features(mut self, names: &[&str]) -> Self {
            let features = names.iter().map(|name| ((*name).to_owned(), Vec::new()));
            self.features = features.collect();
            self
        }

        pub(crate) fn needs(self, name: &str) -> Self {
            self.with_dependency(name, None)
        }

        pub(crate) fn needs_to_build(self, name: &str) -> Self {
            self.with_dependency(name, Some("build"))
        }

        pub(crate) fn needs_in_tests(self, name: &str) -> Self {
            self.with_dependency(name, Some("dev"))
        }

        fn with_dependency(mut self, name: &str, kind: Option<&str>) -> Self {
            self.dependencies.push(Dependency {
                name: name.to_owned(),
                kind: kind.map(str::to_owned),
            });
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/repo",
        "target_directory": "/repo/target",
        "packages": [{
            "name": "hlc",
            "version": "0.1.0",
            "manifest_path": "/repo/crates/hlc/Cargo.toml",
            "publish": null,
            "features": { "default": ["std"], "std": [] },
            "dependencies": [
                { "name": "uuid", "kind": null },
                { "name": "proptest", "kind": "dev" }
            ],
            "targets": [
                { "name": "hlc", "kind": ["lib"], "src_path": "/repo/crates/hlc/src/lib.rs", "test": true },
                { "name": "b", "kind": ["bench"], "src_path": "/repo/crates/hlc/benches/b.rs", "test": false },
                { "name": "off", "kind": ["test"], "src_path": "/repo/crates/hlc/tests/off.rs", "test": false }
            ]
        }]
    }"#;

    fn workspace() -> Workspace {
        serde_json::from_str(METADATA).expect("the sample is what cargo prints")
    }

    #[test]
    fn metadata_is_read() {
        let hlc = &workspace().packages[0];
        assert!(hlc.is_published() && hlc.is_library());
        assert_eq!(hlc.features().collect::<Vec<_>>(), ["std"]);
        assert_eq!(hlc.benches().collect::<Vec<_>>(), ["b"]);
        let dev: Vec<bool> = hlc.dependencies.iter().map(Dependency::is_dev).collect();
        assert_eq!(dev, [false, true]);
    }

    #[test]
    fn paths_start_at_the_root() {
        let manifests: Vec<String> = workspace().manifests().collect();
        assert_eq!(manifests, ["crates/hlc/Cargo.toml"]);
    }

    #[test]
    fn a_test_target_that_is_switched_off_is_no_root() {
        let roots: Vec<String> = workspace().target_roots().collect();
        assert_eq!(roots, ["crates/hlc/src/lib.rs", "crates/hlc/benches/b.rs"]);
    }
}
