//! What a document tells to run can be run.
//!
//! Rust is a doctest: its document is included in the docs of a crate. `$ sync-log …` in a
//! `console` block is run by the CLI's sessions, which look where [`SESSIONS`] says. All other
//! commands are long, or change the machine: of those, everything that they name has to exist.

use std::collections::BTreeSet;

use clap::Parser;

use super::markdown::{Block, Document, resolve};
use crate::Arguments;
use crate::repository::Files;
use crate::workspace::{Package, Workspace};

/// Where `tests/sessions.rs` of the CLI finds documents.
const SESSIONS: [&str; 3] = ["README.md", "docs/", "crates/"];

/// Options of cargo whose value is the name of a target.
const TARGETS: [&str; 4] = ["--test", "--bin", "--bench", "--example"];

/// Examples that nothing runs, or that name what is not there.
pub(crate) fn violations(workspace: &Workspace, files: &Files) -> Vec<String> {
    let included = included(files);
    let mut violations = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        for block in Document::read(text).blocks {
            let place = format!("{path}:{}", block.line);
            match &*block.language {
                "rust" if !included.contains(path) => {
                    violations.push(format!("{place}: no crate's docs include this Rust"));
                }
                "sh" | "console" => {
                    let unrun = commands(&block).filter(|line| !is_run(path, &block, line));
                    let faults = unrun.filter_map(|it| fault(it, workspace, files));
                    violations.extend(faults.map(|fault| format!("{place}: {fault}")));
                }
                _ => {}
            }
        }
    }
    violations
}

/// The documents that are part of a crate's docs, where their Rust is tested.
fn included(files: &Files) -> BTreeSet<String> {
    let sources = files.iter().filter(|(path, _)| path.ends_with(".rs"));
    let found = sources.flat_map(|(path, text)| {
        let calls = text.split("doc = include_str!(\"").skip(1);
        let targets = calls.filter_map(|rest| Some(rest.split_once('"')?.0));
        targets.filter_map(|target| resolve(path, target))
    });
    found.collect()
}

/// The lines that are commands; what they print is not.
fn commands(block: &Block) -> impl Iterator<Item = &str> {
    let is_session = block.text.lines().any(|line| line.starts_with("$ "));
    let lines = block.text.lines().filter(|line| !line.trim().is_empty());
    lines.filter(move |line| !is_session || line.starts_with("$ "))
}

fn is_run(path: &str, block: &Block, command: &str) -> bool {
    let is_found = SESSIONS.iter().any(|place| path.starts_with(place));
    is_found && block.language == "console" && command.starts_with("$ sync-log ")
}

fn fault(command: &str, workspace: &Workspace, files: &Files) -> Option<String> {
    let words = command.trim_start_matches("$ ").split_whitespace();
    let words: Vec<&str> = words.skip_while(|word| word.contains('=')).collect();
    match words[..] {
        ["cargo", "xtask", ..] => unknown_task(&words),
        ["cargo", "install", "--path", folder] => no_package_in(folder, files),
        ["cargo", "add", "--path", folder] => match folder.find("crates/") {
            Some(start) => no_package_in(&folder[start..], files),
            None => Some(format!("`{folder}` is no folder in `crates` of a clone")),
        },
        ["cargo", "add", ref names @ ..] => names.iter().find_map(|name| {
            let published = package(workspace, name).is_some_and(Package::is_published);
            (!published).then(|| format!("`{name}` is not published"))
        }),
        ["cargo", "+nightly", "fuzz", "run" | "tmin", target, ..] => {
            let source = format!("fuzz/fuzz_targets/{target}.rs");
            (!files.contains_key(&source)).then(|| format!("there is no {source}"))
        }
        ["cargo", "+nightly", "fuzz", "list"] | ["mkdir", "-p", _] => None,
        ["cargo", "run" | "test" | "bench", ref rest @ ..] => unknown_target(workspace, rest),
        _ => Some(format!("nothing runs or checks `{command}`")),
    }
}

fn no_package_in(folder: &str, files: &Files) -> Option<String> {
    let manifest = format!("{folder}/Cargo.toml");
    (!files.contains_key(&manifest)).then(|| format!("there is no {manifest}"))
}

