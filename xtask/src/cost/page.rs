//! What was measured, as text.

use std::time::Duration;

use super::costs::{Cost, Costs};
use super::targets::Verdict;
use super::tree::Tree;
use crate::table;

const TITLE: &str = "\
# What it costs to depend on these crates

`cargo xtask cost` measured this and wrote this page. The count has every crate that is
compiled for a program that depends on this one crate: ours, and also those that build
scripts and macros need. Default features are on unless the table says otherwise. The
time is that of a release build into an empty target directory, after every source was
downloaded.

The app depends on `sync-log-sqlite` and on SeaORM with its driver `sqlx-sqlite`. Its
count leaves out the app itself. `sync-log-sqlite` and the app are built in turn, twice
each, and the table has the mean.
";

const TARGETS: &str = "
## Targets

The command fails when a target is not met. The ratio divides the time of both builds of
`sync-log-sqlite` by the time of both builds of the app.

";

const SHARES: &str = "
## What brings them

A dependency *brings* itself and what it needs; *alone* is what would not be compiled
without it, because nothing else needs that.
";

/// The whole page. `machine` is a sentence.
pub(crate) fn page(costs: &Costs, verdicts: &[Verdict], machine: &str) -> String {
    let rows: Vec<_> = costs.rows().map(row).collect();
    let mut page = [TITLE, "\n", machine, "\n\n"].concat();
    page += &table::markdown(&["crate", "crates compiled:", "build:"], &rows);
    page += TARGETS;
    page += &targets(verdicts);
    page += SHARES;
    for cost in costs.libraries() {
        page += &format!("\n{}:\n\n", cost.subject.label);
        page += &shares(&cost.tree);
    }
    page
}

fn row(cost: &Cost) -> Vec<String> {
    vec![
        cost.subject.label.to_owned(),
        cost.crates().to_string(),
        seconds(cost.mean_build()),
    ]
}

fn targets(verdicts: &[Verdict]) -> String {
    let rows: Vec<_> = verdicts.iter().map(verdict).collect();
    table::markdown(&["target", "limit:", "measured:", "met"], &rows)
}

fn verdict(verdict: &Verdict) -> Vec<String> {
    let met = if verdict.met { "yes" } else { "no" };
    [verdict.target, &verdict.limit, &verdict.measured, met]
        .map(str::to_owned)
        .to_vec()
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

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::costs::planted::costs;
    use crate::cost::targets::judge;

    #[test]
    fn the_page_has_every_subject_every_target_and_the_shares_of_each_library() {
        let mut costs = costs();
        costs.app.builds.pop();
        let drawn = page(&costs, &judge(&costs), "Measured on 2 cores.");
        let lines = drawn
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let squeezed = lines
            .map(|words| words.join(" ") + "\n")
            .collect::<String>();
        for row in [
            "\n| `hlc` | 2 | 2.0 s |\n",
            "\n| `sync-log-sqlite` | 140 | 85.0 s |\n",
            "\n| an app with a SeaORM driver | 176 | 110.0 s |\n",
            "\n| crates of `sync-log-sqlite` | ≤ 140 | 140 | yes |\n",
            "\n| build of `sync-log-sqlite` / build of the app | ≤ 0.85× | 1.545× | no |\n",
            "\n| `crate-0` | 1 | 1 |\n",
        ] {
            assert!(squeezed.contains(row), "{row} is not in {squeezed}");
        }
        assert_eq!(squeezed.matches("| dependency |").count(), 4);
    }
}
