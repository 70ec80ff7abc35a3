//! Clocks with a fault that only another thread can notice. The models have to find each.

use std::collections::{BTreeSet, HashMap};
use std::panic;
use std::sync::Mutex as UnseenMutex;

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread::ThreadId;

use super::models::{MODELS, Model};
use super::*;

/// How the clock moves from one position to the next, or what else is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// Right: the exchange is tried again, with a new result, until nothing came between.
    Exchange,
    /// Right: two words under a lock that orders what it guards.
    Lock,
    /// Two words under a lock with relaxed ordering: what its last holder wrote may not be seen.
    RelaxedLock,
    /// Milliseconds and counter in a word each, without a lock.
    TwoWords,
    /// A read and a write instead of one exchange.
    LoadThenStore,
    /// `fetch_max` keeps the clock from going back, but two threads are given the same stamp.
    FetchMax,
    /// The exchange failed, and the stamp is issued all the same.
    OneTry,
    /// The exchange is tried again, with the result that was worked out before.
    StaleRetry,
    /// Each thread takes two positions at a time: no stamp is drawn twice, but one that was handed
    /// over may be above the next one of the thread that received it.
    BlockPerThread,
    /// A read and a write instead of `fetch_max`.
    ResumeByLoadThenStore,
    /// A refused stamp is put in first and taken out again.
    RefusedAfterwards,
    /// All stamps of a batch are taken one by one, until one is refused.
    OneByOne,
    /// `check` writes back where the clock stood.
    CheckWritesBack,
}

/// What the models have to accept: then what they find wrong in the others is the fault, and not
/// that a clock is made in another way than ours.
const RIGHT: [Way; 2] = [Way::Exchange, Way::Lock];

const WRONG: [Way; 11] = [
    Way::RelaxedLock,
    Way::TwoWords,
    Way::LoadThenStore,
    Way::FetchMax,
    Way::OneTry,
    Way::StaleRetry,
    Way::BlockPerThread,
    Way::ResumeByLoadThenStore,
    Way::RefusedAfterwards,
    Way::OneByOne,
    Way::CheckWritesBack,
];

#[test]
fn the_models_accept_clocks_that_are_right_in_another_way() {
    for way in RIGHT {
        assert_eq!(found_by(way), [""; 0], "{way:?}");
    }
}

#[test]
fn the_models_find_every_planted_fault_and_each_finds_one() {
    silence_planted_threads();
    let mut useful = BTreeSet::new();
    for way in WRONG {
        let found_by = found_by(way);
        for name in &found_by {
            println!("{:<24}{name}", format!("{way:?}"));
        }
        assert!(!found_by.is_empty(), "no model found {way:?}");
        useful.extend(found_by);
    }
    let all: BTreeSet<&str> = MODELS.iter().map(|(name, _)| *name).collect();
    assert_eq!(useful, all);
}

/// The models that fail on such a clock.
fn found_by(way: Way) -> Vec<&'static str> {
    let failing = MODELS.iter().filter(|(_, model)| fails(*model, way));
    failing.map(|(name, _)| *name).collect()
}

/// On a thread of its own, because what loom keeps per thread is of no use after a panic. That
/// loom gave up, as it does on long spinning, is no finding.
fn fails(model: Model, way: Way) -> bool {
    let run = move || loom::model(move || model(&|wall| Arc::new(Planted::new(way, wall))));
    let thread = std::thread::Builder::new().name(PLANTED.to_owned());
    let failure = thread.spawn(run).unwrap().join().err();
    failure.is_some_and(|payload| {
        let text = payload.downcast_ref::<&str>();
        text.is_none_or(|text| !text.contains("maximum number of branches"))
    })
}

const DAY_MS: u64 = 24 * 3_600_000;

/// The threads whose panics are expected, and not worth a message each.
const PLANTED: &str = "planted";

fn silence_planted_threads() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() != Some(PLANTED) {
            usual(info);
        }
    }));
}

struct Planted {
    way: Way,
    wall: Wall,
    /// Where the clock stands, in the ways that take one word.
    word: AtomicU64,
    /// Where it stands in those that take two.
    ms: AtomicU64,
    counter: AtomicU64,
    lock: Mutex<()>,
    locked: AtomicBool,
    /// The position that a thread has in reserve. Not seen by loom: each thread uses its own.
    reserved: UnseenMutex<HashMap<ThreadId, u64>>,
}

impl Planted {
    fn new(way: Way, wall: Wall) -> Self {
        Self {
            way,
            wall,
            word: AtomicU64::new(0),
            ms: AtomicU64::new(0),
            counter: AtomicU64::new(0),
            lock: Mutex::new(()),
            locked: AtomicBool::new(false),
            reserved: UnseenMutex::default(),
        }
    }

    fn wall_ms(&self) -> u64 {
        self.wall.now_ms().try_into().unwrap_or(0)
    }

    fn position(&self) -> u64 {
        match self.way {
            Way::Lock | Way::RelaxedLock => self.under_lock(|| self.both_words()),
            Way::TwoWords => self.both_words(),
            _ => self.word.load(Ordering::Relaxed),
        }
    }

    fn both_words(&self) -> u64 {
        self.ms.load(Ordering::Relaxed) << 16 | self.counter.load(Ordering::Relaxed)
    }

    fn set_both_words(&self, position: u64) {
        self.ms.store(position >> 16, Ordering::Relaxed);
        self.counter.store(position & 0xffff, Ordering::Relaxed);
    }

