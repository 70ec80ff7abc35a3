//! What happens to a device at a statement of the product: its files are copied, as a process leaves them
//! that is killed there, or another program locks its database.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use tempfile::TempDir;

use super::folder::{self, Lock};
use crate::common::statements::before_each;

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
    let acted = Rc::new(RefCell::new(None));
    let result = Rc::clone(&acted);
    let mut waiting = Waiting { moment, commits: 0 };
    let before = move |sql: &str| {
        let mut result = result.borrow_mut();
        if waiting.has_come(sql) && result.is_none() {
            *result = act();
        }
    };
    let listening = before_each(before);
    let done = work();
    drop(listening);
    (done, acted.take())
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
