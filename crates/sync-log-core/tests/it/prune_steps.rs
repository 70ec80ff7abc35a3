//! In which steps a prune goes on a store that takes its time.

use std::sync::{Arc, Mutex};

use sync_log_core::ManualClock;
use sync_log_core::{Contents, LogOptions, StoredEntry, SyncLog};

use crate::common::{DEVICE, LIBRARY, MockStore, entry, run, state};

const ENTRIES: u64 = 3000;

/// The oldest entries that each write asked for, and how many were pruned, if each
/// write takes as long as `took_ms` says of it.
fn steps(took_ms: impl Fn(usize) -> i64 + Send + 'static) -> (Vec<usize>, usize) {
    let mut contents = Contents::new(state().identity);
    for number in 1..=ENTRIES {
        let head = contents.state.head.then(&entry(number));
        let stored = StoredEntry {
            entry: entry(number),
            created_at_ms: 0,
            tag: Some(head.tag),
        };
        contents.entries.insert(head.hlc, stored);
        contents.state.head = head;
    }
    contents.state.high_water = contents.state.head.hlc;
    contents.state.solo = true;
    let wall = Arc::new(ManualClock::new(1_700_000_000_000));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (time, seen) = (Arc::clone(&wall), Arc::clone(&asked));
    let mut store = MockStore::new();
    let opened = contents.clone();
    store
        .expect_read()
        .times(1)
        .return_once(move |request| Ok(opened.read(request)));
    store.expect_write().returning(move |mut job| {
        let mut seen = seen.lock().unwrap();
        time.advance_ms(took_ms(seen.len()));
        seen.push(job.needs(&contents.state).oldest);
        contents.write(&mut job)
    });
    let pruned = run(async {
        let log = SyncLog::open(store, LIBRARY, DEVICE, LogOptions::new(wall)).await;
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
