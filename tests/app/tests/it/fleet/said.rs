//! What the handle says of its records.

use std::path::Path;

use anyhow::{Result, ensure};
use simulator::apps::Found;
use sync_log_sqlite::Hlc;
use sync_log_sqlite::inspect::Inspector;
use sync_log_sqlite::receive::Standing;
use sync_log_sqlite::records::SharedRecords;

use super::look::without_prefix;

/// Compares what the handle says with what was found.
pub(super) async fn agrees(records: &SharedRecords, found: &Found) -> Result<()> {
    let mut hidden = Vec::new();
    for (id, standing) in &found.standings {
        let said = records.record(id).await?;
        let said = said.map(|record| without_prefix(record.standing));
        let is_same = said.as_ref() == Some(standing);
        ensure!(is_same, "{id} is said to be {said:?} and is {standing:?}");
        if let Standing::NotShown(_) = standing {
            hidden.push(id.clone());
        }
    }
    let not_shown = records.not_shown(usize::MAX).await?;
    let not_shown: Vec<_> = not_shown.into_iter().map(|(id, _)| id).collect();
    ensure!(
        not_shown == hidden,
        "{not_shown:?} are said not to be shown and {hidden:?} are not"
    );
    let unrecorded = records.audit(usize::MAX).await?;
    ensure!(unrecorded.is_empty(), "not recorded: {unrecorded:?}");
    let status = records.status().await?;
    let read = status.received.iter().filter(|it| !it.cursor.is_zero());
    let received = read.map(|it| (&it.origin, &it.cursor));
    let is_same = status.outbox_entries == found.outbox.len() as u64
        && status.waiting_entries == found.waiting.len() as u64
        && received.eq(found.watermarks.iter())
        && status.log.head == found.log.head;
    ensure!(is_same, "{status:?} is said of {found:?}");
    // No file was ever restored, and no log was lost.
    let is_whole = status.log.verdicts.is_empty() && status.unversioned == Hlc::ZERO;
    ensure!(is_whole, "the files are said to be old: {status:?}");
    Ok(())
}

/// Checks the chain of a log, and everything else that can be checked on a file.
pub(super) fn is_sound(log: &Path) -> Result<()> {
    for check in Inspector::open(log)?.verify()? {
        ensure!(check.is_ok(), "{check:?}");
    }
    Ok(())
}
