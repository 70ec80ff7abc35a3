//! Which targets are met.

use crate::bench::targets::{By, Excuse, Expected, Target, most_ms};
use paired_bench::{Goal, Measured, Row};

/// Fewest pairs whose median says anything.
const PAIRS_MIN: usize = 15;

/// The sizes that a claim about growth has to reach, where it counts entries.
const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];

/// What came of a target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All that was wanted was measured and is within its target.
    Met,
    /// It falls short, and this decision says why.
    Excused(&'static str),
    /// Why it is not met.
    NotMet(Vec<String>),
}

/// A target with what came of it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) target: &'static Target,
    pub(crate) verdict: Verdict,
}

/// What a run is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Whether everything is reported and judged by its target.
    Reported,
    /// Whether it is within its target, too.
    Met,
}

/// What came of a target, of which this was `expected`. Only a row that falls short can be
/// excused, by its id; what is missing cannot.
pub(crate) fn judge(
    key: &str,
    expected: &[&Expected],
    rows: &[Row],
    excuses: &[Excuse],
    question: Question,
) -> Verdict {
    let excuse = excuses.iter().find(|excuse| excuse.key == key);
    let mut excused = None;
    let mut faults = Vec::new();
    for wanted in expected {
        let Some(row) = rows.iter().find(|row| row.id == wanted.id) else {
            faults.push(format!("`{}` was not reported", wanted.id));
            continue;
        };
        faults.extend(other_target(wanted, row, rows));
        if question == Question::Met {
            faults.extend(too_little(row));
            match excuse.filter(|excuse| excuse.ids.contains(&wanted.id)) {
                _ if row.met => {}
                Some(excuse) => excused = Some(excuse.adr),
                None => faults.push(format!("`{}` is not within its target", row.id)),
            }
        }
    }
    match excused {
        _ if !faults.is_empty() => Verdict::NotMet(faults),
        Some(adr) => Verdict::Excused(adr),
        None => Verdict::Met,
    }
}

/// A bench that judges itself more mildly than the table does.
fn other_target(expected: &Expected, row: &Row, rows: &[Row]) -> Option<String> {
    let goal = match row.measured {
        Measured::Ratio { goal, .. } => goal,
        Measured::Bound { .. } | Measured::Growth { .. } => Goal::AtMost,
    };
    let is_growth = matches!(row.measured, Measured::Growth { .. });
    let is_same = match expected.target {
        By::Number(target) => !is_growth && row.target == Some(target),
        By::Sync { least_ms, idle } => row.target == most_here(least_ms, idle, rows),
        By::Growth => is_growth && row.target.is_some(),
    };
    (goal != expected.goal || !is_same)
        .then(|| format!("`{}` was judged by another target", row.id))
}

/// What [`By::Sync`] allows in this run; `None` if the run does not say how slow the disk is.
fn most_here(least_ms: f64, idle: &str, rows: &[Row]) -> Option<f64> {
    let row = rows.iter().find(|row| row.id == idle)?;
    match row.measured {
        Measured::Bound { value, .. } => Some(most_ms(least_ms, value)),
        Measured::Ratio { .. } | Measured::Growth { .. } => None,
    }
}

