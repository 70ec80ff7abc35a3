//! Gives a log a new id, because it lacks something.

use sync_log_core::{Altered, ChainFault, Hlc, Needs, WriteJob, Writes};

use super::sync_error::SyncError;
use crate::open::SyncDb;

/// Stores in the log that it lacks an entry at this stamp. The next opening adopts the log, which then gets
/// a new id and a floor.
pub(super) async fn put_on_record(log: &SyncDb, at: Hlc) -> Result<(), SyncError> {
    let job = WriteJob::new(
        |_| Needs::default(),
        move |_| {
            Ok(Writes {
                altered: Some(Altered {
                    hlc: at,
                    fault: ChainFault::Missing,
                }),
                ..Writes::default()
            })
        },
    );
    Ok(log.run(job).await?)
}
