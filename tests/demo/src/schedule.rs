//! What happens when, in driver time: changes, mishaps, a sync a day, and a look a week.

use std::collections::VecDeque;

use fastrand::Rng;

use crate::args::Away;
use crate::history::History;
use crate::script::{Mishap, Script};

/// 24 hours of driver time.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const WEEK_MS: i64 = 7 * DAY_MS;

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// That change is made, by the device that made it.
    Change(usize),
    /// Something happens to that device.
    Mishap(usize, Mishap),
    /// That device pulls from every other one that is on line.
    Sync(usize),
    /// A week begins: how long is each log?
    Look,
}

/// When each device is on line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Presence {
    start: i64,
    /// Who is away, by its index, and for how long at a time.
    away: Option<(usize, i64)>,
}

impl Presence {
    /// Everybody is on line from `start` on but the device that is `away`; its
    /// first absence begins at `start`. `None` if the history lacks that device.
    pub(crate) fn new(history: &History, away: Option<Away>) -> Option<Self> {
        let start = history.first_t();
        let Some(away) = away else {
            return Some(Self { start, away: None });
        };
        let device = history.devices.binary_search(&away.device).ok()?;
        Some(Self {
            start,
            away: Some((device, i64::from(away.weeks) * WEEK_MS)),
        })
    }

    /// Whether `device` is on line at driver time `t`.
    pub(crate) fn is_online(&self, device: usize, t: i64) -> bool {
        match self.away {
            Some((away, absence_ms)) if away == device => {
                (t - self.start).rem_euclid(absence_ms + WEEK_MS) >= absence_ms
            }
            _ => true,
        }
    }
}

/// All steps in the order of driver time, planned day by day.
///
/// A device's syncs are 24 hours apart, at a time of day of its own; while it
/// is absent they are left out. Of what happens at the same time, looks come
/// first, then changes and what follows them.
#[derive(Debug)]
pub(crate) struct Schedule<'a> {
    history: &'a History,
    script: &'a Script,
    presence: Presence,
    /// When in each day, counted from the start, a device syncs.
    times_of_day_ms: Vec<i64>,
    day_starts: i64,
    next_change: usize,
    planned: VecDeque<(i64, Step)>,
}

impl<'a> Schedule<'a> {
    /// Plans the replay of `history`.
    pub(crate) fn new(
        history: &'a History,
        script: &'a Script,
        presence: Presence,
        rng: &mut Rng,
    ) -> Self {
        let times_of_day_ms = history.devices.iter().map(|_| rng.i64(0..DAY_MS));
        Self {
            history,
            script,
            presence,
            times_of_day_ms: times_of_day_ms.collect(),
            day_starts: history.first_t(),
            next_change: 0,
            planned: VecDeque::new(),
        }
    }

    fn plan_a_day(&mut self) {
        let mut steps = Vec::from_iter(self.look_of_the_day());
        steps.extend(self.changes_of_the_day());
        steps.extend(self.syncs_of_the_day());
        // Stable: at the same time the order above stays.
        steps.sort_by_key(|(t, _)| *t);
        self.planned.extend(steps);
        self.day_starts += DAY_MS;
    }

    /// Before anything else of the first day of a week.
    fn look_of_the_day(&self) -> Option<(i64, Step)> {
        let since_start = self.day_starts - self.history.first_t();
        (since_start % WEEK_MS == 0).then_some((self.day_starts, Step::Look))
    }

    fn changes_of_the_day(&mut self) -> Vec<(i64, Step)> {
        let mut steps = Vec::new();
        let day_ends = self.day_starts + DAY_MS;
        let left = &self.history.changes[self.next_change..];
        for past in left.iter().take_while(|past| past.t < day_ends) {
            let index = self.next_change;
            steps.push((past.t, Step::Change(index)));
            let mishaps = self.script.after(index).iter();
            steps.extend(mishaps.map(|mishap| (past.t, Step::Mishap(past.device, *mishap))));
            self.next_change += 1;
        }
        steps
    }

    fn syncs_of_the_day(&self) -> impl Iterator<Item = (i64, Step)> {
        let times = self.times_of_day_ms.iter().enumerate();
        let times = times.map(|(device, time_ms)| (device, self.day_starts + time_ms));
        let is_due = |(device, t): &(usize, i64)| {
            *t <= self.history.last_t() && self.presence.is_online(*device, *t)
        };
        times
            .filter(is_due)
            .map(|(device, t)| (t, Step::Sync(device)))
    }
}

