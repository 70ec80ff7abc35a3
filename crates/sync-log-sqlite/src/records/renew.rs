//! Gives a log a new id, because it lacks something.

use sync_log_core::{Altered, ChainFault, Hlc, LogState, Needs, WriteJob, Writes};

use super::sync_error::SyncError;
use crate::open::SyncDb;

/// Whether the log lacks an own entry at this stamp, and a peer could read past the gap: the log was restored
/// from a backup, or another program has made it.
///
/// No peer can in a log that got its id after that entry was given out, and that begins with a floor. Such a
/// log keeps its id, because a new one would cost each peer another snapshot.
pub(super) async fn hides_a_gap(log: &SyncDb, last: Hlc) -> Result<bool, SyncError> {
    let LogState {
        head,
        floor,
        settled,
        ..
    } = log.state().await?;
    let is_renewed = settled >= last && !floor.hlc.is_zero();
    Ok(head.hlc < last && !is_renewed)
}

/// Stores in the log that it lacks what the records have up to this stamp. The next opening adopts the log,
/// which then gets a new id and a floor, and is settled at or above the stamp. What the app has said of its
/// peers stays.
pub(super) async fn put_on_record(log: &SyncDb, at: Hlc) -> Result<(), SyncError> {
    let job = WriteJob::new(
        |_| Needs::default(),
        move |view| {
            Ok(Writes {
                high_water: (at > view.state.high_water).then_some(at),
                altered: Some(Altered {
                    hlc: at,
                    fault: ChainFault::LacksRecords,
                }),
                ..Writes::default()
            })
        },
    );
    Ok(log.run(job).await?)
}
