//! What a row says, and whether it is met.

use serde::Serialize;

use crate::spread::Spread;

/// Some work next to its limit.
#[derive(Debug, Clone, Copy)]
pub struct Ratio {
    /// Names the row in the list of targets.
    pub id: &'static str,
    /// The work, as a reader of the table calls it.
    pub work: &'static str,
    /// What of ours does it.
    pub ours: &'static str,
    /// What does it as well as anything can.
    pub limit: &'static str,
    /// What the ratio has to be.
    pub target: Target,
}

/// What a ratio has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Ours takes at most this many times what the limit takes.
    AtMost(f64),
    /// Ours is at least this many times faster than the other.
    Faster(f64),
    /// Nothing; for information.
    None,
}

/// One measured number.
#[derive(Debug, Clone, Copy)]
pub struct Bound {
    /// Names the row in the list of targets.
    pub id: &'static str,
    /// What was measured.
    pub work: &'static str,
    /// Of the number, such as `MB` or `ms`.
    pub unit: &'static str,
    /// What it may be at most; `None` if it is for information.
    pub target: Option<f64>,
}

/// The same work at several sizes.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    /// Names the row in the list of targets.
    pub id: &'static str,
    /// The work.
    pub work: &'static str,
    /// What is claimed of its cost, such as `O(page)`.
    pub claim: &'static str,
    /// What the sizes count, such as `entries`.
    pub of: &'static str,
    /// What the cost at the largest size may be at most, in costs at the smallest.
    pub target: f64,
}

/// A row as it is handed on.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Measured {
    Ratio {
        id: &'static str,
        work: &'static str,
        ours: &'static str,
        limit: &'static str,
        pairs: usize,
        ours_ns: f64,
        limit_ns: f64,
        #[serde(flatten)]
        spread: Spread,
        goal: &'static str,
        target: Option<f64>,
        met: bool,
    },
    Bound {
        id: &'static str,
        work: &'static str,
        unit: &'static str,
        value: f64,
        target: Option<f64>,
        met: bool,
    },
    Growth {
        id: &'static str,
        work: &'static str,
        claim: &'static str,
        of: &'static str,
        points: Vec<Point>,
        #[serde(flatten)]
        spread: Spread,
        target: f64,
        met: bool,
    },
}

/// The cost at one size.
#[derive(Debug, Serialize)]
pub(crate) struct Point {
    pub(crate) size: u64,
    pub(crate) ns: f64,
}

impl Measured {
    /// From the times of the pairs, ours first.
    pub(crate) fn ratio(row: Ratio, pairs: &[(f64, f64)]) -> Self {
        let (goal, target) = match row.target {
            Target::AtMost(target) => ("at_most", Some(target)),
            Target::Faster(target) => ("faster", Some(target)),
            Target::None => ("none", None),
        };
        let ratio = |(ours, limit): &(f64, f64)| match row.target {
            Target::Faster(_) => limit / ours,
            Target::AtMost(_) | Target::None => ours / limit,
        };
        let spread = Spread::of(pairs.iter().map(ratio));
        Self::Ratio {
            id: row.id,
            work: row.work,
            ours: row.ours,
            limit: row.limit,
            pairs: pairs.len(),
            ours_ns: Spread::of(pairs.iter().map(|pair| pair.0)).ratio,
            limit_ns: Spread::of(pairs.iter().map(|pair| pair.1)).ratio,
            spread,
            goal,
            target,
            met: match row.target {
                Target::AtMost(most) => spread.high <= most,
                Target::Faster(least) => spread.low >= least,
                Target::None => true,
            },
        }
    }

    pub(crate) fn bound(row: Bound, value: f64) -> Self {
        Self::Bound {
            id: row.id,
            work: row.work,
            unit: row.unit,
            value,
            target: row.target,
            met: row.target.is_none_or(|target| value <= target),
        }
    }

    /// From the costs at each size, smallest size first.
    pub(crate) fn growth(row: Growth, costs: &[(u64, Vec<f64>)]) -> Self {
        let (smallest, largest) = (&costs[0].1, &costs[costs.len() - 1].1);
        let spread = Spread::of(
            largest
                .iter()
                .zip(smallest)
                .map(|(large, small)| large / small),
        );
        let point = |(size, ns): &(u64, Vec<f64>)| Point {
            size: *size,
            ns: Spread::of(ns.iter().copied()).ratio,
        };
        Self::Growth {
            id: row.id,
            work: row.work,
            claim: row.claim,
            of: row.of,
            points: costs.iter().map(point).collect(),
            spread,
            target: row.target,
            met: spread.high <= row.target,
        }
    }

