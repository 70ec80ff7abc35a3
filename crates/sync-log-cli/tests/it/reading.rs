//! What the commands read of a log that another process writes to, that a killed one left, or
//! that lies where nothing may be written; and how they end when nobody reads them.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write, pipe};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;
use sync_log_sqlite::FILE_NAME;

use crate::common::{DEVICE, PHONE, PROGRAM, alter, block_on, change, fill, open, stamp};

/// How many entries a process writes before it is killed.
const WRITTEN: u64 = 20;

const STRANGER: &str = "00000000-0000-0000-0000-0000000000d0";

/// Every call that only reads, with the exit code it has to end in when the phone lacks all.
fn reading_calls() -> Vec<(Vec<String>, i32)> {
    let (last, phone) = (stamp(WRITTEN - 1).to_string(), PHONE.to_string());
    let calls = [
        ("status", vec![], 1),
        ("peers", vec![], 1),
        ("explain", vec![], 1),
        ("tail", vec!["-n", "1000"], 0),
        ("show", vec![last.as_str()], 0),
        ("verify", vec![], 0),
        ("export", vec![], 0),
        ("prune", vec!["--dry-run"], 0),
        ("register", vec![STRANGER, "--dry-run"], 0),
        ("retire", vec![phone.as_str(), "--dry-run"], 0),
        ("solo", vec!["--dry-run"], 2),
    ];
    let owned = calls.into_iter().map(|(name, rest, code)| {
        let words = std::iter::once(name).chain(rest).map(str::to_owned);
        (words.collect(), code)
    });
    owned.collect()
}

/// `program` called for the log in `folder`.
fn call(mut program: Command, words: &[String], folder: &Path) -> Command {
    program.arg(&words[0]).arg(folder).args(&words[1..]);
    program
}

fn json(words: &[&str], folder: &Path) -> Value {
    json_of(Command::new(PROGRAM), words, folder)
}

fn json_of(program: Command, words: &[&str], folder: &Path) -> Value {
    let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
    let output = output(call(program, &words, folder).arg("--json"));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{words:?}: {output:?}"))
}

fn hlc(entry: &Value) -> &str {
    entry["hlc"].as_str().unwrap()
}

/// A binary that was just copied is "busy" while a child that another test forked in that
/// moment still holds the descriptor it was written through.
fn output(command: &mut Command) -> Output {
    loop {
        match command.output() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            ended => return ended.unwrap(),
        }
    }
}

/// Every file of a folder, byte for byte; of the index that SQLite keeps in shared memory, and
/// that the first reader after a crash builds anew, only that it is there.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let bytes = |path: &Path| {
        if path.ends_with(format!("{FILE_NAME}-shm")) {
            Vec::new()
        } else {
            fs::read(path).unwrap()
        }
    };
    paths.map(|path| (path.clone(), bytes(&path))).collect()
}

/// Every command sees all that was committed, and leaves every file as it was.
fn reads_all_and_changes_nothing(program: &dyn Fn() -> Command, folder: &Path) {
    let before = contents(folder);
    for (words, code) in reading_calls() {
        let ended = output(&mut call(program(), &words, folder));
        assert_eq!(ended.status.code(), Some(code), "{words:?}: {ended:?}");
        assert!(contents(folder) == before, "{words:?} changed the folder");
    }
    let entries = |words: &[&str]| json_of(program(), words, folder);
    let (exported, newest) = (entries(&["export"]), entries(&["tail", "-n", "1000"]));
    let stamps: Vec<_> = (0..WRITTEN)
        .map(|counter| stamp(counter).to_string())
        .collect();
    let exported: Vec<_> = exported.as_array().unwrap().iter().collect();
    assert_eq!(
        exported.iter().map(|entry| hlc(entry)).collect::<Vec<_>>(),
        stamps
    );
    assert_eq!(
        newest.as_array().unwrap().iter().collect::<Vec<_>>(),
        exported
    );
    assert_eq!(
        entries(&["show", stamps.last().unwrap()]),
        **exported.last().unwrap()
    );
    assert_eq!(entries(&["status"])["pending_entries"], WRITTEN.to_string());
    assert_eq!(
        entries(&["peers"])["peers"][0]["lag_entries"],
        WRITTEN.to_string()
    );
    assert_eq!(
        entries(&["explain"])["reasons"][0]["lag_entries"],
        WRITTEN.to_string()
    );
    assert_eq!(entries(&["verify"])["sound"], true);
    assert!(
        contents(folder) == before,
        "reading as JSON changed the folder"
    );
}

const CHILD: &str = "SYNC_LOG_TEST_FOLDER";
const SAID: &str = "said: ";

