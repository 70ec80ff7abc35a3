//! A page shows a whole program as it is in its example file.
//!
//! A code host shows a page as it is written, so a page holds the text of its programs. The
//! comment above a block names the file, and a block that differs from its file fails here. To
//! renew the blocks: `UPDATE_README=1 cargo test -p broken-stores --test book`.

// Everything here is test code: a panic is how a test fails.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

const BEGIN: &str = "<!-- program: ";
const FENCE: &str = "```";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every document at the root, in `docs` and in `crates`.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![root().join("docs"), root().join("crates")];
    let at_the_root = fs::read_dir(root()).unwrap();
    left.extend(
        at_the_root
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file()),
    );
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// The page with each program as its file has it, and how many programs there are.
fn with_programs(page: &str, read: impl Fn(&str) -> String) -> (String, usize) {
    let mut lines = page.lines();
    let mut text = String::new();
    let mut programs = 0;
    while let Some(line) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let Some(comment) = line.strip_prefix(BEGIN) else {
            continue;
        };
        let file = comment.trim_end_matches(" -->");
        programs += 1;
        let opening = lines.by_ref().next().unwrap_or_default();
        assert!(opening.starts_with(FENCE), "no program after: {line}");
        assert!(lines.any(|end| end == FENCE), "no end after: {line}");
        text.push_str(&format!("{opening}\n{}{FENCE}\n", read(file)));
    }
    (text, programs)
}

#[test]
fn every_page_shows_its_programs_as_they_are_in_their_files() {
    let mut programs = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let (expected, count) =
            with_programs(&text, |file| fs::read_to_string(root().join(file)).unwrap());
        programs += count;
        if std::env::var_os("UPDATE_README").is_some() && text != expected {
            fs::write(&page, &expected).unwrap();
        }
        let is_stale = fs::read_to_string(&page).unwrap() != expected;
        assert!(!is_stale, "{} shows an old program", page.display());
    }
    assert!(programs >= 2, "found {programs} programs");
}

/// A code host would show the directive, not the file.
#[test]
fn no_page_leaves_an_include_to_the_book() {
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        assert!(!text.contains("{{#"), "{}", page.display());
    }
}

#[test]
fn a_program_that_differs_from_its_file_is_noticed() {
    let page = "a\n<!-- program: x.rs -->\n```rs\nold\n```\nb\n";
    let (renewed, programs) = with_programs(page, |file| format!("new {file}\n"));
    let expected = "a\n<!-- program: x.rs -->\n```rs\nnew x.rs\n```\nb\n";
    assert_eq!((renewed.as_str(), programs), (expected, 1));
}
