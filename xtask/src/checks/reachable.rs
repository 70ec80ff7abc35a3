//! No source file is left out of the build: a test file that no target includes never runs.

use std::collections::BTreeSet;

use crate::repository::Files;
use crate::source::{Tree, join, parent};

/// `.rs` files that no target reaches through `mod` lines. `roots` are those of the workspace.
pub(crate) fn violations(roots: impl Iterator<Item = String>, files: &Files) -> Vec<String> {
    let roots = roots.chain(roots_outside(files));
    let modules = roots.flat_map(|root| Tree::read(&root, files).modules);
    let reached: BTreeSet<String> = modules.map(|module| module.file).collect();
    let sources = files.keys().filter(|path| path.ends_with(".rs"));
    sources
        .filter(|path| !reached.contains(*path))
        .map(|path| format!("{path}: no target includes this file, so it is never built or run"))
        .collect()
}

/// The targets of packages that are outside the workspace, in a folder with a `[workspace]` of its
/// own: cargo says nothing about them here, so only those count that their manifest names.
fn roots_outside(files: &Files) -> impl Iterator<Item = String> {
    let is_outside = |path: &str, text: &str| {
        path.ends_with("/Cargo.toml") && text.lines().any(|line| line.trim() == "[workspace]")
    };
    let outside = files
        .iter()
        .filter(move |(path, text)| is_outside(path, text));
    outside.flat_map(|(path, text)| {
        let targets = text.lines().filter_map(target_path);
        targets.map(|target| join(parent(path), target))
    })
}

/// The source file in `path = "…"`.
fn target_path(line: &str) -> Option<&str> {
    let path = line.trim().strip_prefix("path = \"")?.strip_suffix('"')?;
    path.ends_with(".rs").then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    fn violations_of(files: &[(&str, &str)]) -> Vec<String> {
        let roots = ["x/src/lib.rs", "x/tests/story.rs"].map(str::to_owned);
        violations(roots.into_iter(), &planted(files))
    }

    #[test]
    fn files_that_targets_include_are_clean() {
        let files = [
            ("x/src/lib.rs", "pub mod log;\n#[cfg(test)]\nmod tests {\n}"),
            ("x/src/log.rs", "pub(crate) mod page;"),
            ("x/src/log/page.rs", ""),
            (
                "x/tests/story.rs",
                "mod common;\n#[path = \"../fixture.rs\"]\n#[allow(x)]\nmod other;",
            ),
            ("x/tests/common/mod.rs", "mod seed;"),
            ("x/tests/common/seed.rs", ""),
            ("x/fixture.rs", "mod deep;"),
            ("x/deep.rs", ""),
            ("x/README.md", ""),
        ];
        assert_eq!(violations_of(&files), [""; 0]);
    }

    #[test]
    fn a_test_file_that_is_no_target_is_caught() {
        let files = [
            ("x/tests/story.rs", ""),
            ("x/tests/old/forgotten.rs", "#[test] fn t() {}"),
        ];
        let expected =
            ["x/tests/old/forgotten.rs: no target includes this file, so it is never built or run"];
        assert_eq!(violations_of(&files), expected);
    }

    #[test]
    fn targets_that_a_manifest_outside_the_workspace_names_are_clean() {
        let named = "[[bin]]\nname = \"a\"\npath = \"targets/a.rs\"\n";
        let manifest = format!("{named}[dependencies]\nx = {{ path = \"../x\" }}\n[workspace]\n");
        let files = [
            ("fuzz/Cargo.toml", manifest.as_str()),
            ("fuzz/targets/a.rs", "mod common;"),
            ("fuzz/targets/common.rs", ""),
        ];
        assert_eq!(violations_of(&files), [""; 0]);
        let forgotten = [&files[..], &[("fuzz/targets/b.rs", "")]].concat();
        assert_eq!(
            violations_of(&forgotten),
            ["fuzz/targets/b.rs: no target includes this file, so it is never built or run"]
        );
        // The manifest of a member says nothing that cargo has not said.
        let member = [("fuzz/Cargo.toml", named), ("fuzz/targets/a.rs", "")];
        assert_eq!(violations_of(&member).len(), 1);
    }

    #[test]
    fn a_file_whose_mod_line_is_commented_out_is_caught() {
        let files = [
            ("x/src/lib.rs", "// mod log;\n/// mod log;\nfn f() {}"),
            ("x/src/log.rs", ""),
        ];
        assert_eq!(violations_of(&files).len(), 1);
    }

    #[test]
    fn a_file_that_only_another_forgotten_file_includes_is_caught() {
        let files = [("x/tests/a/b.rs", "mod c;"), ("x/tests/a/b/c.rs", "")];
        assert_eq!(violations_of(&files).len(), 2);
    }
}
