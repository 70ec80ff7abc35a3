//! What a row says, and whether it is met.

use serde::{Deserialize, Serialize};

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

/// A row as it is handed on: an object of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// Names the row in the list of targets.
    pub id: String,
    /// The work.
    pub work: String,
    /// What was measured.
    #[serde(flatten)]
    pub measured: Measured,
    /// `None` if it is for information.
    pub target: Option<f64>,
    /// Whether the target is met; true without one.
    pub met: bool,
}

/// What was measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Measured {
    /// Some work next to its limit.
    Ratio {
        /// What of ours does it.
        ours: String,
        /// What does it as well as anything can.
        limit: String,
        /// How often both ran.
        pairs: usize,
        /// The median time of ours.
        ours_ns: f64,
        /// The median time of the limit.
        limit_ns: f64,
        /// The median of the ratios.
        #[serde(flatten)]
        spread: Spread,
        /// On which side of the target it has to be.
        goal: Goal,
    },
    /// One number.
    Bound {
        /// Of the number.
        unit: String,
        /// The number.
        value: f64,
    },
    /// The same work at several sizes.
    Growth {
        /// What is claimed of its cost.
        claim: String,
        /// What the sizes count.
        of: String,
        /// The cost at each size.
        points: Vec<Point>,
        /// The median of the cost at the largest size over that at the smallest.
        #[serde(flatten)]
        spread: Spread,
    },
}

/// Which side of its target a ratio has to be on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Ours over the limit, at most the target.
    AtMost,
    /// The other over ours, at least the target.
    Faster,
    /// For information.
    None,
}

/// The cost at one size.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Point {
    /// The size.
    pub size: u64,
    /// The median time.
    pub ns: f64,
}

impl Row {
    /// From the times of the pairs, ours first.
    pub(crate) fn ratio(row: Ratio, pairs: &[(f64, f64)]) -> Self {
        let (goal, target) = match row.target {
            Target::AtMost(target) => (Goal::AtMost, Some(target)),
            Target::Faster(target) => (Goal::Faster, Some(target)),
            Target::None => (Goal::None, None),
        };
        let ratio = |(ours, limit): &(f64, f64)| match row.target {
            Target::Faster(_) => limit / ours,
            Target::AtMost(_) | Target::None => ours / limit,
        };
        let spread = Spread::of(pairs.iter().map(ratio));
        Self {
            id: row.id.to_owned(),
            work: row.work.to_owned(),
            measured: Measured::Ratio {
                ours: row.ours.to_owned(),
                limit: row.limit.to_owned(),
                pairs: pairs.len(),
                ours_ns: Spread::of(pairs.iter().map(|pair| pair.0)).ratio,
                limit_ns: Spread::of(pairs.iter().map(|pair| pair.1)).ratio,
                spread,
                goal,
            },
            target,
            met: match row.target {
                Target::AtMost(most) => spread.high <= most,
                Target::Faster(least) => spread.low >= least,
                Target::None => true,
            },
        }
    }

    pub(crate) fn bound(row: Bound, value: f64) -> Self {
        let Bound { id, work, unit, .. } = row;
        Self {
            id: id.to_owned(),
            work: work.to_owned(),
            measured: Measured::Bound {
                unit: unit.to_owned(),
                value,
            },
            target: row.target,
            met: row.target.is_none_or(|target| value <= target),
        }
    }

    /// From the costs at each size, smallest size first.
    pub(crate) fn growth(row: Growth, costs: &[(u64, Vec<f64>)]) -> Self {
        let (smallest, largest) = (&costs[0].1, &costs[costs.len() - 1].1);
        let pairs = largest.iter().zip(smallest);
        let spread = Spread::of(pairs.map(|(large, small)| large / small));
        let point = |(size, ns): &(u64, Vec<f64>)| Point {
            size: *size,
            ns: Spread::of(ns.iter().copied()).ratio,
        };
        Self {
            id: row.id.to_owned(),
            work: row.work.to_owned(),
            measured: Measured::Growth {
                claim: row.claim.to_owned(),
                of: row.of.to_owned(),
                points: costs.iter().map(point).collect(),
                spread,
            },
            target: Some(row.target),
            met: spread.high <= row.target,
        }
    }

    /// One line for a reader who waits. A quick run decides nothing.
    pub(crate) fn line(&self, quick: bool) -> String {
        let verdict = match (quick, self.met) {
            (true, _) => "",
            (false, true) => "met",
            (false, false) => "NOT MET",
        };
        let judged = |goal: &str| match self.target {
            Some(target) => format!("{goal} {target} {verdict}"),
            None => "for information".to_owned(),
        };
        let id = &self.id;
        match &self.measured {
            Measured::Ratio {
                ours_ns,
                limit_ns,
                spread,
                goal,
                ..
            } => {
                let goal = judged(match goal {
                    Goal::Faster => "faster",
                    Goal::AtMost | Goal::None => "at_most",
                });
                format!("{id}: {ours_ns:.1} ns, {limit_ns:.1} ns: {spread} {goal}")
            }
            Measured::Bound { unit, value } => {
                format!("{id}: {value:.3} {unit} {}", judged("at_most"))
            }
            Measured::Growth { points, spread, .. } => {
                let points = points.iter();
                let points = points.map(|point| format!("{}: {:.0} ns", point.size, point.ns));
                let points: Vec<_> = points.collect();
                format!(
                    "{id}: {}; {spread} {}",
                    points.join(", "),
                    judged("at_most")
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

    #[test]
    fn a_ratio_is_met_on_its_side_of_the_target() {
        for (target, ours, met) in [
            (Target::AtMost(1.2), 1.2, true),
            (Target::AtMost(1.2), 1.21, false),
            (Target::Faster(4.0), 0.25, true),
            (Target::Faster(4.0), 0.26, false),
            (Target::None, 100.0, true),
        ] {
            let row = Row::ratio(Ratio { target, ..ROW }, &[(ours, 1.0); 15]);
            assert_eq!(row.met, met, "{target:?} {ours}");
        }
    }

    #[test]
    fn the_bound_of_the_median_is_judged_and_not_the_median() {
        let mut pairs = [(1.0, 1.0); 15];
        pairs[..5].fill((1.3, 1.0));
        let row = Row::ratio(ROW, &pairs);
        assert!(!row.met && row.line(false).contains(": 1.000 ("), "{row:?}");
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
        for (largest, met) in [(3.0, true), (3.2, false)] {
            let costs = [(1, vec![2.0; 15]), (9, vec![largest; 15])];
            assert_eq!(Row::growth(row, &costs).met, met, "{largest}");
        }
    }

    #[test]
    fn a_row_names_its_kind_and_has_its_numbers_at_the_top() {
        let row = Row::ratio(ROW, &[(2.0, 1.0); 15]);
        let json = serde_json::to_value(&row).unwrap();
        assert_eq!(
            (&json["kind"], &json["ratio"]),
            (&"ratio".into(), &2.0.into())
        );
        assert_eq!(
            (&json["target"], &json["met"]),
            (&1.2.into(), &false.into())
        );
        assert!(row.line(false).ends_with("NOT MET"));
        assert!(
            !row.line(true).contains("MET"),
            "a quick run decides nothing"
        );
    }
}
