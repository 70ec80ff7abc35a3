//! No source file is left out of the build: a test file that no target includes never runs.

use std::collections::BTreeSet;

use crate::repository::Files;

/// `.rs` files that no target reaches through `mod` lines. `roots` are those of the workspace.
pub(crate) fn violations(roots: impl Iterator<Item = String>, files: &Files) -> Vec<String> {
    let mut reached = BTreeSet::new();
    let roots = roots.chain(roots_outside(files));
    let mut open: Vec<Module> = roots.map(Module::owning_its_folder).collect();
    while let Some(module) = open.pop() {
        let Some(text) = files.get(&module.path) else {
            continue;
        };
        let children = module.children(text);
        if reached.insert(module.path) {
            open.extend(children);
        }
    }
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

/// A source file and where the files of its submodules are.
struct Module {
    path: String,
    folder: String,
}

impl Module {
    /// The root of a target, a `mod.rs`, or a file named by a `path` attribute: its submodules
    /// are beside it.
    fn owning_its_folder(path: String) -> Self {
        let folder = parent(&path).to_owned();
        Self { path, folder }
    }

    /// Any other file: its submodules are in the folder that is called like it.
    fn beside_its_folder(path: String) -> Self {
        let folder = path.trim_end_matches(".rs").to_owned();
        Self { path, folder }
    }

    /// Every file that could be meant by the `mod` lines in `text`; most of them do not exist.
    fn children(&self, text: &str) -> Vec<Self> {
        let mut children = Vec::new();
        let mut named = None;
        for line in text.lines().map(str::trim) {
            if let Some(path) = path_attribute(line) {
                named = Some(join(parent(&self.path), path));
            } else if let Some(name) = declared_module(line) {
                match named.take() {
                    Some(path) => children.push(Self::owning_its_folder(path)),
                    None => children.extend(self.submodule(name)),
                }
            }
        }
        children
    }

    fn submodule(&self, name: &str) -> [Self; 2] {
        [
            Self::beside_its_folder(join(&self.folder, &format!("{name}.rs"))),
            Self::owning_its_folder(join(&self.folder, &format!("{name}/mod.rs"))),
        ]
    }
}

/// The `name` in `mod name;`, with or without a visibility.
fn declared_module(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("mod ")?;
    let visible = before.is_empty() || before.starts_with("pub") || before.starts_with("#[");
    let (name, _) = rest.split_once(';')?;
    (visible && !name.contains(' ')).then_some(name)
}

/// The path in `#[path = "…"]`.
fn path_attribute(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("#[path = \"")?;
    rest.split_once('"').map(|(path, _)| path)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// `folder/path` with every `..` resolved.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
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
            ("x/src/lib.rs", "// mod log;\n/// mod log;"),
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