fn unknown_task(words: &[&str]) -> Option<String> {
    let error = Arguments::try_parse_from(&words[1..]).err()?;
    let asks_for_help = !error.use_stderr();
    (!asks_for_help).then(|| format!("`{}` is refused", words.join(" ")))
}

fn unknown_target(workspace: &Workspace, words: &[&str]) -> Option<String> {
    let ours = words.split(|word| *word == "--").next()?;
    let mut within = None;
    for pair in ours.windows(2) {
        let [option, name] = pair else { continue };
        if *option == "-p" {
            within = package(workspace, name);
            if within.is_none() {
                return Some(format!("there is no package `{name}`"));
            }
        }
    }
    let named = ours.windows(2).filter(|pair| TARGETS.contains(&pair[0]));
    let mut names = named.map(|pair| pair[1]);
    names.find_map(|name| {
        let there = within.is_some_and(|package| package.has_target(name));
        (!there).then(|| format!("`-p` names no package with a target `{name}`"))
    })
}

fn package<'a>(workspace: &'a Workspace, name: &str) -> Option<&'a Package> {
    workspace.packages.iter().find(|it| it.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;

    fn found(language: &str, text: &str) -> Vec<String> {
        let workspace = Workspace {
            packages: vec![
                Package::library("log"),
                Package::library("own").unpublished(),
            ],
            root: "/repo".into(),
            target_directory: "/repo/target".into(),
        };
        let document = format!("# Use\n\n```{language}\n{text}\n```\n");
        let files = planted(&[
            ("crates/log/README.md", &document),
            ("docs/a.md", "```text\nany thing\n```\n"),
            ("fuzz/fuzz_targets/text.rs", ""),
            (
                "crates/log/src/lib.rs",
                "#![doc = include_str!(\"../GUIDE.md\")]",
            ),
            ("crates/log/GUIDE.md", "```rust\nlet a = 1;\n```\n"),
            ("crates/log/Cargo.toml", ""),
        ]);
        violations(&workspace, &files)
    }

    #[test]
    fn what_exists_is_clean() {
        let clean = [
            "cargo xtask ci --step tidy",
            "cargo xtask --help",
            "cargo add log",
            "cargo add --path crates/log",
            "cargo add --path ../clone/crates/log",
            "cargo install --path crates/log",
            "UPDATE=1 cargo test -p log --test log -- --anything",
            "cargo run --release -p log -- demo",
            "mkdir -p fuzz/corpus/text\ncargo +nightly fuzz run text fuzz/corpus/text",
            "$ cargo add log\nprints this",
        ];
        for text in clean {
            assert_eq!(found("sh", text), [""; 0], "{text}");
        }
        assert_eq!(found("console", "$ sync-log status library"), [""; 0]);
    }

    #[test]
    fn what_does_not_is_named() {
        let cases = [
            ("cargo xtask tidy", "`cargo xtask tidy` is refused"),
            (
                "cargo xtask ci --step no",
                "`cargo xtask ci --step no` is refused",
            ),
            ("cargo add log other", "`other` is not published"),
            ("cargo install --path no", "there is no no/Cargo.toml"),
            ("cargo add own", "`own` is not published"),
            (
                "cargo add --path ../clone/crates/no",
                "there is no crates/no/Cargo.toml",
            ),
            (
                "cargo add --path ../clone",
                "`../clone` is no folder in `crates` of a clone",
            ),
            ("cargo run -p other", "there is no package `other`"),
            (
                "cargo test -p log --test no",
                "`-p` names no package with a target `no`",
            ),
            (
                "cargo +nightly fuzz run no",
                "there is no fuzz/fuzz_targets/no.rs",
            ),
            ("rm -r target", "nothing runs or checks `rm -r target`"),
            (
                "sync-log status .",
                "nothing runs or checks `sync-log status .`",
            ),
        ];
        for (text, fault) in cases {
            let expected = [format!("crates/log/README.md:3: {fault}")];
            assert_eq!(found("sh", text), expected);
        }
        let expected = ["crates/log/README.md:3: no crate's docs include this Rust"];
        assert_eq!(found("rust", "let a = 1;"), expected);
    }
}
