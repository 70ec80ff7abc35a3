//! Signals that end the program. The command that runs stops at its next step, deletes the files that
//! it made for itself, and reports no error. A second signal ends the program at once, and so do five
//! seconds.

use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Builder;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, oneshot};

/// How long a command may take to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How often the statement that runs is stopped, because the next one may have begun.
const AGAIN: Duration = Duration::from_millis(20);

static IS_ENDING: AtomicBool = AtomicBool::new(false);
static ENDING: Notify = Notify::const_new();
static STOPPING: Mutex<Vec<Box<dyn Fn() + Send>>> = Mutex::new(Vec::new());

/// Runs `work`, which a signal may end.
pub(crate) fn run(work: impl FnOnce() -> ExitCode + Send + 'static) -> ExitCode {
    let Ok(runtime) = Builder::new_current_thread().enable_all().build() else {
        return work();
    };
    let ended = runtime.block_on(async {
        // From here on, and so before the work begins, no signal ends the program by itself.
        let Ok(mut signals) = Signals::new() else {
            return Ok(work());
        };
        let (done, mut worked) = oneshot::channel();
        let worker = std::thread::spawn(move || {
            // The other end is left only if the program ends first.
            let _ = done.send(work());
        });
        let signal = tokio::select! {
            code = &mut worked => return code.map_err(|_| worker),
            signal = signals.next() => signal,
        };
        IS_ENDING.store(true, Ordering::SeqCst);
        ENDING.notify_waiters();
        tokio::select! {
            _ = &mut worked => {}
            () = stop_again_and_again() => {}
            _ = signals.next() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
        Ok(ExitCode::from(128 + signal))
    });
    ended.unwrap_or_else(|worker| match worker.join() {
        Err(panic) => std::panic::resume_unwind(panic),
        Ok(()) => ExitCode::FAILURE,
    })
}

/// Whether a signal ends the program.
pub(crate) fn is_ending() -> bool {
    IS_ENDING.load(Ordering::SeqCst)
}

/// What `work` returns; `None` if a signal ends the program first, and then `work` is dropped.
pub(crate) async fn unless_ending<T>(work: impl Future<Output = T>) -> Option<T> {
    let ending = ENDING.notified();
    if is_ending() {
        return None;
    }
    tokio::select! {
        done = work => Some(done),
        () = ending => None,
    }
}

/// Has a signal call `stop`, perhaps several times, from another thread.
#[allow(
    dead_code,
    reason = "not every program that includes the file reads in place"
)]
pub(crate) fn on_ending(stop: impl Fn() + Send + 'static) {
    stopping().push(Box::new(stop));
}

async fn stop_again_and_again() {
    loop {
        for stop in stopping().iter() {
            stop();
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn stopping() -> MutexGuard<'static, Vec<Box<dyn Fn() + Send>>> {
    STOPPING.lock().unwrap_or_else(PoisonError::into_inner)
}

const INTERRUPT: u8 = 2;

/// The signals that end the program.
#[cfg(unix)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The number of the next one.
    async fn next(&mut self) -> u8 {
        const TERMINATE: u8 = 15;
        tokio::select! {
            _ = self.interrupt.recv() => INTERRUPT,
            _ = self.terminate.recv() => TERMINATE,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    #[allow(clippy::unnecessary_wraps, reason = "as where it can fail")]
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> u8 {
        match tokio::signal::ctrl_c().await {
            Ok(()) => INTERRUPT,
            Err(_) => std::future::pending().await,
        }
    }
}
