//! How commands end: by a signal, or because their output is read no longer.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use sync_log_sqlite::FILE_NAME;

use crate::common::{DEVICE, LIBRARY, PROGRAM, fill};

/// Both signals, by name, and the exit codes in which they end.
const SIGNALS: [(&str, i32); 2] = [("INT", 130), ("TERM", 143)];

fn send(signal: &str, child: &Child) {
    let mut kill = Command::new("kill");
    kill.arg(format!("-{signal}")).arg(child.id().to_string());
    assert!(kill.status().unwrap().success());
}

fn names(folder: &Path) -> BTreeSet<OsString> {
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name()).collect()
}

fn spawn(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until the child has ended, and returns its exit code, and what it wrote to stderr.
fn end_of(mut child: Child, within: Duration) -> (Option<i32>, String) {
    let began = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if began.elapsed() > within {
            child.kill().unwrap();
            panic!("it has not ended within {within:?}");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    (code, said)
}

#[test]
fn a_signal_ends_a_command_that_follows_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let before = names(folder.path());
    for (signal, code) in SIGNALS {
        let mut command = Command::new(PROGRAM);
        let mut child = spawn(
            command
                .args(["tail", "-f", "--format", "ndjson"])
                .arg(folder.path()),
        );
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut String::new()).unwrap();
        send(signal, &child);
        let (ended, said) = end_of(child, Duration::from_secs(20));
        assert_eq!((ended, said.as_str()), (Some(code), ""), "{signal}");
        assert_eq!(names(folder.path()), before, "{signal}");
    }
}

#[test]
fn a_signal_ends_a_command_that_waits_for_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    crate::common::alter(
        folder.path(),
        "UPDATE shared_changes SET data = '\"' || hex(zeroblob(200000)) || '\"'",
    );
    let mut command = Command::new(PROGRAM);
    let mut child = spawn(command.arg("export").arg(folder.path()));
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
    send("TERM", &child);
    let (ended, said) = end_of(child, Duration::from_secs(30));
    assert_eq!((ended, said.as_str()), (Some(143), ""));
}

#[test]
fn a_signal_ends_an_import_which_the_next_run_continues() {
    const ROWS: usize = 30_000;
    let (old, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = rusqlite::Connection::open(old.path().join("sync_log.db")).unwrap();
    let rows = format!(
        "CREATE TABLE sync_log (sequence, device_id, timestamp, model_type, record_id, change_type, data);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS})
         INSERT INTO sync_log SELECT i, '{DEVICE}', '2018-02-10 03:27:15', 'tag',
         '00000000-0000-0000-0000-000000000001', 'insert', '{{}}' FROM n"
    );
    file.execute_batch(&rows).unwrap();
    let import = || {
        let mut command = Command::new(PROGRAM);
        command
            .arg("import")
            .arg(old.path())
            .arg("--into")
            .arg(target.path());
        command.args([
            "--library",
            &LIBRARY.to_string(),
            "--device",
            &DEVICE.to_string(),
        ]);
        command
    };
    let child = spawn(&mut import());
    while !target.path().join(FILE_NAME).exists() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    send("INT", &child);
    let (ended, said) = end_of(child, Duration::from_secs(60));
    assert_eq!((ended, said.as_str()), (Some(130), ""));
    assert_eq!(names(target.path()), BTreeSet::from([FILE_NAME.into()]));
    let continued = import().output().unwrap();
    assert_eq!(continued.status.code(), Some(0), "{continued:?}");
    let export = Command::new(PROGRAM)
        .arg("export")
        .arg(target.path())
        .output()
        .unwrap();
    assert_eq!(
        export.stdout.iter().filter(|byte| **byte == b'\n').count(),
        ROWS
    );
}

/// A command that has printed what there is, and follows the log.
fn following(folder: &Path) -> (Child, BufReader<ChildStdout>) {
    let mut command = Command::new(PROGRAM);
    let mut child = spawn(command.args(["tail", "-f"]).arg(folder));
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for _ in 0..5 {
        stdout.read_line(&mut String::new()).unwrap();
    }
    (child, stdout)
}

/// Otherwise it would never end: the file that was opened gets no more entries.
#[test]
fn a_command_that_follows_ends_when_its_log_is_moved() {
    let ends: [fn(&Path); 3] = [
        |file| fs::rename(file, file.with_extension("moved")).unwrap(),
        |file| fs::remove_file(file).unwrap(),
        |file| {
            let other = tempfile::tempdir().unwrap();
            fill(other.path());
            fs::copy(other.path().join(FILE_NAME), file.with_extension("other")).unwrap();
            fs::rename(file.with_extension("other"), file).unwrap();
        },
    ];
    for end in ends {
        let folder = tempfile::tempdir().unwrap();
        fill(folder.path());
        let (child, _stdout) = following(folder.path());
        end(&folder.path().join(FILE_NAME));
        let (ended, said) = end_of(child, Duration::from_secs(20));
        assert_eq!(ended, Some(3), "{said}");
        assert!(said.contains("no longer the log that was opened"), "{said}");
        assert!(said.contains("help: run the command again"), "{said}");
    }
}

#[test]
fn a_command_that_follows_ends_with_its_reader() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let (child, stdout) = following(folder.path());
    // Nothing more is written that could fail.
    drop(stdout);
    let (ended, said) = end_of(child, Duration::from_secs(20));
    assert_eq!((ended, said.as_str()), (Some(0), ""));
}
