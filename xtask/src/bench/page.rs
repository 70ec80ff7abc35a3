//! What was measured, as text.

use crate::bench::verdict::{Outcome, Verdict};
use crate::table::{self, grouped};
use paired_bench::{Goal, Measured, Point, Row, Spread};

const NOTHING: &str = "–";

const TITLE: &str = "\
# Benchmarks

What this costs next to the least that it could cost. `cargo xtask bench` measured all
of it, and wrote this page and its pictures.
";

const TARGETS: &str = "
## Targets

";

const DECIDED: &str = "
At most two may fall short, each excused by a decision in [adr](adr/README.md) that
breaks down the gap. Else the command fails, also if a row is missing or is judged by
another target than the one above.

## How it is decided

- What is judged is a ratio, not a time: times mean nothing on another machine, and
  little on the same one an hour later.
- Ours and its limit run in turn, in one process, in an order that alternates, at least
  15 times. The limit does the same work as well as anybody can: prepared statements,
  the same transactions, and `synchronous=FULL` on both sides. It crosses to another
  thread where the target says so, and nowhere else.
- The ratio is the median over these pairs. The spread is where that median is with a
  confidence of 95 %, by the order of the samples alone. The target is met if the
  *worse* end of the spread is within it.
- Where the target says *faster*, the ratio is the other's time over ours.
- Growth is the cost at the largest size over that at the smallest, measured in the
  same way.

## Every row

`cargo xtask bench --only append_1` repeats one row. Rows without a target are for
information.

";

const GROWTH: &str = "
## Cost against size

";

const PICTURES: &str = "
![Time of each piece of work in times of its limit, with the target marked](pictures/ratios.svg)

![Cost against the size of the log, both axes logarithmic](pictures/growth.svg)

The length of each log in the demo, as each week of the real history begins. One device
is away for four weeks at a time, and no other can prune what it lacks. The target is
about the devices that come on line daily, whose logs it makes longer.

![Length of each log over the weeks of the history](pictures/log-length.svg)

What it costs to depend on these crates is in [cost.md](cost.md).
";

/// The whole page. `machine` is a sentence.
pub(crate) fn page(rows: &[Row], outcomes: &[Outcome], machine: &str) -> String {
    let parts = [
        TITLE,
        "\n",
        machine,
        "\n",
        TARGETS,
        &targets(outcomes),
        DECIDED,
        &self::rows(rows),
        GROWTH,
        &growth(rows),
        PICTURES,
    ];
    parts.concat()
}

/// What a terminal has room for: numbers by id, and targets without their ids.
pub(crate) fn summary(rows: &[Row], outcomes: &[Outcome]) -> String {
    let header = [
        "id", "ours:", "limit:", "ratio:", "spread:", "target:", "met",
    ];
    let lines: Vec<_> = rows.iter().map(Cells::of).map(Cells::short).collect();
    let numbers = table::markdown(&header, &lines);
    let targets = outcomes.iter().map(|Outcome { target, verdict }| {
        [target.work, target.wanted, &word(verdict)]
            .map(str::to_owned)
            .to_vec()
    });
    let targets: Vec<_> = targets.collect();
    let targets = table::markdown(&["work", "target", "met"], &targets);
    format!("{numbers}\n{targets}")
}

/// A line per target.
fn targets(outcomes: &[Outcome]) -> String {
    let line = |Outcome { target, verdict }: &Outcome| {
        let ids = target.expected.iter();
        let ids: Vec<String> = ids.map(|expected| format!("`{}`", expected.id)).collect();
        [target.work, target.wanted, &ids.join(", "), &word(verdict)]
            .map(str::to_owned)
            .to_vec()
    };
    let lines: Vec<_> = outcomes.iter().map(line).collect();
    table::markdown(&["work", "target", "rows", "met"], &lines)
}

fn word(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Met => "yes".to_owned(),
        Verdict::Excused(adr) => {
            // The page and the decisions are both in `docs`.
            let link = adr.trim_start_matches("docs/");
            format!("no, [excused]({link})")
        }
        Verdict::NotMet(_) => "no".to_owned(),
    }
}

/// A line per row, in the order in which they were measured.
fn rows(rows: &[Row]) -> String {
    let header = [
        "id", "work", "ours", "limit", "ratio:", "spread:", "target:", "met",
    ];
    let lines: Vec<_> = rows.iter().map(Cells::of).map(Cells::long).collect();
    table::markdown(&header, &lines)
}

/// What a table says of a row.
struct Cells {
    id: String,
    work: String,
    /// What does it, and how much that takes.
    ours: (Option<String>, String),
    limit: (Option<String>, String),
    ratio: String,
    spread: String,
    target: String,
    met: String,
}

impl Cells {
    fn of(row: &Row) -> Self {
        let nothing = || NOTHING.to_owned();
        let (ours, limit, spread) = match &row.measured {
            Measured::Ratio {
                ours,
                limit,
                ours_ns,
                limit_ns,
                spread,
                ..
            } => (
                (Some(ours.clone()), time(*ours_ns)),
                (Some(limit.clone()), time(*limit_ns)),
                Some(spread),
            ),
            Measured::Bound { unit, value } => (
                (None, format!("{} {unit}", number(*value))),
                (None, nothing()),
                None,
            ),
            Measured::Growth {
                claim,
                of,
                points,
                spread,
            } => (
                (None, sizes(points, of)),
                (None, claim.clone()),
                Some(spread),
            ),
        };
        Self {
            id: format!("`{}`", row.id),
            work: row.work.clone(),
            ours,
            limit,
            ratio: spread.map_or_else(nothing, |spread| number(spread.ratio)),
            spread: spread.map_or_else(nothing, |spread| between(*spread)),
            target: target(row),
            met: met(row).to_owned(),
        }
    }

