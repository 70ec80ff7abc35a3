//! A thread that works for tasks.

use tokio::sync::{mpsc, oneshot};

/// Jobs that may wait. A task beyond that waits for a place.
const QUEUE_JOBS: usize = 256;

/// One hop there, through a bounded queue, and one back. The thread ends when
/// this is dropped.
pub(crate) struct Thread<J>(mpsc::Sender<Job<J>>);

impl<J> Clone for Thread<J> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

pub(crate) struct Job<J> {
    pub(crate) work: J,
    done: oneshot::Sender<()>,
}

impl<J: Send + 'static> Thread<J> {
    /// Gives `serve` one job at a time.
    pub(crate) fn one_by_one(mut serve: impl FnMut(J) + Send + 'static) -> Self {
        let (queue, mut jobs) = mpsc::channel::<Job<J>>(QUEUE_JOBS);
        std::thread::spawn(move || {
            while let Some(job) = jobs.blocking_recv() {
                serve(job.work);
                job.done.send(()).unwrap();
            }
        });
        Self(queue)
    }

    /// Gives `serve` all the jobs that wait.
    pub(crate) fn in_groups(mut serve: impl FnMut(&[Job<J>]) + Send + 'static) -> Self {
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

    /// Has the thread do `work`, and waits until it has.
    pub(crate) async fn run(&self, work: J) {
        let (done, finished) = oneshot::channel();
        let job = Job { work, done };
        assert!(self.0.send(job).await.is_ok(), "the thread is there");
        finished.await.unwrap();
    }
}
