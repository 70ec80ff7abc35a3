//! What it costs to depend on the libraries: crates that come along, and the time of a build.

mod tree;

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::machine;
use crate::table;
use crate::workspace::{Package, Workspace};
use tree::Tree;

const PAGE: &str = "docs/cost.md";

/// What is published for others to depend on, cheapest first. The conformance suite is for tests.
const LIBRARIES: [&str; 4] = ["hlc", "sync-log-core", "sync-log-memory", "sync-log-sqlite"];

const TITLE: &str = "\
# What it costs to depend on these crates

`cargo xtask cost` measured this and wrote this page. Crates are those that are compiled
for a program that depends on nothing else, with default features: also those that
build scripts and macros need, and ours. The build is one in release from an empty
target, after everything was downloaded.
";

const SHARES: &str = "
A dependency *brings* itself and what it needs; *alone* is what would not be compiled
without it, because nothing else needs that.
";

/// A library and what it costs.
struct Cost<'a> {
    library: &'a str,
    tree: Tree,
    build: Duration,
}

/// Measures each library, prints the page and writes it.
///
/// # Errors
/// When one of them cannot be built.
pub(crate) fn run() -> Result<()> {
    let shell = Shell::new()?;
    let workspace = Workspace::read(&shell)?;
    shell.change_dir(&workspace.root);
    let forgotten = forgotten(&workspace.packages);
    if !forgotten.is_empty() {
        bail!("nobody measures what {} costs", forgotten.join(", "));
    }
    cmd!(shell, "cargo fetch").run()?;
    let costs = LIBRARIES.map(|library| measure(&shell, &workspace, library));
    let costs: Vec<Cost<'_>> = costs.into_iter().collect::<Result<_>>()?;
    let page = page(&costs, &machine::sentence(&shell)?);
    io::stdout().write_all(page.as_bytes())?;
    Ok(shell.write_file(PAGE, page)?)
}

/// Libraries to publish that are not measured.
fn forgotten(packages: &[Package]) -> Vec<&str> {
    let libraries = packages
        .iter()
        .filter(|package| package.is_library() && package.is_published());
    let names = libraries.map(|package| package.name.as_str());
    names
        .filter(|name| !LIBRARIES.contains(name) && *name != "sync-log-conformance")
        .collect()
}

fn measure<'a>(shell: &Shell, workspace: &Workspace, library: &'a str) -> Result<Cost<'a>> {
    let tree = ["-e", "normal,build", "--prefix", "depth"];
    let tree = cmd!(shell, "cargo tree -p {library} {tree...}").quiet();
    let tree = Tree::parse(&tree.read()?);
    let target = workspace.target_directory.join("cost");
    shell.remove_path(&target)?;
    let build = cmd!(
        shell,
        "cargo build --release -p {library} --target-dir {target}"
    );
    let start = Instant::now();
    build.run()?;
    let build = start.elapsed();
    shell.remove_path(&target)?;
    Ok(Cost {
        library,
        tree,
        build,
    })
}

fn page(costs: &[Cost<'_>], machine: &str) -> String {
    let lines: Vec<_> = costs.iter().map(line).collect();
    let header = ["crate", "crates compiled:", "build:"];
    let mut page = [TITLE, "\n", machine, "\n\n"].concat();
    page += &table::markdown(&header, &lines);
    page += "\n## What brings them\n";
    page += SHARES;
    for cost in costs {
        page += &format!("\n`{}`:\n\n", cost.library);
        page += &shares(&cost.tree);
    }
    page
}

fn line(cost: &Cost<'_>) -> Vec<String> {
    vec![
        format!("`{}`", cost.library),
        (cost.tree.len() + 1).to_string(),
        format!("{:.1} s", cost.build.as_secs_f64()),
    ]
}

fn shares(tree: &Tree) -> String {
    let shares = tree.shares().into_iter();
    let lines: Vec<_> = shares
        .map(|share| {
            vec![
                format!("`{}`", share.name),
                share.brings.to_string(),
                share.alone.to_string(),
            ]
        })
        .collect();
    table::markdown(&["dependency", "brings:", "alone:"], &lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_line_per_library_and_one_per_dependency() {
        let cost = Cost {
            library: "hlc",
            tree: Tree::parse("0hlc v0.1.0 (/repo)\n1uuid v1.29.3\n"),
            build: Duration::from_millis(1250),
        };
        let page = page(&[cost], "Measured on 2 cores.");
        assert!(
            page.contains("| `hlc` |               2 | 1.2 s |"),
            "{page}"
        );
        assert!(page.contains("| `uuid`     |      1 |     1 |"), "{page}");
    }

    #[test]
    fn a_new_library_is_not_forgotten() {
        let packages = [
            Package::library("hlc"),
            Package::library("sync-log-protocol"),
            Package::library("paired-bench").unpublished(),
            Package::program("sync-log-cli"),
        ];
        assert_eq!(forgotten(&packages), ["sync-log-protocol"]);
    }
}
