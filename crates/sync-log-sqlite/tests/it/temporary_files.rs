//! Nothing needs a folder for temporary files: a log is made, adopted and pruned where there is none
//! (`A3`).

use std::path::Path;

use sync_log_sqlite::SyncDb;

use crate::common::earlier::{self, earlier_program};
use crate::common::{as_child, assert_passed, change, child, open};

#[test]
fn a_log_is_made_and_adopted_without_a_folder_for_temporary_files() {
    if let Some(data_dir) = as_child() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        return runtime.unwrap().block_on(live(&data_dir));
    }
    let folder = earlier_program();
    let missing = folder.path().join("missing");
    let mut child = child(
        a_log_is_made_and_adopted_without_a_folder_for_temporary_files,
        folder.path(),
    );
    for variable in ["TMPDIR", "SQLITE_TMPDIR"] {
        child.env(variable, &missing);
    }
    assert_passed(&child.output().unwrap());
    assert!(!missing.exists());
}

async fn live(data_dir: &Path) {
    let adopted = SyncDb::open(earlier::LIBRARY, earlier::DEVICE, data_dir).await;
    let adopted = adopted.unwrap();
    adopted.record(change(1)).await.unwrap();
    adopted.close().await.unwrap();
    let made = open(&data_dir.join("made")).await;
    made.declare_solo().await.unwrap();
    made.record_each((0..500).map(change).collect())
        .await
        .unwrap();
    made.backup_to(&data_dir.join("copy.db")).await.unwrap();
    assert_eq!(made.prune_acked().await.unwrap(), 500);
    made.close().await.unwrap();
}
