//! What a document shows is run, and what it calls is there.
//!
//! Rust is a doctest if a crate includes the document in its docs. A call of `sync-log` is run
//! with the sessions of the command if it is in a `console` block after `$`. A call of cargo
//! takes too long to run, so its task, package and target have to exist.

use std::collections::BTreeSet;

use clap::Parser as _;

use super::markdown::{Block, Document, resolve};
use crate::args::Arguments;
use crate::repository::Files;
use crate::workspace::{Package, Workspace};

/// Options of cargo whose value is the name of a target.
const TARGETS: [&str; 4] = ["--test", "--bin", "--bench", "--example"];

/// Examples that nothing runs, and calls of what is not there.
pub(crate) fn violations(workspace: &Workspace, files: &Files) -> Vec<String> {
    let included = included(files);
    let mut violations = Vec::new();
    for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".md")) {
        for block in Document::read(text).blocks {
            let faults = match &*block.language {
                "rust" if !included.contains(path) => {
                    vec!["no crate's docs include this Rust".to_owned()]
                }
                "sh" | "console" => commands(&block, workspace),
                _ => Vec::new(),
            };
            let line = block.line;
            violations.extend(faults.iter().map(|fault| format!("{path}:{line}: {fault}")));
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

/// What is wrong with the commands of a block.
fn commands(block: &Block, workspace: &Workspace) -> Vec<String> {
    let lines = block.text.lines().filter_map(|line| {
        let typed = line.strip_prefix("$ ");
        let words = typed.unwrap_or(line).split_whitespace();
        let is_run = typed.is_some() && block.language == "console";
        let words: Vec<&str> = words.skip_while(|word| word.contains('=')).collect();
        match words[..] {
            ["sync-log", ..] if !is_run => Some(format!("nothing runs `{line}`")),
            ["cargo", "xtask", ..] => unknown_task(&words),
            ["cargo", "run" | "test" | "bench", ref rest @ ..] => unknown_target(workspace, rest),
            _ => None,
        }
    });
    lines.collect()
}

fn unknown_task(words: &[&str]) -> Option<String> {
    let error = Arguments::try_parse_from(&words[1..]).err()?;
    let asks_for_help = !error.use_stderr();
    (!asks_for_help).then(|| format!("`{}` is refused", words.join(" ")))
}

fn unknown_target(workspace: &Workspace, words: &[&str]) -> Option<String> {
    let ours = words.split(|word| *word == "--").next()?;
    let options = || ours.windows(2).map(|pair| (pair[0], pair[1]));
    let named = options().find(|(option, _)| *option == "-p")?.1;
    let mut packages = workspace.packages.iter();
    let Some(package) = packages.find(|package| package.name.as_str() == named) else {
        return Some(format!("there is no package `{named}`"));
    };
    let mut targets = options().filter(|(option, _)| TARGETS.contains(option));
    let (_, missing) = targets.find(|(_, name)| !has_target(package, name))?;
    Some(format!("`{named}` has no target `{missing}`"))
}

fn has_target(package: &Package, name: &str) -> bool {
    package.targets.iter().any(|target| target.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::planted;
    use crate::workspace::planted::library;

    #[test]
    fn what_is_not_there_is_named_and_what_is_there_is_clean() {
        let workspace = Workspace {
            packages: vec![library("log")],
            root: "/repo".into(),
            target_directory: "/repo/target".into(),
        };
        let cases = [
            ("sh", "cargo xtask ci --step tidy", None),
            ("sh", "cargo xtask --help", None),
            ("sh", "UPDATE=1 cargo test -p log --test log -- --any", None),
            ("console", "$ sync-log status library", None),
            (
                "sh",
                "cargo xtask tidy",
                Some("`cargo xtask tidy` is refused"),
            ),
            ("sh", "cargo run -p no", Some("there is no package `no`")),
            (
                "sh",
                "cargo test -p log --test no",
                Some("`log` has no target `no`"),
            ),
            (
                "sh",
                "sync-log status .",
                Some("nothing runs `sync-log status .`"),
            ),
            (
                "rust",
                "let a = 1;",
                Some("no crate's docs include this Rust"),
            ),
        ];
        for (language, text, fault) in cases {
            let document = format!("# Use\n\n```{language}\n{text}\n```\n");
            let files = planted(&[
                ("crates/log/README.md", &document),
                (
                    "crates/log/src/lib.rs",
                    "#![doc = include_str!(\"../GUIDE.md\")]",
                ),
                ("crates/log/GUIDE.md", "```rust\nlet a = 1;\n```\n"),
            ]);
            let named = fault.map(|fault| format!("crates/log/README.md:3: {fault}"));
            assert_eq!(
                violations(&workspace, &files),
                Vec::from_iter(named),
                "{text}"
            );
        }
    }
}