impl Iterator for Schedule<'_> {
    type Item = (i64, Step);

    fn next(&mut self) -> Option<Self::Item> {
        while self.planned.is_empty() && self.day_starts <= self.history.last_t() {
            self.plan_a_day();
        }
        self.planned.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::ClockKind;

    const AWAY: Away = Away {
        device: 1,
        weeks: 4,
    };

    /// All steps of the built-in history.
    fn steps(away: Option<Away>, seed: u64) -> (History, Vec<(i64, Step)>) {
        let history = History::built_in().unwrap();
        let mut rng = Rng::with_seed(seed);
        let script = Script::draw(&history, ClockKind::Skewed, &mut rng);
        let presence = Presence::new(&history, away).unwrap();
        let steps = Schedule::new(&history, &script, presence, &mut rng).collect();
        (history, steps)
    }

    fn syncs(steps: &[(i64, Step)], device: usize) -> Vec<i64> {
        let own = steps.iter().filter(|(_, step)| *step == Step::Sync(device));
        own.map(|(t, _)| *t).collect()
    }

    #[test]
    fn changes_come_in_file_order_and_time_never_falls() {
        let (history, steps) = steps(Some(AWAY), 1);
        assert!(steps.is_sorted_by_key(|(t, _)| *t));
        let changes: Vec<usize> = steps
            .iter()
            .filter_map(|(_, step)| match step {
                Step::Change(index) => Some(*index),
                _ => None,
            })
            .collect();
        assert!(changes.iter().copied().eq(0..history.changes.len()));
    }

    #[test]
    fn every_device_on_line_syncs_in_each_24_hours() {
        for seed in 0..5 {
            let (history, steps) = steps(Some(AWAY), seed);
            for device in [0, 2, 3, 4] {
                let syncs = syncs(&steps, device);
                assert!(syncs[0] < history.first_t() + DAY_MS);
                assert!(syncs.windows(2).all(|two| two[1] - two[0] == DAY_MS));
                assert!(syncs[syncs.len() - 1] > history.last_t() - DAY_MS);
            }
        }
    }

    #[test]
    fn the_device_that_is_away_syncs_daily_in_its_week_and_never_in_its_absence() {
        let (history, steps) = steps(Some(AWAY), 3);
        let mut by_cycle = std::collections::BTreeMap::<i64, Vec<i64>>::new();
        for t in syncs(&steps, 1) {
            let since = t - history.first_t();
            by_cycle
                .entry(since / (5 * WEEK_MS))
                .or_default()
                .push(since % (5 * WEEK_MS));
        }
        let whole = (history.last_t() - history.first_t()) / (5 * WEEK_MS);
        assert_eq!(i64::try_from(by_cycle.len()).unwrap(), whole);
        for (cycle, syncs) in by_cycle {
            assert_eq!(syncs.len(), 7, "cycle {cycle}");
            assert!(syncs.iter().all(|since| *since >= 4 * WEEK_MS));
        }
    }

    #[test]
    fn the_logs_are_looked_at_as_each_week_begins() {
        let (history, steps) = steps(Some(AWAY), 1);
        let looks = steps.iter().filter(|(_, step)| *step == Step::Look);
        let week = usize::try_from(WEEK_MS).unwrap();
        let weeks = (history.first_t()..=history.last_t()).step_by(week);
        assert!(looks.map(|(t, _)| *t).eq(weeks));
        assert_eq!(steps[0], (history.first_t(), Step::Look));
    }

    #[test]
    fn mishaps_follow_their_change_at_once() {
        let (history, steps) = steps(None, 1);
        let mut last_change = None;
        for (t, step) in steps {
            match step {
                Step::Change(index) => last_change = Some((t, history.changes[index].device)),
                Step::Mishap(device, _) => assert_eq!(last_change, Some((t, device))),
                Step::Sync(_) | Step::Look => last_change = None,
            }
        }
    }

    #[test]
    fn a_device_that_is_not_in_the_history_cannot_be_away() {
        let history = History::built_in().unwrap();
        let away = Away {
            device: 9,
            weeks: 4,
        };
        assert!(Presence::new(&history, Some(away)).is_none());
    }
}