    /// One line for a reader who waits. A quick run decides nothing.
    pub(crate) fn line(&self, quick: bool) -> String {
        let verdict = |met: &bool| match (quick, *met) {
            (true, _) => "",
            (false, true) => "met",
            (false, false) => "NOT MET",
        };
        match self {
            Self::Ratio {
                id,
                ours_ns,
                limit_ns,
                spread,
                goal,
                target,
                met,
                ..
            } => {
                let Spread { low, ratio, high } = spread;
                let goal = target.map_or_else(
                    || "for information".to_owned(),
                    |target| format!("{goal} {target} {}", verdict(met)),
                );
                format!(
                    "{id}: {ours_ns:.1} ns, {limit_ns:.1} ns: {ratio:.3} ({low:.3}-{high:.3}) {goal}"
                )
            }
            Self::Bound {
                id,
                unit,
                value,
                target,
                met,
                ..
            } => {
                let goal = target.map_or_else(
                    || "for information".to_owned(),
                    |target| format!("at_most {target} {}", verdict(met)),
                );
                format!("{id}: {value:.3} {unit} {goal}")
            }
            Self::Growth {
                id,
                points,
                spread,
                target,
                met,
                ..
            } => {
                let points: Vec<_> = points
                    .iter()
                    .map(|point| format!("{}: {:.0} ns", point.size, point.ns))
                    .collect();
                let Spread { low, ratio, high } = spread;
                format!(
                    "{id}: {}; {ratio:.3} ({low:.3}-{high:.3}) at_most {target} {}",
                    points.join(", "),
                    verdict(met)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Ratio = Ratio {
        id: "id",
        work: "work",
        ours: "ours",
        limit: "limit",
        target: Target::AtMost(1.2),
    };

    fn is_met(target: Target, ours: f64) -> bool {
        let pairs = [(ours, 1.0); 15];
        match Measured::ratio(Ratio { target, ..ROW }, &pairs) {
            Measured::Ratio { met, .. } => met,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_ratio_is_met_on_its_side_of_the_target() {
        assert!(is_met(Target::AtMost(1.2), 1.2));
        assert!(!is_met(Target::AtMost(1.2), 1.21));
        assert!(is_met(Target::Faster(4.0), 0.25));
        assert!(!is_met(Target::Faster(4.0), 0.26));
        assert!(is_met(Target::None, 100.0));
    }

    #[test]
    fn the_bound_of_the_median_is_judged_and_not_the_median() {
        let mut pairs = [(1.0, 1.0); 15];
        pairs[..5].fill((1.3, 1.0));
        let Measured::Ratio { met, spread, .. } = Measured::ratio(ROW, &pairs) else {
            panic!("another kind of row");
        };
        assert_eq!((spread.ratio, met), (1.0, false));
    }

    #[test]
    fn growth_is_judged_from_the_smallest_to_the_largest_size() {
        let row = Growth {
            id: "id",
            work: "work",
            claim: "O(1)",
            of: "entries",
            target: 1.5,
        };
        let flat = Measured::growth(row, &[(1, vec![2.0; 15]), (9, vec![3.0; 15])]);
        assert!(matches!(flat, Measured::Growth { met: true, .. }));
        let steep = Measured::growth(row, &[(1, vec![2.0; 15]), (9, vec![3.2; 15])]);
        assert!(matches!(steep, Measured::Growth { met: false, .. }));
    }

    #[test]
    fn a_row_names_its_kind_and_has_its_numbers_at_the_top() {
        let row = Measured::ratio(ROW, &[(1.0, 2.0); 15]);
        let json = serde_json::to_value(&row).unwrap();
        assert_eq!(
            (&json["kind"], &json["ratio"]),
            (&"ratio".into(), &0.5.into())
        );
    }

    #[test]
    fn a_quick_run_says_nothing_of_what_is_met() {
        let row = Measured::ratio(ROW, &[(2.0, 1.0); 2]);
        assert!(row.line(false).ends_with("NOT MET"));
        assert!(!row.line(true).contains("MET"));
    }
}
