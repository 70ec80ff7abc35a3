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

    /// The files that are left out.
    fn left_out(files: &[(&str, &str)]) -> Vec<String> {
        let roots = ["x/src/lib.rs", "x/tests/story.rs"].map(str::to_owned);
        let found = violations(roots.into_iter(), &planted(files)).into_iter();
        found
            .filter_map(|text| Some(text.split_once(": no target")?.0.to_owned()))
            .collect()
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
        assert_eq!(left_out(&files), [""; 0]);
    }

    #[test]
    fn a_file_that_no_target_includes_is_named_and_so_is_what_it_includes() {
        let files = [
            ("x/src/lib.rs", "// mod log;\n/// mod log;\nfn f() {}"),
            ("x/src/log.rs", ""),
            ("x/tests/a/b.rs", "mod c;"),
            ("x/tests/a/b/c.rs", "#[test] fn t() {}"),
        ];
        let expected = ["x/src/log.rs", "x/tests/a/b.rs", "x/tests/a/b/c.rs"];
        assert_eq!(left_out(&files), expected);
    }

    #[test]
    fn outside_the_workspace_the_targets_that_a_manifest_names_count() {
        let named = "[[bin]]\nname = \"a\"\npath = \"targets/a.rs\"\n";
        let manifest = format!("{named}[dependencies]\nx = {{ path = \"../x\" }}\n[workspace]\n");
        let files = [
            ("fuzz/Cargo.toml", manifest.as_str()),
            ("fuzz/targets/a.rs", "mod common;"),
            ("fuzz/targets/common.rs", ""),
            ("fuzz/targets/b.rs", ""),
        ];
        assert_eq!(left_out(&files), ["fuzz/targets/b.rs"]);
        // The manifest of a member says nothing that cargo has not said.
        let member = [("fuzz/Cargo.toml", named), ("fuzz/targets/a.rs", "")];
        assert_eq!(left_out(&member), ["fuzz/targets/a.rs"]);
    }
}