    fn long(self) -> Vec<String> {
        let named = |(name, amount): (Option<String>, String)| match name {
            Some(name) => format!("{name}: {amount}"),
            None => amount,
        };
        let (ours, limit) = (named(self.ours), named(self.limit));
        vec![
            self.id,
            self.work,
            ours,
            limit,
            self.ratio,
            self.spread,
            self.target,
            self.met,
        ]
    }

    fn short(self) -> Vec<String> {
        let (ours, limit) = (self.ours.1, self.limit.1);
        vec![
            self.id,
            ours,
            limit,
            self.ratio,
            self.spread,
            self.target,
            self.met,
        ]
    }
}

fn met(row: &Row) -> &'static str {
    match (row.target, row.met) {
        (None, _) => NOTHING,
        (Some(_), true) => "yes",
        (Some(_), false) => "no",
    }
}

fn target(row: &Row) -> String {
    let Some(target) = row.target else {
        return NOTHING.to_owned();
    };
    match &row.measured {
        Measured::Ratio {
            goal: Goal::Faster, ..
        } => format!("≥ {target}× faster"),
        Measured::Ratio { .. } | Measured::Growth { .. } => format!("≤ {target}×"),
        Measured::Bound { unit, .. } => format!("≤ {target} {unit}"),
    }
}

fn between(spread: Spread) -> String {
    format!("{}–{}", number(spread.low), number(spread.high))
}

/// `from 1,000 to 1,000,000 entries`
fn sizes(points: &[Point], of: &str) -> String {
    let size = |point: Option<&Point>| point.map_or_else(String::new, |point| grouped(point.size));
    let (first, last) = (size(points.first()), size(points.last()));
    format!("from {first} to {last} {of}")
}

/// A line per size of each row that has sizes.
fn growth(rows: &[Row]) -> String {
    let mut lines = Vec::new();
    for row in rows {
        let Measured::Growth {
            claim, of, points, ..
        } = &row.measured
        else {
            continue;
        };
        for point in points {
            lines.push(vec![
                row.work.clone(),
                claim.clone(),
                format!("{} {of}", grouped(point.size)),
                time(point.ns),
            ]);
        }
    }
    table::markdown(&["work", "claim", "size:", "cost:"], &lines)
}

/// With the unit that leaves one to three digits in front of the point.
fn time(ns: f64) -> String {
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    format!("{} {unit}", number(value))
}

/// With three digits that count.
fn number(value: f64) -> String {
    match value.abs() {
        size if size < 9.995 => format!("{value:.2}"),
        size if size < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::row::planted::{bound, growth as sizes, ratio};
    use crate::bench::targets::TARGETS;

    /// The text without the spaces that draw its tables in line.
    fn squeezed(text: &str) -> String {
        let lines = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_page_has_the_machine_the_targets_every_row_and_every_size() {
        let outcomes = TARGETS.iter().map(|target| Outcome {
            target,
            verdict: Verdict::Met,
        });
        let rows = [
            ratio("a", Goal::AtMost, 1.2, 1.3),
            ratio("b", Goal::Faster, 20.0, 24.0),
            ratio("c", Goal::None, 0.0, 7.0),
            bound("d", 16.0, 16.5),
            sizes("e", &[1_000, 1_000_000]),
        ];
        let page = page(&rows, &outcomes.collect::<Vec<_>>(), "Measured on 2 cores.");
        let page = squeezed(&page);
        for text in [
            "pictures.\n\nMeasured on 2 cores.\n\n## Targets\n\n| work",
            "| `a` | work of a | ours: 1.23 µs | theirs: 1.00 µs | 1.30 | 1.25–1.35 | ≤ 1.2× | no |",
            "| 24.0 | 23.9–24.1 | ≥ 20× faster | yes |",
            "| 6.95–7.05 | – | – |",
            "| `d` | work of d | 16.5 MB | – | – | – | ≤ 16 MB | no |",
            "| from 1,000 to 1,000,000 entries | O(1) | 1.00 | 0.90–1.10 | ≤ 1.5× | yes |",
            "| 1,000 entries | 2.00 µs |",
        ] {
            assert!(page.contains(text), "{text} is not in {page}");
        }
        for target in TARGETS {
            assert!(page.contains(target.wanted), "{}", target.key);
        }
    }

    #[test]
    fn a_target_says_whether_it_is_met_or_where_it_is_excused() {
        for (verdict, cell) in [
            (Verdict::Met, "yes"),
            (Verdict::NotMet(Vec::new()), "no"),
            (Verdict::Excused("docs/adr/1.md"), "no, [excused](adr/1.md)"),
        ] {
            assert_eq!(word(&verdict), cell);
        }
    }

    #[test]
    fn numbers_have_three_digits_that_count() {
        for (ns, text) in [
            (7.4, "7.40 ns"),
            (24.06, "24.1 ns"),
            (267_000.0, "267 µs"),
            (9_996_000.0, "10.0 ms"),
            (1.5e9, "1.50 s"),
        ] {
            assert_eq!(time(ns), text);
        }
    }
}
