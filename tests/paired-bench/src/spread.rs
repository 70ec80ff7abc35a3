//! The median of some samples, and how well it is known.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// A median with its bounds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Spread {
    /// The median is above this with a confidence of 95 %.
    pub low: f64,
    /// The median.
    pub ratio: f64,
    /// The median is below this with a confidence of 95 %.
    pub high: f64,
}

impl Spread {
    /// Bounds from the order of the samples alone (the sign test): whatever they
    /// are distributed like, each is below the median with a chance of 1/2.
    ///
    /// # Panics
    /// Without samples.
    pub(crate) fn of(samples: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = samples.collect();
        sorted.sort_by(f64::total_cmp);
        let count = sorted.len();
        let outside = samples_outside(count);
        Self {
            low: sorted[outside],
            ratio: (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0,
            high: sorted[count - 1 - outside],
        }
    }
}

impl Display for Spread {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { low, ratio, high } = self;
        write!(f, "{ratio:.3} ({low:.3}-{high:.3})")
    }
}

/// How many of the sorted samples may be left out at one end, so that the median
/// is beyond the next one with a chance of 5 % at most.
fn samples_outside(count: usize) -> usize {
    let mut chance = 0.5_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    let mut sum = chance;
    let mut outside = 0;
    while sum + next(chance, count, outside) <= 0.05 {
        chance = next(chance, count, outside);
        sum += chance;
        outside += 1;
    }
    outside
}

/// The chance of `successes + 1` heads in `count` throws, from that of `successes`.
fn next(chance: f64, count: usize, successes: usize) -> f64 {
    chance * as_f64(count - successes) / as_f64(successes + 1)
}

/// Exact for any number of samples that anybody takes.
fn as_f64(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From tables of the sign test: one-sided, 5 %.
    #[test]
    fn the_bounds_are_those_of_the_sign_test() {
        for (count, outside) in [(1, 0), (5, 0), (8, 1), (15, 3), (20, 5), (31, 10)] {
            assert_eq!(samples_outside(count), outside, "{count} samples");
        }
    }

    #[test]
    fn outliers_move_neither_the_median_nor_its_bounds() {
        let samples = (1..=15).map(f64::from);
        let calm = Spread::of(samples.clone());
        let wild = Spread::of(samples.map(|x| if x > 14.0 { x * 1000.0 } else { x }));
        assert_eq!((calm.low, calm.ratio, calm.high), (4.0, 8.0, 12.0));
        assert_eq!((wild.low, wild.ratio, wild.high), (4.0, 8.0, 12.0));
    }
}