/// Runs `test` once more, as a process that writes to `folder`.
fn writer<Test>(_: Test, folder: &Path) -> (Child, impl Iterator<Item = String> + use<Test>) {
    let (_, name) = std::any::type_name::<Test>().split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    let run = ["--exact", name, "--nocapture", "--test-threads=1"];
    let child = command.args(run).env(CHILD, folder).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = lines.filter_map(|line| Some(line.unwrap().strip_prefix(SAID)?.to_owned()));
    (child, said)
}

/// Writes `many` entries one by one, says each, and waits to be killed.
fn write_until_killed(folder: &Path, many: u64) {
    block_on(async {
        let log = open(folder).await;
        let mut out = std::io::stdout();
        log.register_peer(PHONE).await.unwrap();
        for record in 0..many {
            let stamp = log.record(change(record.into())).await.unwrap();
            writeln!(out, "\n{SAID}{stamp}").unwrap();
        }
        std::thread::sleep(Duration::from_secs(60));
    });
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What is left of a process that was killed after it had written: the entries are in the
/// `-wal` alone.
fn left_by_a_killed_process<Test>(test: Test, folder: &Path) {
    let (child, said) = writer(test, folder);
    let last = said.take(usize::try_from(WRITTEN).unwrap()).last();
    assert_eq!(last, Some(stamp(WRITTEN - 1).to_string()));
    kill(child);
    let wal = fs::read(folder.join(format!("{FILE_NAME}-wal"))).unwrap();
    let file = fs::read(folder.join(FILE_NAME)).unwrap();
    let device = DEVICE.to_string();
    let holds = |bytes: &[u8]| {
        bytes
            .windows(device.len())
            .any(|part| part == device.as_bytes())
    };
    assert!(holds(&wal) && !holds(&file));
}

#[test]
fn what_a_killed_process_left_is_read_whole_and_stays_as_it_was() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return write_until_killed(folder.as_ref(), WRITTEN);
    }
    let folder = tempfile::tempdir().unwrap();
    let test = what_a_killed_process_left_is_read_whole_and_stays_as_it_was;
    left_by_a_killed_process(test, folder.path());
    reads_all_and_changes_nothing(&|| Command::new(PROGRAM), folder.path());
}

#[test]
fn every_command_reads_what_was_committed_while_another_process_writes() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return write_until_killed(folder.as_ref(), u64::MAX);
    }
    let folder = tempfile::tempdir().unwrap();
    let test = every_command_reads_what_was_committed_while_another_process_writes;
    let (child, mut said) = writer(test, folder.path());
    // `show` has something to show from here on.
    said.find(|said| *said == stamp(WRITTEN - 1).to_string())
        .unwrap();
    // Heard at once, or the writer would wait for the pipe.
    let (hear, heard) = mpsc::channel();
    let listener = std::thread::spawn(move || said.try_for_each(|said| hear.send(said)));
    for (words, code) in reading_calls() {
        let ended = output(&mut call(Command::new(PROGRAM), &words, folder.path()));
        assert_eq!(ended.status.code(), Some(code), "{words:?}: {ended:?}");
    }
    for _ in 0..5 {
        let next = heard.recv().unwrap();
        let committed = heard.try_iter().last().unwrap_or(next);
        assert_eq!(json(&["show", &committed], folder.path())["hlc"], committed);
        let status = json(&["status"], folder.path());
        assert!(status["head"].as_str().unwrap() >= &*committed, "{status}");
        let newest = json(&["tail", "-n", "1"], folder.path());
        assert!(hlc(&newest[0]) >= &*committed, "{newest}");
        let exported = json(&["export"], folder.path());
        let exported = exported.as_array().unwrap();
        for (counter, entry) in (0..).zip(exported) {
            assert_eq!(entry["hlc"], stamp(counter).to_string());
        }
        assert!(hlc(exported.last().unwrap()) >= &*committed);
        assert_eq!(json(&["verify"], folder.path())["sound"], true);
    }
    kill(child);
    listener.join().unwrap().unwrap();
}

#[test]
fn a_log_in_a_read_only_folder_is_read_and_cannot_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("library");
    fs::create_dir(&library).unwrap();
    block_on(async {
        let log = open(&library).await;
        log.register_peer(PHONE).await.unwrap();
        let changes = (0..WRITTEN).map(|record| change(record.into())).collect();
        log.record_many(changes).await.unwrap();
        log.close().await.unwrap();
    });
    in_a_read_only_folder(folder.path(), &library);
}

#[test]
fn a_wal_left_in_a_read_only_folder_is_read_whole() {
    if let Some(folder) = std::env::var_os(CHILD) {
        return write_until_killed(folder.as_ref(), WRITTEN);
    }
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("library");
    fs::create_dir(&library).unwrap();
    left_by_a_killed_process(a_wal_left_in_a_read_only_folder_is_read_whole, &library);
    in_a_read_only_folder(folder.path(), &library);
}

