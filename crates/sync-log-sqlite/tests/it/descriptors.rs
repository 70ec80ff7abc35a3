//! A process that has too many files open is told so, and not that it may not
//! write.

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::Duration;

use sync_log_sqlite::{LogError, OpenError, StoreFault, SyncDb};

use crate::common::{self, DEVICE, LIBRARY, as_child, change, child, folder, open, say};

/// More than a log that is open needs, and less than it takes to wait for.
const LIMIT: u32 = 64;

#[test]
fn too_many_open_files_are_reported_as_that() {
    if let Some(data_dir) = as_child() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        return runtime.unwrap().block_on(open_with_few_left(&data_dir));
    }
    let folder = folder();
    let this = child(too_many_open_files_are_reported_as_that, folder.path());
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &LIMIT.to_string()])
        .arg(this.get_program())
        .args(this.get_args())
        .envs(this.get_envs().filter_map(|(name, to)| Some((name, to?))))
        .stdout(Stdio::piped());
    let mut child = limited.spawn().unwrap();
    let told: Vec<_> = common::heard(&mut child).collect();
    assert!(child.wait().unwrap().success(), "{told:?}");
    assert!(told.contains(&"refused".to_owned()), "{told:?}");
    assert!(told.contains(&"opened".to_owned()), "{told:?}");
}

async fn open_with_few_left(data_dir: &std::path::Path) {
    let log = open(data_dir).await;
    log.record(change(1)).await.unwrap();
    log.close().await.unwrap();
    for left in 0..24 {
        let mut held = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            held.push(file);
        }
        held.truncate(held.len() - left);
        let options = SyncDb::options().busy_timeout(Duration::ZERO);
        match options.open(LIBRARY, DEVICE, data_dir).await {
            Ok(opened) => {
                opened.close().await.unwrap();
                say("opened");
            }
            Err(error) => {
                assert_told(&error, left);
                say("refused");
            }
        }
        drop(held);
        // It was only a matter of files.
        let reopened = open(data_dir).await;
        assert_eq!(reopened.get_since(None, 10).await.unwrap().len(), 1);
        reopened.close().await.unwrap();
    }
}

fn assert_told(error: &OpenError, left: usize) {
    let Some(LogError::Store(error)) = error.as_log_error() else {
        panic!("{error:?}");
    };
    assert_eq!(error.fault(), StoreFault::Io, "{left} left: {error:?}");
    let told = error.to_string();
    assert!(told.contains("too many files are open"), "{left}: {told}");
}
