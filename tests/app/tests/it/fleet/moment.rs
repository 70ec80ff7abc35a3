//! What happens to a device at a statement of the product: its files are copied, as a process leaves them
//! that is killed there, or another program locks its database.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::OnceLock;

use tempfile::TempDir;
use tracing::callsite::rebuild_interest_cache;
use tracing::dispatcher::{Dispatch, set_global_default, with_default};

use super::folder::{self, Lock};
use crate::common::statements::BeforeEach;

/// When a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Before the statement with this number, counted from 0, and before the commit at the latest.
    Statement(u32),
    /// After the commit with this number, counted from 1.
    AfterCommit(u32),
    /// When the log has what was in the outbox, and the outbox still has it, too.
    BeforeClearing,
}

/// Runs `work`, and copies `folder` at a moment of it, or afterwards if the moment never comes.
pub(crate) fn copied_at<T>(
    moment: Moment,
    folder: PathBuf,
    work: impl FnOnce() -> T,
) -> (T, TempDir) {
    let of = folder.clone();
    let (done, copy) = at(moment, move || Some(folder::copy(&of)), work);
    (done, copy.unwrap_or_else(|| folder::copy(&folder)))
}

/// Runs `work`, and lets another program lock the app's database from a moment of it on. A program that
/// is to write tries it at each statement until it has the lock.
pub(crate) fn locked_at<T>(
    moment: Moment,
    folder: PathBuf,
    lock: Lock,
    work: impl FnOnce() -> T,
) -> T {
    let (done, other) = at(moment, move || folder::try_to_hold(&folder, lock), work);
    drop(other);
    done
}

/// Runs `work`, and calls `act` at a moment of it and at each statement from there on, until it returns
/// something.
fn at<T, A: 'static>(
    moment: Moment,
    act: impl Fn() -> Option<A> + 'static,
    work: impl FnOnce() -> T,
) -> (T, Option<A>) {
    // What `tracing` caches of whether somebody listens depends on all threads and on what was there before,
    // so it is told anew, and the listener is that of this thread, too.
    let listener = LISTENER.get_or_init(|| {
        let listener = Dispatch::new(BeforeEach(call_before));
        set_global_default(listener.clone()).unwrap();
        listener
    });
    rebuild_interest_cache();
    let acted = Rc::new(RefCell::new(None));
    let result = Rc::clone(&acted);
    let mut waiting = Waiting { moment, commits: 0 };
    let before = move |sql: &str| {
        let mut result = result.borrow_mut();
        if waiting.has_come(sql) && result.is_none() {
            *result = act();
        }
    };
    BEFORE_STATEMENT.set(Some(Box::new(before)));
    let done = with_default(listener, work);
    BEFORE_STATEMENT.set(None);
    (done, acted.take())
}

/// It listens to the whole process: tasks log to the listener of the thread on which they began.
static LISTENER: OnceLock<Dispatch> = OnceLock::new();

fn call_before(sql: &str) {
    BEFORE_STATEMENT.with_borrow_mut(|before| {
        if let Some(before) = before {
            before(sql);
        }
    });
}

type Before = Box<dyn FnMut(&str)>;

thread_local! {
    /// What is called before each statement of the product on this thread.
    static BEFORE_STATEMENT: RefCell<Option<Before>> = const { RefCell::new(None) };
}

struct Waiting {
    moment: Moment,
    commits: u32,
}

impl Waiting {
    /// Whether the moment has come, before a statement.
    fn has_come(&mut self, sql: &str) -> bool {
        match &mut self.moment {
            Moment::Statement(0) => true,
            Moment::Statement(left) => {
                *left -= 1;
                sql == "COMMIT"
            }
            Moment::AfterCommit(number) => {
                let has_come = self.commits >= *number;
                self.commits += u32::from(sql == "COMMIT");
                has_come
            }
            Moment::BeforeClearing => sql.starts_with("DELETE FROM \"sync_log_outbox\""),
        }
    }
}