/// As somebody who may only read there.
fn in_a_read_only_folder(folder: &Path, library: &Path) {
    for file in fs::read_dir(library).unwrap() {
        set_mode(&file.unwrap().path(), 0o444);
    }
    set_mode(library, 0o555);
    set_mode(folder, 0o755);
    let program = unprivileged(folder);
    reads_all_and_changes_nothing(&program, library);
    let before = contents(library);
    let (phone, stranger) = (PHONE.to_string(), STRANGER.to_owned());
    for words in [
        &["prune"][..],
        &["register", &stranger],
        &["retire", &phone],
        &["solo"],
    ] {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let ended = output(&mut call(program(), &words, library));
        assert_eq!(ended.status.code(), Some(3), "{words:?}: {ended:?}");
        assert!(ended.stdout.is_empty(), "{words:?}: {ended:?}");
        assert!(contents(library) == before, "{words:?} changed the folder");
    }
    set_mode(library, 0o755);
}

#[test]
fn a_command_that_follows_without_rights_follows_a_copy_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (library, temporary) = (
        folder.path().join("library"),
        folder.path().join("temporary"),
    );
    fs::create_dir(&library).unwrap();
    fs::create_dir(&temporary).unwrap();
    fill(&library);
    set_mode(&library.join(FILE_NAME), 0o444);
    set_mode(&library, 0o555);
    set_mode(&temporary, 0o777);
    set_mode(folder.path(), 0o755);
    let mut command = unprivileged(folder.path())();
    command
        .args(["tail", "-f", "--format", "ndjson"])
        .arg(&library);
    command.env("TMPDIR", &temporary);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(lines.by_ref().take(5).count(), 5);
    set_mode(&library, 0o755);
    set_mode(&library.join(FILE_NAME), 0o644);
    block_on(async {
        let log = open(&library).await;
        log.record(change(6)).await.unwrap();
        log.close().await.unwrap();
    });
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains(&stamp(5).to_string()), "{line}");
    let mut kill = Command::new("kill");
    assert!(kill.arg(child.id().to_string()).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(143), "{ended:?}");
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.starts_with("note: ") && said.contains("reads a copy"),
        "{said}"
    );
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

/// The program, run by a user whom permission bits bind; they do not bind root.
fn unprivileged(folder: &Path) -> impl Fn() -> Command {
    const NOBODY: u32 = 65_534;
    let trial = folder.join("trial");
    fs::write(&trial, b"").unwrap();
    set_mode(&trial, 0o000);
    let is_root = fs::read(&trial).is_ok();
    // Where anybody may run it.
    let program = folder.join("sync-log");
    if is_root && fs::hard_link(PROGRAM, &program).is_err() {
        fs::copy(PROGRAM, &program).unwrap();
    }
    move || {
        if is_root {
            let mut command = Command::new(&program);
            command.uid(NOBODY).gid(NOBODY);
            command
        } else {
            Command::new(PROGRAM)
        }
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn a_command_whose_output_nobody_reads_ends_quietly() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let last = stamp(4).to_string();
    let calls = [
        (&["status"][..], 1),
        (&["peers"], 1),
        (&["explain"], 1),
        (&["tail"], 0),
        (&["tail", "--follow"], 0),
        (&["show", &last], 0),
        (&["verify"], 0),
        (&["export"], 0),
    ];
    for (words, code) in calls {
        for format in ["table", "json", "ndjson", "csv"] {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            let mut command = call(Command::new(PROGRAM), &words, folder.path());
            unheard(command.args(["--format", format]), code);
        }
    }
    unheard(Command::new(PROGRAM).args(["completions", "bash"]), 0);
    unheard(Command::new(PROGRAM).arg("man"), 0);
}

/// Runs a command whose reader has gone before it began.
fn unheard(command: &mut Command, code: i32) {
    let (reader, stdout) = pipe().unwrap();
    drop(reader);
    let ended = command.stdout(stdout).stderr(Stdio::piped()).spawn();
    let ended = ended.unwrap().wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(code), "{command:?}: {ended:?}");
    assert!(ended.stderr.is_empty(), "{command:?}: {ended:?}");
}

#[test]
fn a_reader_that_wants_one_line_gets_it_and_the_rest_is_not_missed() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    // More than any pipe takes in.
    alter(
        folder.path(),
        "UPDATE shared_changes SET data = '\"' || hex(zeroblob(200000)) || '\"'",
    );
    for name in ["tail", "export"] {
        for format in ["table", "json", "ndjson", "csv"] {
            let mut command = Command::new(PROGRAM);
            command
                .arg(name)
                .arg(folder.path())
                .args(["--format", format]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut first = [0];
            child.stdout.take().unwrap().read_exact(&mut first).unwrap();
            let ended = child.wait_with_output().unwrap();
            assert_eq!(ended.status.code(), Some(0), "{command:?}: {ended:?}");
            assert!(ended.stderr.is_empty(), "{command:?}: {ended:?}");
        }
    }
}