    fn under_lock<T>(&self, work: impl FnOnce() -> T) -> T {
        if self.way == Way::Lock {
            let _held = self.lock.lock().unwrap();
            return work();
        }
        let relaxed = Ordering::Relaxed;
        let take = || self.locked.compare_exchange(false, true, relaxed, relaxed);
        while take().is_err() {
            thread::yield_now();
        }
        let done = work();
        self.locked.store(false, relaxed);
        done
    }

    /// Moves to what `next` makes of the position.
    fn change(&self, next: impl Fn(u64) -> u64) -> u64 {
        match self.way {
            Way::Lock | Way::RelaxedLock => self.under_lock(|| self.change_both_words(next)),
            Way::TwoWords => self.change_both_words(next),
            Way::LoadThenStore => {
                let position = next(self.word.load(Ordering::Relaxed));
                self.word.store(position, Ordering::Relaxed);
                position
            }
            Way::FetchMax => {
                let position = next(self.word.load(Ordering::Relaxed));
                self.word.fetch_max(position, Ordering::Relaxed);
                position
            }
            Way::OneTry | Way::StaleRetry => self.exchange_carelessly(next),
            _ => self.exchange(next),
        }
    }

    fn change_both_words(&self, next: impl Fn(u64) -> u64) -> u64 {
        let position = next(self.both_words());
        self.set_both_words(position);
        position
    }

    fn exchange(&self, next: impl Fn(u64) -> u64) -> u64 {
        let mut last = self.word.load(Ordering::Relaxed);
        while let Err(current) = self.try_exchange(last, next(last)) {
            last = current;
        }
        next(last)
    }

    fn exchange_carelessly(&self, next: impl Fn(u64) -> u64) -> u64 {
        let mut last = self.word.load(Ordering::Relaxed);
        let position = next(last);
        while let Err(current) = self.try_exchange(last, position) {
            if self.way == Way::OneTry {
                break;
            }
            last = current;
        }
        position
    }

    fn try_exchange(&self, last: u64, next: u64) -> Result<u64, u64> {
        let relaxed = Ordering::Relaxed;
        self.word.compare_exchange(last, next, relaxed, relaxed)
    }

    fn advance(&self, at_least: u64) -> Hlc {
        let wall = self.wall_ms() << 16;
        stamp_at(self.change(|last| (last + 1).max(wall).max(at_least)))
    }

    fn take_from_block(&self) -> Hlc {
        let mut reserved = self.reserved.lock().unwrap();
        let thread = thread::current().id();
        if let Some(position) = reserved.remove(&thread) {
            return stamp_at(position);
        }
        drop(reserved);
        let wall = self.wall_ms() << 16;
        let end = self.change(|last| (last + 1).max(wall) + 1);
        self.reserved.lock().unwrap().insert(thread, end);
        stamp_at(end - 1)
    }

    /// The models only look at whether a stamp is refused.
    fn judge(&self, remote: Hlc) -> Result<(), ObserveError> {
        let last = self.last();
        if remote.device_id == OWN && remote > last {
            return Err(ObserveError::OwnStampAhead { remote, last });
        }
        if remote.timestamp > self.wall_ms() + DAY_MS {
            return Err(ObserveError::AboveCeiling { remote });
        }
        Ok(())
    }
}

impl SharedClock for Planted {
    fn tick(&self) -> Hlc {
        if self.way == Way::BlockPerThread {
            return self.take_from_block();
        }
        self.advance(0)
    }

    fn last(&self) -> Hlc {
        stamp_at(self.position())
    }

    fn check(&self, remote: Hlc) -> Result<(), ObserveError> {
        if self.way == Way::CheckWritesBack {
            let position = self.word.load(Ordering::Relaxed);
            self.word.store(position, Ordering::Relaxed);
        }
        self.judge(remote)
    }

    fn observe(&self, remote: Hlc) -> Result<Hlc, ObserveError> {
        if self.way == Way::RefusedAfterwards {
            let before = self.position();
            let stamp = self.advance(position_of(remote) + 1);
            let verdict = self.judge(remote);
            if verdict.is_err() {
                self.word.store(before, Ordering::Relaxed);
            }
            return verdict.map(|()| stamp);
        }
        self.judge(remote)?;
        Ok(self.advance(position_of(remote) + 1))
    }

    fn observe_all(&self, remotes: &[Hlc]) -> Result<Option<Hlc>, ObserveError> {
        if self.way == Way::OneByOne {
            let stamps = remotes.iter().map(|remote| self.observe(*remote));
            return stamps
                .collect::<Result<Vec<Hlc>, _>>()
                .map(|stamps| stamps.last().copied());
        }
        remotes.iter().try_for_each(|remote| self.judge(*remote))?;
        let highest = remotes.iter().copied().max();
        Ok(highest.map(|remote| self.advance(position_of(remote) + 1)))
    }

    fn resume(&self, high_water: Hlc) {
        let position = position_of(high_water);
        if self.way == Way::ResumeByLoadThenStore {
            if self.position() < position {
                self.word.store(position, Ordering::Relaxed);
            }
            return;
        }
        self.change(|last| last.max(position));
    }
}

fn position_of(stamp: Hlc) -> u64 {
    stamp.timestamp << 16 | stamp.counter
}

fn stamp_at(position: u64) -> Hlc {
    own(position >> 16, position & 0xffff)
}
