//! A thread that works for tasks.

use tokio::sync::{mpsc, oneshot};

/// Jobs that may wait. A task beyond that waits for a place.
const QUEUE_JOBS: usize = 256;

/// One hop there, through a bounded queue, and one back. The thread ends when
/// this is dropped.
pub(crate) struct Thread<J, A = ()>(mpsc::Sender<Job<J, A>>);

impl<J, A> Clone for Thread<J, A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(crate) struct Job<J, A> {
    pub(crate) work: J,
    done: oneshot::Sender<A>,
}

impl<J: Send + 'static, A: Send + 'static> Thread<J, A> {
    /// Gives `serve` one job at a time.
    pub(crate) fn one_by_one(mut serve: impl FnMut(J) -> A + Send + 'static) -> Self {
        let (queue, mut jobs) = mpsc::channel::<Job<J, A>>(QUEUE_JOBS);
        std::thread::spawn(move || {
            while let Some(job) = jobs.blocking_recv() {
                assert!(job.done.send(serve(job.work)).is_ok(), "the task is there");
            }
        });
        Self(queue)
    }

    /// Has the thread do `work`, and waits until it has.
    pub(crate) async fn run(&self, work: J) -> A {
        let (done, finished) = oneshot::channel();
        let job = Job { work, done };
        assert!(self.0.send(job).await.is_ok(), "the thread is there");
        finished.await.unwrap()
    }
}

impl<J: Send + 'static> Thread<J> {
    /// Gives `serve` all the jobs that wait.
    pub(crate) fn in_groups(mut serve: impl FnMut(&[Job<J, ()>]) + Send + 'static) -> Self {
        let (queue, mut jobs) = mpsc::channel(QUEUE_JOBS);
        std::thread::spawn(move || {
            let mut group = Vec::with_capacity(QUEUE_JOBS);
            while jobs.blocking_recv_many(&mut group, QUEUE_JOBS) > 0 {
                serve(&group);
                for job in group.drain(..) {
                    job.done.send(()).unwrap();
                }
            }
        });
        Self(queue)
    }
}
