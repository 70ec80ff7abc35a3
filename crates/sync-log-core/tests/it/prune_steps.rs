//! In which steps a prune goes on a store that takes its time.

use std::sync::{Arc, Mutex};

use sync_log_core::ManualClock;
use sync_log_core::{Contents, LogOptions, PrunePolicy, StoredEntry, SyncLog};

use crate::common::{DEVICE, LIBRARY, MockStore, entry, run, state};

const NOW_MS: i64 = 1_700_000_000_000;

const ENTRIES: usize = 3000;

/// More writes than any of these prunes needs: one that does not end fails.
const STEPS: usize = 100;

/// The log of a solo library, with entries that were written at these times.
fn written_at(created_at_ms: impl Iterator<Item = i64>) -> Contents {
    let mut contents = Contents::new(state().identity);
    for (number, at_ms) in (1..).zip(created_at_ms) {
        let head = contents.state.head.then(&entry(number));
        let stored = StoredEntry {
            entry: entry(number),
            created_at_ms: at_ms,
            tag: Some(head.tag),
        };
        contents.entries.insert(head.hlc, stored);
        contents.state.head = head;
    }
    contents.state.high_water = contents.state.head.hlc;
    contents.state.solo = true;
    contents
}

/// The oldest entries that each write asked for, and how many were pruned, if each
/// write takes as long as `took_ms` says of it.
fn steps(took_ms: impl Fn(usize) -> i64 + Send + 'static) -> (Vec<usize>, usize) {
    let contents = written_at(std::iter::repeat_n(0, ENTRIES));
    pruned(contents, PrunePolicy::AckedByAll, took_ms)
}

/// As [`steps`], of these contents under this policy.
fn pruned(
    contents: Contents,
    policy: PrunePolicy,
    took_ms: impl Fn(usize) -> i64 + Send + 'static,
) -> (Vec<usize>, usize) {
    let wall = Arc::new(ManualClock::new(NOW_MS));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (time, seen) = (Arc::clone(&wall), Arc::clone(&asked));
    let contents = Arc::new(Mutex::new(contents));
    let [opened, surveyed] = [(); 2].map(|()| Arc::clone(&contents));
    let mut store = MockStore::new();
    store
        .expect_read()
        .times(1)
        .return_once(move |request| Ok(opened.lock().unwrap().read(request)));
    store
        .expect_survey()
        .returning(move |positions| Ok(surveyed.lock().unwrap().survey(positions)));
    store
        .expect_write()
        .times(..=STEPS)
        .returning(move |mut job| {
            let mut contents = contents.lock().unwrap();
            let mut seen = seen.lock().unwrap();
            time.advance_ms(took_ms(seen.len()));
            seen.push(job.needs(&contents.state).oldest);
            contents.write(&mut job)
        });
    let mut options = LogOptions::new(wall);
    options.policy = policy;
    let pruned = run(async {
        let log = SyncLog::open(store, LIBRARY, DEVICE, options).await;
        log.unwrap().prune_acked().await.unwrap()
    });
    let asked = asked.lock().unwrap().clone();
    (asked, pruned)
}

#[test]
fn a_prune_that_is_fast_takes_ever_larger_steps_to_the_end() {
    // The last one finds nothing more.
    let (asked, pruned) = steps(|_| 0);
    assert_eq!(
        (asked, pruned),
        (vec![125, 250, 500, 1000, 1000, 1000], 3000)
    );
}

#[test]
fn a_prune_that_is_slow_takes_smaller_steps_and_ends_all_the_same() {
    let (asked, pruned) = steps(|step| if step < 2 { 0 } else { 6 });
    assert_eq!(asked[..6], [125, 250, 500, 250, 125, 125]);
    assert_eq!((asked.len(), pruned), (20, 3000));
}

#[test]
fn steps_grow_back_when_what_slowed_them_is_over() {
    let (asked, pruned) = steps(|step| if step < 3 { 100 } else { 0 });
    assert_eq!(asked, [125, 125, 125, 125, 250, 500, 1000, 1000]);
    assert_eq!(pruned, 3000);
}

#[test]
fn a_wall_clock_that_is_set_back_meanwhile_makes_no_step_too_large() {
    let (asked, pruned) = steps(|_| -1_000_000_000);
    assert_eq!(
        (asked, pruned),
        (vec![125, 250, 500, 1000, 1000, 1000], 3000)
    );
}

/// The time that makes them old enough is that of the last entry, which no step sees.
#[test]
fn a_step_goes_on_behind_entries_that_are_dated_after_now() {
    let later = NOW_MS + 1;
    let times = |old: usize, dated_later: usize| {
        let oldest = std::iter::repeat_n(0, old);
        let newest = std::iter::repeat_n(later, dated_later);
        written_at(oldest.chain(newest).chain([0]))
    };
    let policy = PrunePolicy::KeepFor { age_ms: 1000 };
    let all_later = pruned(times(0, 299), policy, |_| 0);
    assert_eq!(all_later, (vec![125, 125, 250], 300));
    // The second write takes what is left of the first step.
    let ten_old = pruned(times(10, 289), policy, |_| 0);
    assert_eq!(ten_old, (vec![125, 115, 250], 300));
}

/// All are dated after now, so the earliest time in the log makes none of them old.
#[test]
fn a_prune_ends_where_the_earliest_time_in_the_log_is_no_help() {
    let later = std::iter::repeat_n(NOW_MS + 1, 300);
    let policy = PrunePolicy::KeepFor { age_ms: 1000 };
    let (asked, count) = pruned(written_at(later), policy, |_| 0);
    assert_eq!((asked, count), (vec![125, 125], 0));
}
