//! Measures the targets, and writes down what came of them.
//!
//! - [`row`] is what the benches report, [`history`] what the demo adds to it.
//! - [`targets`] is what has to be reached, [`verdict`] says whether it is.
//! - [`page`] and [`pictures`] tell it.

mod history;
mod page;
mod pictures;
mod row;
mod targets;
mod verdict;

use std::io::{self, Write as _};

use anyhow::{Result, bail};
use cargo_metadata::TargetKind;
use clap::Args;
use xshell::{Shell, cmd};

use crate::machine;
use crate::scope::ALL;
use crate::workspace::{Package, PackageExt as _, Workspace};
use history::History;
use paired_bench::Row;
use targets::{EXCUSES, Expected, TARGETS, Target};
use verdict::{Outcome, Question, Verdict};

/// Where a whole run writes.
const PAGE: &str = "docs/benchmarks.md";
const PICTURES: &str = "docs/pictures";

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// Take few samples at small sizes, only to see that everything is reported; writes nothing
    #[arg(long)]
    quick: bool,
    /// Measure only the rows whose id has this text; writes nothing
    #[arg(long, value_name = "ID")]
    only: Option<String>,
}

/// Runs the benches and the demo, prints the table, and after a whole run writes the page and
/// its pictures.
///
/// # Errors
/// When a target is not met and not excused, or nobody reported it.
pub(crate) fn run(shell: &Shell, workspace: &Workspace, args: &BenchArgs) -> Result<()> {
    let mut rows = run_benches(shell, workspace, args)?;
    let history = replay(shell, args)?;
    let lengths = history.iter().flat_map(History::rows);
    rows.extend(lengths.filter(|row| args.wants(&row.id)));

    let outcomes = judge_all(&rows, args);
    if args.quick {
        writeln!(
            io::stdout(),
            "times of a quick run mean nothing; it is about what is reported"
        )?;
    } else {
        write!(io::stdout(), "\n{}", page::summary(&rows, &outcomes))?;
    }
    if let Some(history) = history.filter(|_| args.is_whole()) {
        let machine = machine::sentence(shell)?;
        shell.write_file(PAGE, page::page(&rows, &outcomes, &machine))?;
        pictures::write(&workspace.root.join(PICTURES), &rows, &history)?;
    }
    match faults(&outcomes, shell) {
        faults if faults.is_empty() => Ok(()),
        faults => bail!("found {}:\n  {}", faults.len(), faults.join("\n  ")),
    }
}

impl BenchArgs {
    /// What `ci` runs.
    pub(crate) fn quick() -> Self {
        Self {
            quick: true,
            only: None,
        }
    }

    fn is_whole(&self) -> bool {
        !self.quick && self.only.is_none()
    }

    fn wants(&self, id: &str) -> bool {
        self.only.as_ref().is_none_or(|only| id.contains(only))
    }
}

/// Runs every bench of the workspace and reads what they reported.
fn run_benches(shell: &Shell, workspace: &Workspace, args: &BenchArgs) -> Result<Vec<Row>> {
    let results = workspace.target_directory.join("bench-results.ndjson");
    shell.write_file(&results, "")?;
    let _results = shell.push_env("BENCH_RESULTS", &results);
    for selection in selections(&workspace.packages, args.quick) {
        let quick = args.quick.then_some("--quick");
        let only = args.only.iter().flat_map(|id| ["--only", id]);
        cmd!(shell, "cargo bench {selection...} -- {quick...} {only...}").run()?;
    }
    row::parse(&shell.read_file(&results)?)
}

/// What to pass to each call of cargo. A whole run builds each package by itself, as its users
/// do. A quick run is about no times, so it takes what `cargo test` has built.
fn selections(packages: &[Package], quick: bool) -> Vec<Vec<&str>> {
    let with_benches = packages
        .iter()
        .filter(|package| !benches(package).is_empty());
    if !quick {
        return with_benches.map(alone).collect();
    }
    let profile = ["--profile", "dev"].iter();
    let built = profile.chain(ALL).chain(&["--all-features"]).copied();
    vec![built.chain(with_benches.flat_map(benches)).collect()]
}

