//! What goes wrong on purpose: clocks that step back, and restarts.
//!
//! All of it hangs on the devices' own changes, so that a step back is followed
//! by changes that need a stamp while the clock is behind. A restart comes right
//! after an own change, whose stamp must not be forgotten, or right after a sync,
//! so that the stamps that were received must not be either.

use std::collections::BTreeMap;

use fastrand::Rng;

use crate::args::ClockKind;
use crate::history::History;

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A device with `n` changes has one step back per this many, and one more.
const CHANGES_PER_STEP_BACK: usize = 250;
/// A device with `n` changes restarts once per this many, and once more, right
/// after a change; and as often right after a sync.
const CHANGES_PER_RESTART: usize = 300;

/// How a device's program ends before it starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It closes its log.
    Closed,
    /// It just lets go of it.
    Dropped,
}

/// Something that happens to a device right after one of its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// Its clock falls behind by so much.
    StepBack {
        /// In ms.
        by_ms: i64,
    },
    /// Its clock is set right again.
    SetRight,
    /// Its program ends and starts again, from what its files hold.
    Restart(Ending),
    /// The same, once it has synced the next time.
    RestartAfterSync(Ending),
}

/// The mishaps by the change that they follow (an index into
/// [`History::changes`]), and the constant skew of each device.
#[derive(Debug)]
pub(crate) struct Script {
    /// Of each device, in ms.
    pub(crate) skews_ms: Vec<i64>,
    after: BTreeMap<usize, Vec<Mishap>>,
}

impl Script {
    /// Draws a script. Wild clocks need no skew and no steps: they have theirs.
    pub(crate) fn draw(history: &History, clocks: ClockKind, rng: &mut Rng) -> Self {
        let mut script = Self {
            skews_ms: Vec::new(),
            after: BTreeMap::new(),
        };
        for changes in changes_by_device(history) {
            match clocks {
                ClockKind::Skewed => {
                    script.skews_ms.push(skew_ms(rng));
                    script.draw_steps_back(&changes, rng);
                }
                ClockKind::Wild => script.skews_ms.push(0),
            }
            script.draw_restarts(&changes, rng);
        }
        script
    }

    /// What follows that change, in order.
    pub(crate) fn after(&self, change: usize) -> &[Mishap] {
        self.after.get(&change).map_or(&[], Vec::as_slice)
    }

    /// Steps back of a second to an hour, for the next one to five changes;
    /// every other one with a restart right after it, beginning with the first.
    fn draw_steps_back(&mut self, changes: &[usize], rng: &mut Rng) {
        for number in 0..=changes.len() / CHANGES_PER_STEP_BACK {
            let at = rng.usize(0..changes.len());
            let by_ms = rng.i64(SECOND_MS..=HOUR_MS);
            self.push(changes[at], Mishap::StepBack { by_ms });
            if number % 2 == 0 {
                self.push(changes[at], Mishap::Restart(ending(rng)));
            }
            if let Some(until) = changes.get(at + rng.usize(1..=5)) {
                self.push(*until, Mishap::SetRight);
            }
        }
    }

    fn draw_restarts(&mut self, changes: &[usize], rng: &mut Rng) {
        for _ in 0..=changes.len() / CHANGES_PER_RESTART {
            let mut any = || changes[rng.usize(0..changes.len())];
            let (change, before_sync) = (any(), any());
            self.push(change, Mishap::Restart(ending(rng)));
            self.push(before_sync, Mishap::RestartAfterSync(ending(rng)));
        }
    }

    fn push(&mut self, change: usize, mishap: Mishap) {
        self.after.entry(change).or_default().push(mishap);
    }
}

/// Seconds or minutes, ahead or behind.
fn skew_ms(rng: &mut Rng) -> i64 {
    let size_ms = if rng.bool() {
        rng.i64(SECOND_MS..MINUTE_MS)
    } else {
        rng.i64(MINUTE_MS..=10 * MINUTE_MS)
    };
    if rng.bool() { size_ms } else { -size_ms }
}

fn ending(rng: &mut Rng) -> Ending {
    if rng.bool() {
        Ending::Closed
    } else {
        Ending::Dropped
    }
}

/// The indexes of each device's changes; no device is without.
fn changes_by_device(history: &History) -> Vec<Vec<usize>> {
    let mut changes = vec![Vec::new(); history.devices.len()];
    for (index, change) in history.changes.iter().enumerate() {
        changes[change.device].push(index);
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(history: &History, clocks: ClockKind, seed: u64) -> Script {
        Script::draw(history, clocks, &mut Rng::with_seed(seed))
    }

    fn mishaps(history: &History, script: &Script, device: usize) -> Vec<Vec<Mishap>> {
        let indexes = 0..history.changes.len();
        let own = indexes.filter(|index| history.changes[*index].device == device);
        own.map(|index| script.after(index).to_vec()).collect()
    }

    #[test]
    fn every_device_restarts_right_after_a_step_back_and_at_another_time() {
        let history = History::built_in().unwrap();
        for seed in 0..20 {
            let script = draw(&history, ClockKind::Skewed, seed);
            for device in 0..history.devices.len() {
                let mishaps = mishaps(&history, &script, device);
                let behind = mishaps.iter().filter(|after| {
                    let mut pairs = after.windows(2);
                    pairs.any(|two| matches!(two, [Mishap::StepBack { .. }, Mishap::Restart(_)]))
                });
                assert!(behind.count() >= 1, "seed {seed} device {device}");
                let restarts = mishaps.iter().flatten();
                let restarts = restarts.filter(|m| matches!(m, Mishap::Restart(_)));
                assert!(restarts.count() >= 2, "seed {seed} device {device}");
            }
        }
    }

    #[test]
    fn skews_are_a_second_to_ten_minutes_either_way() {
        let mut rng = Rng::with_seed(1);
        for skew_ms in (0..1000).map(|_| skew_ms(&mut rng)) {
            assert!((SECOND_MS..=10 * MINUTE_MS).contains(&skew_ms.abs()));
        }
    }

    #[test]
    fn wild_clocks_are_left_alone_but_devices_restart() {
        let history = History::built_in().unwrap();
        let script = draw(&history, ClockKind::Wild, 1);
        assert!(script.skews_ms.iter().all(|skew_ms| *skew_ms == 0));
        for device in 0..history.devices.len() {
            let mishaps = mishaps(&history, &script, device).concat();
            let is_restart =
                |m: &Mishap| matches!(m, Mishap::Restart(_) | Mishap::RestartAfterSync(_));
            assert!(mishaps.len() >= 2);
            assert!(mishaps.iter().all(is_restart));
        }
    }

    #[test]
    fn the_same_seed_draws_the_same_script_and_another_one_does_not() {
        let history = History::built_in().unwrap();
        let text = |seed| format!("{:?}", draw(&history, ClockKind::Skewed, seed));
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }
}
