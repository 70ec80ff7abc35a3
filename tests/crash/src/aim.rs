//! When to kill, so that every kind of operation is hit while it is in flight.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::child::Role;
use crate::line::Kind;

/// Durations that are remembered of each kind.
const REMEMBERED: usize = 64;

/// At most so many operations of the kind pass by before the shot.
const PASSED_BY: u32 = 2;

/// Picks targets and delays; the fewer kills a kind has had, the sooner it is
/// its turn.
#[derive(Debug, Clone)]
pub struct Aim {
    rng: fastrand::Rng,
    durations: BTreeMap<Kind, Vec<Duration>>,
}

/// What to wait for, and how long then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The kind that should be in flight.
    pub kind: Kind,
    /// Which operation of that kind, from 1.
    pub nth: u32,
}

impl Aim {
    /// Nothing is known about durations yet.
    pub fn new(seed: u64) -> Self {
        Self {
            rng: fastrand::Rng::with_seed(seed),
            durations: BTreeMap::new(),
        }
    }

    /// The next target, given how many kills each kind has had. A victim that has company leaves
    /// the files where they are.
    pub fn target(&mut self, role: Role, kills: impl Fn(Kind) -> u32) -> Target {
        let often = Kind::AIMED.map(|kind| (kind, kills(kind)));
        let less_often = Kind::AIMED_AT_LESS.map(|kind| (kind, 2 * kills(kind)));
        let mut kinds = often.to_vec();
        if role == Role::Victim {
            kinds.extend(less_often);
        }
        let fewest = kinds.iter().map(|(_, had)| *had).min();
        let due = kinds.iter().filter(|(_, had)| Some(*had) == fewest);
        let due: Vec<Kind> = due.map(|(kind, _)| *kind).collect();
        let kind = due[self.rng.usize(0..due.len())];
        // A child comes to the others less often too.
        let is_often = Kind::AIMED.contains(&kind);
        let passed_by = if is_often { PASSED_BY } else { 1 };
        Target {
            kind,
            nth: self.rng.u32(1..=passed_by),
        }
    }

    /// How long to wait after an operation of `kind` was announced: a part of
    /// the time that one took before.
    pub fn delay(&mut self, kind: Kind) -> Duration {
        let known = self.durations.get(&kind).map_or(&[][..], Vec::as_slice);
        let whole = if known.is_empty() {
            Duration::from_millis(1)
        } else {
            known[self.rng.usize(0..known.len())]
        };
        whole.mul_f64(self.rng.f64())
    }

    /// An operation of `kind` took so long, as seen from here.
    pub fn took(&mut self, kind: Kind, duration: Duration) {
        let known = self.durations.entry(kind).or_default();
        if known.len() < REMEMBERED {
            known.push(duration);
        } else {
            known[self.rng.usize(0..REMEMBERED)] = duration;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_with_the_fewest_kills_is_next() {
        let mut aim = Aim::new(1);
        let kills = |kind| if kind == Kind::Prune { 3 } else { 4 };
        assert_eq!(aim.target(Role::Victim, kills).kind, Kind::Prune);
    }

    #[test]
    fn a_delay_is_within_an_operation_that_was_seen() {
        let mut aim = Aim::new(1);
        for duration_ms in 1..200 {
            aim.took(Kind::Ack, Duration::from_millis(duration_ms));
            assert!(aim.delay(Kind::Ack) < Duration::from_millis(duration_ms));
        }
    }

    #[test]
    fn the_same_seed_aims_the_same() {
        let shots = |mut aim: Aim| -> Vec<_> {
            (0..20)
                .map(|_| (aim.target(Role::Victim, |_| 0), aim.delay(Kind::Append)))
                .collect()
        };
        assert_eq!(shots(Aim::new(7)), shots(Aim::new(7)));
        assert_ne!(shots(Aim::new(7)), shots(Aim::new(8)));
    }
}
