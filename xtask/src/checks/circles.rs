//! No file of a crate's sources depends on itself by way of others.
//!
//! File A depends on file B if A names an item of B, by an import or a path, whether B defines the
//! item where A finds it or a third file re-exports it. `mod` lines, a parent's re-exports of its
//! children, and code that only tests build do not count. Files that depend on each other can only
//! be understood, moved and tested together, so they are one file in the shape of several.

mod names;
mod paths;

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::Files;
use crate::source::Tree;
use names::Names;

/// Which names of which other files a file uses.
type Edges = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Circles in the targets with these root files.
pub(crate) fn violations(roots: impl Iterator<Item = String>, files: &Files) -> Vec<String> {
    let mut violations = Vec::new();
    for root in roots {
        let tree = Tree::read(&root, files);
        let edges = edges(&tree);
        violations.extend(tree.faults);
        for circle in circles(&edges) {
            violations.push(describe(&circle, &edges));
        }
    }
    violations
}

fn edges(tree: &Tree) -> Edges {
    let names = Names::of(tree);
    let mut edges = Edges::new();
    for (index, module) in tree.modules.iter().enumerate() {
        if module.is_test {
            continue;
        }
        for path in paths::used_in(tree, index) {
            for found in names.resolve(index, &path) {
                let file = &tree.modules[found.module].file;
                if *file != module.file && !tree.modules[found.module].is_test {
                    let of = edges.entry(module.file.clone()).or_default();
                    of.entry(file.clone()).or_default().insert(found.name);
                }
            }
        }
    }
    edges
}

/// The sets of two files or more in which each file leads to every other one.
fn circles(edges: &Edges) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> = edges
        .keys()
        .map(|file| (file.as_str(), reached_from(file, edges)))
        .collect();
    let mut circles: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for (file, others) in &reached {
        let returns = |other: &&&str| reached.get(**other).is_some_and(|back| back.contains(file));
        let circle = others
            .iter()
            .filter(returns)
            .map(|other| (*other).to_owned());
        circles.insert(circle.collect());
    }
    circles
        .into_iter()
        .filter(|circle| circle.len() > 1)
        .collect()
}

/// Every file that `file` leads to, over one edge or more.
fn reached_from<'a>(file: &str, edges: &'a Edges) -> BTreeSet<&'a str> {
    let next = |from: &str| edges.get(from).into_iter().flat_map(|to| to.keys());
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = next(file).map(String::as_str).collect();
    while let Some(other) = open.pop() {
        if reached.insert(other) {
            open.extend(next(other).map(String::as_str));
        }
    }
    reached
}

/// The files of a circle, and the names that tie them.
fn describe(circle: &BTreeSet<String>, edges: &Edges) -> String {
    let mut text = format!("{} files depend on each other:", circle.len());
    let within = edges.iter().filter(|(from, _)| circle.contains(*from));
    for (from, to) in within {
        for (file, names) in to.iter().filter(|(file, _)| circle.contains(*file)) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            text.push_str(&format!(
                "\n    {from} names {} of {file}",
                names.join(", ")
            ));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        violations(["src/lib.rs".to_owned()].into_iter(), &planted(files))
    }

    /// What is found in a crate with the files `a` and `b`, and `lib` as its root.
    fn of_two(lib: &str, a: &str, b: &str) -> Vec<String> {
        found(&[("src/lib.rs", lib), ("src/a.rs", a), ("src/b.rs", b)])
    }

    const MODS: &str = "mod a; mod b;";

    #[test]
    fn a_circle_is_named_with_the_names_that_tie_it() {
        let a = "use crate::b::B; pub struct A(B);";
        let b = "pub struct B; fn f() { super::a::A::new(); }";
        let expected = "2 files depend on each other:\n    \
                        src/a.rs names B of src/b.rs\n    src/b.rs names A of src/a.rs";
        assert_eq!(of_two(MODS, a, b), [expected]);
    }

    #[test]
    fn a_circle_is_found_in_every_spelling() {
        let a = "pub struct A; pub fn a() {} pub const N: u8 = 1; use crate::b::B; type T = B;";
        for b in [
            "pub struct B; use crate::a::A; type U = A;",
            "pub struct B; use crate::a::{self, A as Other}; type U = Other;",
            "pub struct B; use super::a; type U = a::A;",
            "pub struct B; use crate::a::*; fn f(_: A) {}",
            "pub struct B; use crate::a; fn f() { a::a() }",
            "pub struct B; fn f() { use crate::a::A; }",
            "pub struct B; fn f() { println!(\"{}\", crate::a::N) }",
            "pub struct B; fn f() { other!(x => crate::a::N) }",
            "pub struct B; mod inner { use super::super::a::A; }",
            "pub struct B; impl From<crate::a::A> for B {}",
        ] {
            assert_eq!(of_two(MODS, a, b).len(), 1, "{b}");
        }
    }

    #[test]
    fn one_direction_and_what_only_tests_build_are_clean() {
        let a = "use crate::b::B; pub struct A(B); pub fn a() { crate::b::b() }";
        for b in [
            "pub struct B;",
            "pub fn b() {} pub fn f(a: u8) -> u8 { a }",
            "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
            "pub struct B; #[cfg(test)] use crate::a::A;",
            "pub struct B; #[cfg(test)] fn f(_: crate::a::A) {}",
            "pub struct B; #[cfg(test)] impl From<crate::a::A> for B {}",
        ] {
            assert_eq!(of_two(MODS, a, b), [""; 0], "{b}");
        }
    }

    #[test]
    fn a_re_export_leads_to_the_file_that_defines_the_item() {
        let lib = "mod a; mod b; pub use a::A; pub use b::*;";
        let a = "pub struct A(crate::B);";
        assert_eq!(of_two(lib, a, "pub struct B(crate::A);").len(), 1);
        assert_eq!(of_two(lib, a, "pub struct B;"), [""; 0]);
    }

    #[test]
    fn a_parent_that_only_re_exports_may_be_used_by_its_child() {
        for (lib, circles) in [
            ("mod a; pub use a::A; pub struct Root;", 0),
            ("mod a; pub use a::A; pub struct Root; fn f(_: A) {}", 1),
            ("pub struct Root; #[cfg(test)] mod a; fn f(_: a::A) {}", 0),
        ] {
            let child = ("src/a.rs", "pub struct A(crate::Root);");
            assert_eq!(found(&[("src/lib.rs", lib), child]).len(), circles, "{lib}");
        }
    }

    #[test]
    fn three_files_make_one_circle_and_others_that_use_it_are_not_in_it() {
        let files = [
            ("src/lib.rs", "mod a; mod b; mod c; mod d;"),
            ("src/a.rs", "pub struct A(crate::b::B);"),
            ("src/b.rs", "pub struct B(crate::c::C);"),
            ("src/c/mod.rs", "pub struct C(crate::a::A);"),
            ("src/d.rs", "pub struct D(crate::a::A);"),
        ];
        let found = found(&files);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("3 files"), "{found:?}");
        assert!(!found[0].contains("src/d.rs"), "{found:?}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let found = of_two(MODS, "pub struct", "");
        assert!(found[0].starts_with("src/a.rs: "), "{found:?}");
    }
}