fn alone(package: &Package) -> Vec<&str> {
    let name = ["-p", package.name.as_str()];
    name.into_iter().chain(benches(package)).collect()
}

/// By name: else cargo would also run the unit tests, which know no option of a bench.
fn benches(package: &Package) -> Vec<&str> {
    let names = package.names_of(TargetKind::Bench);
    names.flat_map(|bench| ["--bench", bench]).collect()
}

/// Runs the demo if one of its rows is wanted.
fn replay(shell: &Shell, args: &BenchArgs) -> Result<Option<History>> {
    let wanted = history::IDS.iter().any(|id| args.wants(id));
    let history = wanted.then(|| History::replay(shell, args.quick));
    history.transpose()
}

/// What came of each target that was asked for.
fn judge_all(rows: &[Row], args: &BenchArgs) -> Vec<Outcome> {
    let question = if args.quick {
        Question::Reported
    } else {
        Question::Met
    };
    let wanted = |target: &'static Target| -> Vec<&Expected> {
        let expected = target.expected.iter();
        expected
            .filter(|expected| args.wants(expected.id))
            .collect()
    };
    let all = TARGETS.iter().map(|target| (target, wanted(target)));
    let asked = all.filter(|(_, expected)| !expected.is_empty());
    asked
        .map(|(target, expected)| Outcome {
            target,
            verdict: verdict::judge(target.key, &expected, rows, EXCUSES, question),
        })
        .collect()
}

/// Why the task fails, if it does.
fn faults(outcomes: &[Outcome], shell: &Shell) -> Vec<String> {
    let mut faults = targets::faults_of(EXCUSES, |path| shell.read_file(path).ok());
    for outcome in outcomes {
        if let Verdict::NotMet(reasons) = &outcome.verdict {
            faults.extend(reasons.iter().cloned());
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::row::planted::bound;
    use crate::workspace::planted::{Planting as _, library};

    #[test]
    fn a_whole_run_builds_each_package_alone_and_a_quick_one_takes_what_the_tests_built() {
        let packages = [
            library("hlc").with_bench("limits"),
            library("sync-log-core"),
            library("sync-log-sqlite").with_bench("append"),
            library("app").with_bench("seaorm"),
        ];
        let joined = |quick| -> Vec<String> {
            let selections = selections(&packages, quick).into_iter();
            selections.map(|arguments| arguments.join(" ")).collect()
        };
        let whole = [
            "-p hlc --bench limits",
            "-p sync-log-sqlite --bench append",
            "-p app --bench seaorm",
        ];
        assert_eq!(joined(false), whole);
        let quick = [
            "--profile dev --workspace --exclude simulator --exclude crash --all-features \
             --bench limits --bench append --bench seaorm",
        ];
        assert_eq!(joined(true), quick);
    }

    #[test]
    fn a_target_that_nobody_reported_fails_a_quick_run_too() {
        let shell = Shell::new().expect("there is a folder");
        for quick in [true, false] {
            let args = BenchArgs { quick, only: None };
            let faults = faults(&judge_all(&[], &args), &shell);
            assert!(faults.contains(&"`history_median` was not reported".to_owned()));
        }
    }

    #[test]
    fn only_what_was_asked_for_is_judged() {
        let args = BenchArgs {
            quick: false,
            only: Some("_lock".to_owned()),
        };
        let rows = [
            bound("prune_lock", 50.0, 49.0),
            bound("prune_lock_idle", 1000.0, 9.0),
        ];
        let outcomes = judge_all(&rows, &args);
        assert_eq!(outcomes.len(), 1);
        assert_eq!(outcomes[0].verdict, Verdict::Met);
    }
}