/// A row that rests on too few samples or sizes.
fn too_little(row: &Row) -> Option<String> {
    match &row.measured {
        Measured::Ratio { pairs, .. } if *pairs < PAIRS_MIN => Some(format!(
            "`{}` has {pairs} pairs, at least {PAIRS_MIN}",
            row.id
        )),
        Measured::Growth { of, points, .. } if of == "entries" => {
            let has = |size: &u64| points.iter().any(|point| point.size == *size);
            let missing = SIZES.iter().find(|size| !has(size))?;
            Some(format!(
                "`{}` was not measured at {missing} entries",
                row.id
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::row::planted::{bound, growth, ratio};

    const fn expected(id: &'static str, goal: Goal, target: By) -> Expected {
        Expected { id, goal, target }
    }

    const EXPECTED: [&Expected; 4] = [
        &expected("time", Goal::AtMost, By::Number(1.3)),
        &expected("speed", Goal::Faster, By::Number(20.0)),
        &expected("lock", Goal::AtMost, By::Number(50.0)),
        &expected("size", Goal::AtMost, By::Growth),
    ];

    /// Rows that meet every target.
    fn rows() -> Vec<Row> {
        vec![
            ratio("time", Goal::AtMost, 1.3, 1.2),
            ratio("speed", Goal::Faster, 20.0, 21.0),
            bound("lock", 50.0, 49.0),
            growth("size", &SIZES),
            ratio("other", Goal::AtMost, 1.0, 9.0),
        ]
    }

    /// What is judged with one of the rows replaced.
    fn with(row: Row, excuses: &[Excuse], question: Question) -> Verdict {
        let mut rows = rows();
        let replaced = rows.iter_mut().find(|other| other.id == row.id);
        *replaced.expect("it replaces one") = row;
        judge("prune", &EXPECTED, &rows, excuses, question)
    }

    fn not_met(fault: &str) -> Verdict {
        Verdict::NotMet(vec![fault.to_owned()])
    }

    #[test]
    fn what_falls_short_is_named_unless_the_run_is_quick() {
        let judged = judge("prune", &EXPECTED, &rows(), &[], Question::Met);
        assert_eq!(judged, Verdict::Met);
        let mut few = ratio("time", Goal::AtMost, 1.3, 1.2);
        if let Measured::Ratio { pairs, .. } = &mut few.measured {
            *pairs = 14;
        }
        let short = "is not within its target";
        for (row, fault) in [
            (ratio("time", Goal::AtMost, 1.3, 1.27), short),
            (ratio("speed", Goal::Faster, 20.0, 20.04), short),
            (bound("lock", 50.0, 50.1), short),
            (few, "has 14 pairs, at least 15"),
            (
                growth("size", &SIZES[..2]),
                "was not measured at 1000000 entries",
            ),
        ] {
            let quick = with(row.clone(), &[], Question::Reported);
            assert_eq!(quick, Verdict::Met);
            let expected = not_met(&format!("`{}` {fault}", row.id));
            assert_eq!(with(row, &[], Question::Met), expected);
        }
    }

    #[test]
    fn what_falls_short_can_be_excused_by_its_own_key_and_id_alone() {
        let judged = |key, ids| {
            let adr = "docs/adr/1.md";
            let short = bound("lock", 50.0, 51.0);
            with(short, &[Excuse { key, ids, adr }], Question::Met)
        };
        assert_eq!(
            judged("prune", &["lock"]),
            Verdict::Excused("docs/adr/1.md")
        );
        let fault = not_met("`lock` is not within its target");
        assert_eq!(judged("page", &["lock"]), fault);
        assert_eq!(judged("prune", &["time"]), fault);
    }

    #[test]
    fn what_is_missing_cannot_be_excused() {
        let excuses = [Excuse {
            key: "prune",
            ids: &["lock"],
            adr: "docs/adr/1.md",
        }];
        let mut rows = rows();
        rows.remove(2);
        for question in [Question::Met, Question::Reported] {
            let judged = judge("prune", &EXPECTED, &rows, &excuses, question);
            assert_eq!(judged, not_met("`lock` was not reported"));
        }
    }

    #[test]
    fn a_bench_that_judges_itself_by_another_target_is_caught_in_a_quick_run_too() {
        let mut without = growth("size", &SIZES);
        without.target = None;
        for row in [
            ratio("time", Goal::AtMost, 1.4, 1.2),
            ratio("time", Goal::None, 1.3, 1.2),
            ratio("speed", Goal::AtMost, 20.0, 1.2),
            bound("lock", 60.0, 1.0),
            growth("lock", &SIZES),
            bound("size", 1.5, 1.0),
            without,
        ] {
            let fault = format!("`{}` was judged by another target", row.id);
            assert_eq!(with(row, &[], Question::Reported), not_met(&fault));
        }
    }

    #[test]
    fn a_slow_disk_makes_a_target_milder_by_as_much_as_was_measured() {
        let sync = By::Sync {
            least_ms: 50.0,
            idle: "idle",
        };
        let expected = expected("lock", Goal::AtMost, sync);
        let other = || not_met("`lock` was judged by another target");
        let too_long = not_met("`lock` is not within its target");
        for (idle_ms, target, measured, verdict) in [
            (9.0, 50.0, 49.0, Verdict::Met),
            (11.0, 50.0, 49.0, Verdict::Met),
            (20.0, 80.0, 79.0, Verdict::Met),
            (9.0, 80.0, 49.0, other()),
            (20.0, 90.0, 49.0, other()),
            (20.0, 80.0, 81.0, too_long),
        ] {
            let rows = [
                bound("idle", 1000.0, idle_ms),
                bound("lock", target, measured),
            ];
            let judged = judge("prune", &[&expected], &rows, &[], Question::Met);
            assert_eq!(judged, verdict, "{idle_ms} {target} {measured}");
        }
    }
}
