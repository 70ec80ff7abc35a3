//! The contract, on a log in memory: all of it but `A3`, and but what other programs
//! do, which do not reach it. It is gone with its last handle. That is asserted where
//! a case comes to it: the case ends there, and only there.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sync_log_conformance::{CASES, Case, Harness, START_MS, plain_cases_on};
use sync_log_sqlite::{
    Birth, LogStore, Needs, Positions, ReadRequest, ReadView, StoreError, StoreFault, Survey,
    WriteJob, Writes,
};
use sync_log_sqlite::{Hlc, LogError, SqliteStore, Uuid};

/// No case takes so long; a case that does hangs.
const WATCHDOG: Duration = Duration::from_secs(180);

/// Where a case ends: a log in memory does not outlast its handles.
const GONE: &str = "the log is gone with its last handle";
/// How many cases are run at once.
const WORKERS: usize = 2;

/// One log in memory, for as long as a handle on it is open.
struct InMemory {
    library_id: Uuid,
    device_id: Uuid,
    birth: Birth,
    log: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    store: Option<Arc<SqliteStore>>,
    handles: usize,
    log_id: Uuid,
}

async fn make(library_id: Uuid, device_id: Uuid, birth: Birth) -> SqliteStore {
    let made = SqliteStore::open_in_memory(library_id, device_id, birth, START_MS).await;
    made.unwrap_or_else(|error| panic!("{error}"))
}

fn everything() -> ReadRequest {
    ReadRequest {
        after: Hlc::ZERO,
        max_entries: usize::MAX,
        max_bytes: usize::MAX,
        peer: None,
    }
}

impl InMemory {
    /// The log; made with its first handle, and gone with its last.
    async fn store(&self) -> Arc<SqliteStore> {
        let (known, log_id) = {
            let open = self.log.lock().unwrap();
            (open.store.clone(), open.log_id)
        };
        if let Some(store) = known {
            return store;
        }
        let made = make(self.library_id, self.device_id, self.birth).await;
        let view = made.read(everything()).await.unwrap();
        assert!(
            view.entries.is_empty() && view.state.head == view.state.floor,
            "A3"
        );
        assert_ne!(view.state.identity.log_id, log_id, "A3: another log");
        assert!(log_id.is_nil(), "{GONE}");
        let store = Arc::new(made);
        let mut open = self.log.lock().unwrap();
        open.log_id = view.state.identity.log_id;
        open.store = Some(Arc::clone(&store));
        store
    }
}

#[async_trait]
impl Harness for InMemory {
    async fn create(library_id: Uuid, device_id: Uuid, birth: Birth) -> Self {
        Self {
            library_id,
            device_id,
            birth,
            log: Arc::default(),
        }
    }

    async fn open(&self, _: Uuid, _: Uuid) -> Result<Arc<dyn LogStore>, LogError> {
        let store = self.store().await;
        self.log.lock().unwrap().handles += 1;
        Ok(Arc::new(Handle {
            store,
            log: Arc::clone(&self.log),
            closed: AtomicBool::new(false),
        }))
    }

    async fn retained(&self) -> Vec<Hlc> {
        let view = self.store().await.read(everything()).await.unwrap();
        view.entries.iter().map(|found| found.entry.hlc).collect()
    }
}

/// A handle: one of the clones of a log in memory, closed for itself.
struct Handle {
    store: Arc<SqliteStore>,
    log: Arc<Mutex<Open>>,
    closed: AtomicBool,
}

impl Handle {
    /// Whether this was the last one.
    fn leave(&self) -> bool {
        let mut open = self.log.lock().unwrap();
        if !self.closed.swap(true, Ordering::SeqCst) {
            open.handles -= 1;
        }
        if open.handles == 0 {
            open.store = None;
        }
        open.handles == 0
    }

    fn refuse_closed(&self) -> Result<(), StoreError> {
        if self.closed.load(Ordering::SeqCst) {
            Err(StoreError::new(StoreFault::Closed, "use a closed log"))
        } else {
            Ok(())
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.leave();
    }
}

#[async_trait]
impl LogStore for Handle {
    async fn write(&self, job: WriteJob) -> Result<(), LogError> {
        self.refuse_closed()?;
        self.store.write(job).await
    }

    async fn read(&self, request: ReadRequest) -> Result<ReadView, StoreError> {
        self.refuse_closed()?;
        self.store.read(request).await
    }

    async fn survey(&self, positions: Positions) -> Result<Survey, StoreError> {
        self.refuse_closed()?;
        self.store.survey(positions).await
    }

    async fn head_above(&self, position: Hlc) -> Result<Hlc, StoreError> {
        // The store goes on after a handle is closed, so whoever waits looks up at times.
        loop {
            self.refuse_closed()?;
            let waiting = self.store.head_above(position);
            if let Ok(told) = tokio::time::timeout(Duration::from_millis(20), waiting).await {
                return told;
            }
        }
    }

    async fn close(&self) -> Result<(), StoreError> {
        if self.leave() {
            return self.store.close().await;
        }
        // The log stays open for others, but what this handle began is finished:
        // jobs are done in the order in which they came.
        let nothing = WriteJob::new(|_| Needs::default(), |_| Ok(Writes::default()));
        let _ = self.store.write(nothing).await;
        Ok(())
    }
}

/// How a case ended; what it said, if not well.
type Outcome = Result<(), String>;

fn outcome(run: fn(Duration)) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| run(WATCHDOG))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_default()
    })
}

/// Runs every case, some at once.
fn outcomes() -> Vec<(Case, Outcome)> {
    let cases = plain_cases_on::<InMemory>();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((case, run)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = outcome(*run);
                    done.lock().unwrap().push((*case, outcome));
                }
            });
        }
    });
    done.into_inner().unwrap()
}

/// Whether the case ended where the log was gone.
fn is_end(said: &str) -> bool {
    said.contains(GONE)
}

/// Says nothing where a case ends as it must.
fn be_quiet_at_ends() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.payload_as_str().is_some_and(is_end) {
            hook(panic);
        }
    }));
}

#[test]
fn a_log_in_memory_keeps_all_of_the_contract_but_what_it_cannot() {
    be_quiet_at_ends();
    let outcomes = outcomes();
    let broken: Vec<_> = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.as_ref().is_err_and(|said| !is_end(said)))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");

    let durable = outcomes
        .iter()
        .filter(|(case, _)| case.clauses.contains(&"A3"));
    for (case, outcome) in durable {
        assert!(outcome.is_err(), "A3 is not promised: {}", case.name);
    }

    let kept = outcomes.iter().filter(|(_, outcome)| outcome.is_ok());
    let kept: BTreeSet<&str> = kept.flat_map(|(case, _)| case.clauses).copied().collect();
    let all: BTreeSet<&str> = CASES
        .iter()
        .flat_map(|case| case.clauses)
        .copied()
        .collect();
    // Rows that cannot be trusted (`P5`) and what has to be adopted (`I3`, `I4`) are
    // another program's.
    let not_kept: Vec<_> = all.difference(&kept).copied().collect();
    assert_eq!(
        not_kept,
        ["A3", "I3", "I4", "P5"],
        "every other clause is proven"
    );
}
