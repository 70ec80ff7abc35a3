//! How a child speaks, and what it listens to.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags};
use sync_log_sqlite::{Hlc, SyncDb};

use super::args::Role;
use crate::line::{Gave, Line, Operation};

pub(super) struct Voice {
    waits: bool,
    told_to_finish: Arc<AtomicBool>,
}

impl Voice {
    pub(super) fn of(role: Role) -> Self {
        let told_to_finish = Arc::new(AtomicBool::new(false));
        if role == Role::Companion {
            let told = Arc::clone(&told_to_finish);
            std::thread::spawn(move || {
                // A parent that is gone tells the same.
                let _ = heard();
                told.store(true, Ordering::Release);
            });
        }
        Self {
            waits: matches!(role, Role::Stepper | Role::Hoarder),
            told_to_finish,
        }
    }

    pub(super) fn begin(&self, number: u32, what: Operation) -> Result<()> {
        self.say(&Line::Begin { number, what })
    }

    /// Waits until the log has given back what a prune freed, so that what a stepper
    /// does next is alone in the file.
    pub(super) async fn settle(&self, log: &SyncDb) -> Result<()> {
        if !self.waits {
            return Ok(());
        }
        let path = log.path().context("a log in a file")?;
        while free_pages(path)? > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // A job that writes nothing: whatever the writer was at is done then.
        log.observe_all(&[Hlc::ZERO]).await?;
        Ok(())
    }

    /// Says that an operation was `Ok`; a stepper then waits to be told on.
    pub(super) fn done(&self, gave: Gave) -> Result<()> {
        self.say(&Line::Done { gave })?;
        if self.waits && !heard()? {
            bail!("nobody listens any more");
        }
        Ok(())
    }

    /// One write, at once: what was said before a kill is in the pipe.
    pub(super) fn say(&self, line: &Line) -> Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(line.to_text().as_bytes())
            .and_then(|()| out.flush())
            .context("nobody listens")
    }

    pub(super) fn is_told_to_finish(&self) -> bool {
        self.told_to_finish.load(Ordering::Acquire)
    }
}

fn free_pages(path: &Path) -> Result<u32> {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(file.pragma_query_value(None, "freelist_count", |row| row.get(0))?)
}

/// Waits for a line of input; whether there was one.
fn heard() -> Result<bool> {
    let mut line = String::new();
    Ok(std::io::stdin().lock().read_line(&mut line)? > 0)
}
