//! How much lies above each of many positions, in one pass over the entries (`P7`).

use hlc::Hlc;

use super::read::Extent;

/// Sums up what lies above each of some positions, in one pass over the entries, whatever the number
/// of positions.
///
/// ```
/// use sync_log_core::{Hlc, SumUp, Uuid};
///
/// let stamp = |ms| Hlc::new(ms, 0, Uuid::from_u128(1));
/// let mut sum = SumUp::above(&[stamp(2), Hlc::ZERO]);
/// for ms in 1..=3 {
///     sum.take(stamp(ms), 10, 0);
/// }
/// let entries: Vec<u64> = sum.extents().iter().map(|extent| extent.entries).collect();
/// assert_eq!(entries, [1, 3]);
/// ```
#[derive(Debug, Clone)]
pub struct SumUp {
    /// The positions, ascending, each with its number in the caller's order.
    positions: Vec<(Hlc, usize)>,
    /// What lies between each position and the next.
    between: Vec<Extent>,
    /// How many positions are below the last entry that was taken.
    passed: usize,
}

impl SumUp {
    /// Begins with no entry. The positions may be in any order.
    #[must_use]
    pub fn above(positions: &[Hlc]) -> Self {
        let numbered = positions.iter().copied().zip(0..);
        let mut ascending: Vec<(Hlc, usize)> = numbered.collect();
        ascending.sort_unstable();
        Self {
            between: vec![Extent::default(); ascending.len()],
            positions: ascending,
            passed: 0,
        }
    }

    /// The lowest position: entries at or below it count for none. `None` if there is no position.
    #[must_use]
    pub fn lowest(&self) -> Option<Hlc> {
        self.positions.first().map(|(position, _)| *position)
    }

    /// Adds an entry with that many content bytes. The entries come in ascending order.
    pub fn take(&mut self, hlc: Hlc, bytes: u64, created_at_ms: i64) {
        let left = &self.positions[self.passed..];
        self.passed += left
            .iter()
            .take_while(|(position, _)| *position < hlc)
            .count();
        let Some(last_passed) = self.passed.checked_sub(1) else {
            return;
        };
        let entry = Extent {
            entries: 1,
            bytes,
            oldest_created_at_ms: Some(created_at_ms),
            earliest_created_at_ms: Some(created_at_ms),
        };
        self.between[last_passed] = self.between[last_passed].then(entry);
    }

    /// The extents, in the order of the positions that the caller passed.
    #[must_use]
    pub fn extents(&self) -> Vec<Extent> {
        let mut extents = vec![Extent::default(); self.positions.len()];
        let mut above = Extent::default();
        let numbered = self.positions.iter().zip(&self.between);
        for ((_, number), between) in numbered.rev() {
            above = between.then(above);
            extents[*number] = above;
        }
        extents
    }
}

impl Extent {
    /// This extent, and another one above it.
    fn then(self, above: Self) -> Self {
        let times = [self.earliest_created_at_ms, above.earliest_created_at_ms];
        Self {
            entries: self.entries + above.entries,
            bytes: self.bytes.saturating_add(above.bytes),
            oldest_created_at_ms: self.oldest_created_at_ms.or(above.oldest_created_at_ms),
            earliest_created_at_ms: times.into_iter().flatten().min(),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn stamp(ms: u64) -> Hlc {
        Hlc::new(ms, 0, Uuid::from_u128(1))
    }

    /// Looks at every entry for each position.
    fn slow_reference(positions: &[Hlc], entries: &[(u64, u64, i64)]) -> Vec<Extent> {
        let extent = |position: &Hlc| {
            let above = || entries.iter().filter(|(ms, ..)| stamp(*ms) > *position);
            Extent {
                entries: above().count() as u64,
                bytes: above().map(|(_, bytes, _)| bytes).sum(),
                oldest_created_at_ms: above().next().map(|(.., at_ms)| *at_ms),
                earliest_created_at_ms: above().map(|(.., at_ms)| *at_ms).min(),
            }
        };
        positions.iter().map(extent).collect()
    }

    #[test]
    fn one_pass_says_what_a_pass_for_each_position_says() {
        let entries = [(3, 10, 30), (5, 7, 90), (6, 1, 20), (9, 2, 40)];
        let positions = [9, 0, 5, 5, 4, 2, 100, 3].map(stamp);
        for count in 0..=entries.len() {
            let mut sum = SumUp::above(&positions);
            for (ms, bytes, at_ms) in &entries[..count] {
                sum.take(stamp(*ms), *bytes, *at_ms);
            }
            assert_eq!(sum.extents(), slow_reference(&positions, &entries[..count]));
        }
        assert_eq!(SumUp::above(&positions).lowest(), Some(stamp(0)));
        assert!(SumUp::above(&[]).extents().is_empty());
    }
}
