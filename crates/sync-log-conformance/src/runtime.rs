//! Runs a case, and drops a future half-way.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use crate::harness::Harness;
use crate::receiver::Receiver;
use crate::records_harness::RecordsHarness;
use crate::rig::Rig;

/// No case takes this long; a case that does hangs.
const WATCHDOG: Duration = Duration::from_secs(180);

/// A case starts from a fresh rig or receiver, or makes the rigs that it needs.
pub trait Start<H, Given> {
    /// The whole case.
    fn start(self) -> impl Future<Output = ()>;
}

impl<H, Case, Run> Start<H, Rig<H>> for Case
where
    H: Harness,
    Case: FnOnce(Rig<H>) -> Run,
    Run: Future<Output = ()>,
{
    async fn start(self) {
        self(Rig::new().await).await;
    }
}

impl<H, Case, Run> Start<H, Receiver<H>> for Case
where
    H: RecordsHarness,
    Case: FnOnce(Receiver<H>) -> Run,
    Run: Future<Output = ()>,
{
    async fn start(self) {
        self(Receiver::new().await).await;
    }
}

impl<H, Case, Run> Start<H, ()> for Case
where
    Case: FnOnce() -> Run,
    Run: Future<Output = ()>,
{
    fn start(self) -> impl Future<Output = ()> {
        self()
    }
}

/// Runs one case on a backend.
///
/// # Panics
/// If the case panics, or if it hangs.
pub fn run_case<H, Given>(case: impl Start<H, Given>) {
    run(case.start());
}

/// Runs a future to its end, on two worker threads.
///
/// # Panics
/// If the case panics, or if it hangs.
pub fn run<T>(case: impl Future<Output = T>) -> T {
    run_within(WATCHDOG, case)
}

/// Runs one case to its end, unless the case takes too long.
pub(crate) fn run_within<T>(watchdog: Duration, case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { tokio::time::timeout(watchdog, case).await })
        .expect("the case hangs")
}

/// Yields to other tasks this often.
pub(crate) async fn give_way(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// Polls `future` once, and says whether it is done.
pub(crate) async fn is_done_at_once(mut future: Pin<&mut impl Future>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await
}

/// Polls `future` at most `polls` times, each time after it was woken, and then drops
/// it. Returns its answer, if it was ready by then.
pub async fn dropped_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Some(Box::pin(future));
    let mut left = polls;
    poll_fn(move |context| {
        if let (1.., Some(running)) = (left, &mut future) {
            left -= 1;
            match running.as_mut().poll(context) {
                Poll::Ready(answer) => return Poll::Ready(Some(answer)),
                Poll::Pending if left > 0 => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        future = None;
        Poll::Ready(None)
    })
    .await
}
