//! Crates depend on each other only as the drawing in the architecture allows.

use crate::workspace::{Dependency, DependencyKind, Package, PackageExt as _};

/// What a crate may see of the others.
struct Rule {
    name: &'static str,
    normal: &'static [&'static str],
    /// In its tests, beyond `normal`.
    dev: &'static [&'static str],
}

/// The drawing. Backends never see each other, and nobody sees the conformance suite but tests.
const RULES: &[Rule] = &[
    Rule {
        name: "hlc",
        normal: &[],
        dev: &["paired-bench"],
    },
    Rule {
        name: "sync-log-core",
        normal: &["hlc"],
        dev: &[],
    },
    Rule {
        name: "sync-log-memory",
        normal: &["hlc", "sync-log-core"],
        dev: &["sync-log-conformance"],
    },
    Rule {
        name: "sync-log-sqlite",
        normal: &["hlc", "sync-log-core"],
        dev: &["paired-bench", "sync-log-conformance"],
    },
    Rule {
        name: "sync-log-conformance",
        normal: &["hlc", "sync-log-core"],
        dev: &[],
    },
    Rule {
        name: "sync-log-cli",
        normal: &["hlc", "sync-log-core", "sync-log-memory", "sync-log-sqlite"],
        dev: &[],
    },
    Rule {
        name: "xtask",
        normal: &["paired-bench"],
        dev: &[],
    },
];

/// Dependencies between our crates that the drawing does not have, and crates that it lacks.
pub(crate) fn between_crates(packages: &[Package]) -> Vec<String> {
    let tested = packages
        .iter()
        .filter(|package| !package.is_cross_crate_test());
    tested
        .flat_map(|package| of_crate(package, packages))
        .collect()
}

fn of_crate(package: &Package, packages: &[Package]) -> Vec<String> {
    let Some(rule) = RULES.iter().find(|rule| rule.name == package.name.as_str()) else {
        return vec![format!(
            "`{}` has no rule: say in {} which of our crates it may depend on",
            package.name,
            file!()
        )];
    };
    let ours =
        |dependency: &&Dependency| packages.iter().any(|p| p.name.as_str() == dependency.name);
    let dependencies = package.dependencies.iter().filter(ours);
    dependencies
        .filter(|dependency| !rule.allows(dependency))
        .map(|dependency| {
            let how = if is_dev(dependency) {
                "in its tests"
            } else {
                "at all"
            };
            format!(
                "`{}` must not depend on `{}` {how}",
                package.name, dependency.name
            )
        })
        .collect()
}

impl Rule {
    fn allows(&self, dependency: &Dependency) -> bool {
        let name = dependency.name.as_str();
        self.normal.contains(&name) || (is_dev(dependency) && self.dev.contains(&name))
    }
}

/// The one published library that brings the database layer to its users.
const DATABASE_LIBRARY: &str = "sync-log-sqlite";

/// Whether the database layer is a dependency of exactly one published library.
pub(crate) fn of_the_database(packages: &[Package]) -> Vec<String> {
    let published = packages
        .iter()
        .filter(|p| p.is_library() && p.is_published());
    let users = published.filter(|package| uses_database(package));
    let users: Vec<&str> = users.map(|package| package.name.as_str()).collect();
    if users == [DATABASE_LIBRARY] {
        return Vec::new();
    }
    vec![format!(
        "sea-orm must be a dependency of the published library `{DATABASE_LIBRARY}` alone, \
         but is one of {users:?}"
    )]
}

/// A dev-dependency does not reach users; a build dependency does.
fn is_dev(dependency: &Dependency) -> bool {
    dependency.kind == DependencyKind::Development
}

fn uses_database(package: &Package) -> bool {
    let shipped = package
        .dependencies
        .iter()
        .filter(|dependency| !is_dev(dependency));
    shipped
        .into_iter()
        .any(|dependency| dependency.name.starts_with("sea-orm"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::planted::{Planting as _, library, program};

    /// The crates as they are drawn, with one of them replaced or added.
    fn with(planted: Package) -> Vec<Package> {
        let mut packages = vec![
            library("hlc").needs("uuid"),
            library("sync-log-core").needs("hlc"),
            library("sync-log-memory").needs_in_tests("sync-log-conformance"),
            library("sync-log-conformance").unpublished(),
            library("sync-log-sqlite").needs("sea-orm"),
            program("sync-log-cli").needs("sync-log-sqlite"),
            program("xtask").needs("clap").unpublished(),
        ];
        packages.retain(|package| package.name != planted.name);
        packages.push(planted);
        packages
    }

    #[test]
    fn what_is_drawn_is_clean() {
        for planted in [
            library("hlc"),
            library("stories")
                .needs("hlc")
                .in_tests_folder()
                .unpublished(),
            library("sync-log-memory").needs_in_tests("sea-orm"),
            library("stories")
                .needs("sea-orm")
                .in_tests_folder()
                .unpublished(),
        ] {
            let packages = with(planted);
            assert_eq!(between_crates(&packages), [""; 0]);
            assert_eq!(of_the_database(&packages), [""; 0]);
        }
    }

    #[test]
    fn a_dependency_that_is_not_drawn_is_named() {
        let cases = [
            (library("hlc").needs("sync-log-core"), "at all"),
            (
                library("sync-log-memory").needs("sync-log-sqlite"),
                "at all",
            ),
            (
                library("sync-log-memory").needs_in_tests("sync-log-sqlite"),
                "in its tests",
            ),
            (
                library("sync-log-memory").needs_to_build("sync-log-sqlite"),
                "at all",
            ),
            (
                library("sync-log-core").needs_in_tests("sync-log-memory"),
                "in its tests",
            ),
            (
                library("sync-log-memory").needs("sync-log-conformance"),
                "at all",
            ),
            (program("xtask").needs("hlc"), "at all"),
        ];
        for (planted, how) in cases {
            let (name, dependency) = (planted.name.clone(), planted.dependencies[0].name.clone());
            let expected = format!("`{name}` must not depend on `{dependency}` {how}");
            assert_eq!(between_crates(&with(planted)), [expected]);
        }
    }

    #[test]
    fn a_crate_that_is_not_drawn_is_caught() {
        for planted in [
            library("sync-log-protocol"),
            library("stories").in_tests_folder(),
        ] {
            assert_eq!(between_crates(&with(planted)).len(), 1);
        }
    }

    #[test]
    fn a_second_published_library_with_the_database_and_none_are_caught() {
        for planted in [
            library("sync-log-memory").needs("sea-orm"),
            library("sync-log-memory").needs("sea-orm-migration"),
            library("sync-log-sqlite"),
        ] {
            assert_eq!(of_the_database(&with(planted)).len(), 1);
        }
    }
}
