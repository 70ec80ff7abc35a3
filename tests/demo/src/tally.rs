//! What is counted for each device while the history is replayed.

/// The counts of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// How often it pulled from everybody on line.
    pub(crate) syncs: u32,
    pub(crate) restarts: u32,
    pub(crate) appended: u32,
    /// Entries of its log that it gave to others, once for each of them.
    pub(crate) served: u32,
    /// Acks that moved a peer forward in its log.
    pub(crate) acked: u32,
    pub(crate) pruned: usize,
    /// The length of its log right after each of its changes.
    pub(crate) lengths: Vec<u32>,
    /// The length of its log as each week of the history began.
    pub(crate) weekly_lengths: Vec<u32>,
}

impl Tally {
    /// The longest that the log ever was.
    pub(crate) fn peak_length(&self) -> u32 {
        self.lengths.iter().copied().max().unwrap_or(0)
    }

    /// The median length of the log; between two values, their middle.
    pub(crate) fn median_length(&self) -> f64 {
        let mut lengths = self.lengths.clone();
        lengths.sort_unstable();
        let Some(last) = lengths.len().checked_sub(1) else {
            return 0.0;
        };
        let (below, above) = (lengths[last / 2], lengths[last.div_ceil(2)]);
        f64::midpoint(f64::from(below), f64::from(above))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median(lengths: &[u32]) -> f64 {
        let tally = Tally {
            lengths: lengths.to_vec(),
            ..Tally::default()
        };
        tally.median_length()
    }

    #[test]
    fn the_median_is_the_middle_of_the_sorted_lengths() {
        let cases: [(&[u32], f64); 4] = [
            (&[], 0.0),
            (&[3], 3.0),
            (&[9, 1, 4], 4.0),
            (&[9, 1, 4, 5], 4.5),
        ];
        for (lengths, expected) in cases {
            assert!((median(lengths) - expected).abs() < 1e-9, "{lengths:?}");
        }
    }

    #[test]
    fn the_peak_of_no_length_is_zero() {
        assert_eq!(Tally::default().peak_length(), 0);
    }
}
