//! The job that takes own changes into the log (`W1`, `W2`).

use std::sync::Arc;

use crate::decide::append;
use crate::decide::identity::refuse_altered;
use crate::model::SharedChangeEntry;
use crate::store::WriteJob;

/// The job that takes into the log the own changes that [`receive::write`](crate::receive::write()) has
/// put out.
///
/// The job takes the entries as they are: they were stamped under the write lock of the app's database and
/// are committed there, so no limit and no clock may refuse them. Entries that the log has are skipped, so
/// a call that was interrupted can be repeated. From then on the log takes own changes in no other way.
///
/// `entries` are ascending and in whole groups. No entry is missing between the head of the log and the
/// first of `entries`. The job refuses an entry at or below the head that the log neither holds nor has
/// pruned, with [`LogError::Overtaken`](crate::LogError::Overtaken): skipping that entry would lose it.
#[must_use]
pub fn take_over(entries: Vec<SharedChangeEntry>, now_ms: i64) -> WriteJob {
    let bytes = entries.iter().map(SharedChangeEntry::content_bytes).sum();
    let entries = Arc::new(entries);
    let wanted = Arc::clone(&entries);
    let job = WriteJob::new(
        move |state| append::needs(&wanted, state),
        move |view| {
            refuse_altered(view.state)?;
            append::take_over(&entries, view, now_ms)
        },
    );
    job.with_content_bytes(bytes)
}
