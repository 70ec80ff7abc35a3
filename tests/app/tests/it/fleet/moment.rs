//! Copies the files of a device at a statement of the product: what a process leaves that is killed
//! there.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::folder;

/// When a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Before the statement with this number, counted from 0, and before the commit at the latest.
    Statement(u32),
    /// After the commit with this number, counted from 1.
    AfterCommit(u32),
    /// When the log has what was in the outbox, and the outbox still has it, too.
    BeforeClearing,
}

/// Runs `work`, and copies `folder` at a moment of it, or afterwards if the moment never comes.
pub(super) fn copied_at<T>(
    moment: Moment,
    folder: PathBuf,
    work: impl FnOnce() -> T,
) -> (T, TempDir) {
    let watch = Watch {
        state: Arc::new(Mutex::new(State {
            moment,
            commits: 0,
            copy: None,
        })),
        folder: folder.clone(),
    };
    let state = Arc::clone(&watch.state);
    let done = tracing::subscriber::with_default(watch, work);
    let copy = lock(&state).copy.take();
    (done, copy.unwrap_or_else(|| folder::copy(&folder)))
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The product reports each statement before it runs it.
struct Watch {
    state: Arc<Mutex<State>>,
    folder: PathBuf,
}

struct State {
    moment: Moment,
    commits: u32,
    copy: Option<TempDir>,
}

impl State {
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

impl Subscriber for Watch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::TRACE && metadata.target() == "sync_log_sqlite::statement"
    }

    fn event(&self, event: &Event<'_>) {
        let mut sql = Sql::default();
        event.record(&mut sql);
        let mut state = lock(&self.state);
        if state.copy.is_none() && state.has_come(&sql.0) {
            state.copy = Some(folder::copy(&self.folder));
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The text of a statement.
#[derive(Default)]
struct Sql(String);

impl Visit for Sql {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            value.clone_into(&mut self.0);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
