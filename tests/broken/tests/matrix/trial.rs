//! Cases are run on broken stores, each on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use broken_stores::Fault;
use sync_log_conformance::{CASES, Case, cases_on, model};

use crate::broken::{BrokenHarness, FAULT};

/// A case that takes longer is led in circles by the fault.
const WATCHDOG: Duration = Duration::from_secs(20);
/// How often the cases of a clause are tried: some faults are races, which a
/// case may win by luck.
const TRIES: usize = 3;
/// How many faults are tried at once.
const WORKERS: usize = 2;

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was not run.
    NotRun,
    /// It found nothing wrong.
    Passed,
    /// It failed.
    Caught,
    /// It never came to an end.
    Hung,
}

impl Outcome {
    pub(crate) fn is_caught(self) -> bool {
        matches!(self, Self::Caught | Self::Hung)
    }
}

/// What became of every case, in the order of [`CASES`], and of the model.
#[derive(Debug, Clone)]
pub(crate) struct Trial {
    pub(crate) fault: Option<Fault>,
    pub(crate) cases: Vec<Outcome>,
    pub(crate) model: Outcome,
}

impl Trial {
    /// How many cases of the fault's own clause caught it.
    pub(crate) fn caught_by_its_clause(&self) -> usize {
        let is_own = |case: &Case| self.fault.is_some_and(|fault| proves(case, fault));
        let own = CASES
            .iter()
            .zip(&self.cases)
            .filter(|(case, _)| is_own(case));
        own.filter(|(_, outcome)| outcome.is_caught()).count()
    }
}

/// Whether the case is listed under the clause that the fault breaks.
pub(crate) fn proves(case: &Case, fault: Fault) -> bool {
    case.clauses.contains(&fault.clause())
}

/// Every case, and the model, on a store that has no fault.
pub(crate) fn healthy() -> Trial {
    let all = |_: &Case| true;
    Trial {
        fault: None,
        cases: run_cases(None, all),
        model: run_on(None, agree_with_the_model),
    }
}

/// Every fault, some at once.
pub(crate) fn all(faults: &[Fault], full: bool) -> Vec<Trial> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let trial = one(*fault, full);
                    if full {
                        eprintln!("{fault}: {} of its clause", trial.caught_by_its_clause());
                    }
                    done.lock().unwrap().push(trial);
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|trial| trial.fault);
    done
}

fn one(fault: Fault, full: bool) -> Trial {
    let is_run = |case: &Case| full || proves(case, fault);
    let mut trial = Trial {
        fault: Some(fault),
        cases: run_cases(Some(fault), is_run),
        model: Outcome::NotRun,
    };
    if full {
        trial.model = run_on(Some(fault), agree_with_the_model);
    }
    for _ in 1..TRIES {
        if trial.caught_by_its_clause() > 0 {
            break;
        }
        let again = run_cases(Some(fault), |case| proves(case, fault));
        for (outcome, retried) in trial.cases.iter_mut().zip(again) {
            if retried.is_caught() {
                *outcome = retried;
            }
        }
    }
    trial
}

fn agree_with_the_model() {
    assert!(!model::finds_a_difference::<BrokenHarness>());
}

fn run_cases(fault: Option<Fault>, is_run: impl Fn(&Case) -> bool) -> Vec<Outcome> {
    let run = |(case, run): (Case, fn(Duration))| {
        if is_run(&case) {
            run_on(fault, move || run(WATCHDOG))
        } else {
            Outcome::NotRun
        }
    };
    cases_on::<BrokenHarness>().into_iter().map(run).collect()
}

/// Runs something on a thread of its own, which is left alone if it hangs.
pub(crate) fn run_on(fault: Option<Fault>, run: impl FnOnce() + Send + 'static) -> Outcome {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        FAULT.set(fault);
        let passed = catch_unwind(AssertUnwindSafe(run)).is_ok();
        // Nobody waits any more if it took too long.
        let _ = sender.send(passed);
    });
    match receiver.recv_timeout(2 * WATCHDOG) {
        Ok(true) => Outcome::Passed,
        Ok(false) => Outcome::Caught,
        Err(_) => Outcome::Hung,
    }
}
