//! Permission bits do not bind root, so tests of them run as another user.

use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use super::{as_child, assert_passed, child, child_of, folder, this_binary};

const NOBODY: u32 = 65_534;

/// Runs `test` as a child that has no special rights, on a folder
/// that it owns.
fn run_unprivileged<Test>(test: Test, folder: &Path) {
    let data_dir = folder.join("data");
    std::fs::create_dir(&data_dir).expect("the test folder is there");
    let mut command = if is_root(folder) {
        let binary = reachable_binary(folder);
        for path in [folder, &data_dir] {
            chown(path, Some(NOBODY), Some(NOBODY)).expect("the test folder is there");
        }
        let mut command = child_of(&binary, test, &data_dir);
        command.uid(NOBODY).gid(NOBODY);
        command
    } else {
        child(test, &data_dir)
    };
    assert_passed(&output(&mut command));
}

/// Makes `check` on a folder, without special rights: the body of `test`.
pub(crate) fn unprivileged<Test>(test: Test, check: impl AsyncFnOnce(&Path)) {
    let Some(data_dir) = as_child() else {
        return run_unprivileged(test, folder().path());
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(check(&data_dir));
}

/// This binary, where anybody may run it.
fn reachable_binary(folder: &Path) -> PathBuf {
    let this = this_binary();
    let binary = folder.join("tests");
    if std::fs::hard_link(&this, &binary).is_err() {
        std::fs::copy(&this, &binary).expect("the test folder is there");
    }
    binary
}

/// A binary that was just copied is "busy" while a child that another test
/// forked in that moment still holds the descriptor it was written through.
fn output(command: &mut Command) -> Output {
    loop {
        match command.output() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            ended => return ended.expect("the test folder is there"),
        }
    }
}

fn is_root(folder: &Path) -> bool {
    let trial = folder.join("trial");
    std::fs::write(&trial, b"").expect("the test folder is there");
    std::fs::set_permissions(&trial, PermissionsExt::from_mode(0o000))
        .expect("the test folder is there");
    std::fs::read(&trial).is_ok()
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode))
        .expect("the test folder is there");
}
