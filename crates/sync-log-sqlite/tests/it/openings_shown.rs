//! What is reported at `INFO` about openings. The test has a process for itself, because a process has
//! one subscriber.

use std::error::Error;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use sync_log_sqlite::{SyncDb, Uuid};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata};

use crate::common::events::{Events, Hear};
use crate::common::{DEVICE, LIBRARY, as_child, file_in, folder, other_program, run_alone};

const LAPTOP: Uuid = Uuid::from_u128(3);

/// What is reported at `INFO` and above, one event a line.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<String>>);

impl Hear for Shown {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn hear(&self, event: &Event<'_>) {
        let mut shown = self.0.lock().unwrap();
        write!(shown, "\n{}", event.metadata().target()).unwrap();
        event.record(&mut Line(&mut shown));
    }
}

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let cause = value.source().map(ToString::to_string);
        write!(self.0, " {field}={value} cause={cause:?}").unwrap();
    }
}

fn assert_shown(shown: &str, parts: &[&str]) {
    let is_whole = |line: &str| parts.iter().all(|part| line.contains(part));
    assert!(shown.lines().any(is_whole), "{parts:?}: {shown}");
}

#[tokio::test]
async fn what_was_opened_and_adopted_and_why_an_opening_failed_is_shown() {
    if as_child().is_none() {
        return run_alone(what_was_opened_and_adopted_and_why_an_opening_failed_is_shown);
    }
    let shown = Shown::default();
    tracing::subscriber::set_global_default(Events(shown.clone())).unwrap();
    let folder = folder();
    let tables = "CREATE TABLE peer_acks (peer_device_id TEXT PRIMARY KEY, \
                  last_acked_hlc TEXT NOT NULL, acked_at TEXT NOT NULL); \
                  INSERT INTO peer_acks VALUES ('x', 'x', 'x')";
    other_program(folder.path()).execute_batch(tables).unwrap();
    let log = SyncDb::open(LIBRARY, DEVICE, folder.path()).await.unwrap();
    log.close().await.unwrap();
    let refused = SyncDb::open(LIBRARY, LAPTOP, folder.path()).await;
    refused.unwrap_err();

    let shown = shown.0.lock().unwrap();
    let path = format!("path={}", file_in(folder.path()).display());
    let [library, device] = [LIBRARY, DEVICE].map(|id| id.to_string());
    assert_shown(&shown, &["message=opened", &path, &library, &device]);
    let adopted = [
        "message=adopted what another program wrote",
        "an earlier program made the file",
        "kept=0",
    ];
    assert_shown(&shown, &adopted);
    let failed = ["message=failed to open", "cause=Some(\"", &device];
    assert_shown(&shown, &failed);
    assert!(!shown.contains("\nsea_"), "{shown}");
}
