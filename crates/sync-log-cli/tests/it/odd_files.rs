//! Files that another program wrote to, that lie far down, or that are no sync log.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use sync_log_sqlite::FILE_NAME;

use crate::common::{
    DEVICE, EARLIER_PROGRAM, LIBRARY, PHONE, PROGRAM, TABLET, alter, block_on, change, fill, open,
    run, stamp, stderr,
};

/// The lines of an export, as JSON.
fn lines(bytes: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(bytes).unwrap().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What an export prints, which has to end.
fn ended_export(folder: &Path, format: &str) -> Vec<u8> {
    let data = folder.join("exported");
    let mut command = Command::new(PROGRAM);
    command.args(["export", "--format", format]).arg(folder);
    let mut child = command
        .stdout(fs::File::create(&data).unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(0), "{format}");
    fs::read(&data).unwrap()
}

#[test]
fn keys_that_are_no_text_are_exported_once_each() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let sql = "INSERT INTO shared_changes (hlc, model_type, record_uuid, change_type, data, created_at)
               VALUES (NULL, 'null', 'r', 'insert', '{}', ''), (x'00ff', 'blob', 'r', 'insert', x'fe', ''),
               (x'01', 'blob', 'r', 'insert', '{}', ''), (CAST(x'7aff' AS TEXT), 'broken', 'r', 'insert', '{}', ''),
               (CAST(x'7afe' AS TEXT), 'broken', 'r', 'insert', '{}', '')";
    alter(folder.path(), sql);
    for format in ["ndjson", "json", "csv", "table"] {
        let exported = ended_export(folder.path(), format);
        let text = String::from_utf8(exported.clone()).unwrap();
        for (word, times) in [("null", 1), ("blob", 2), ("broken", 2)] {
            let rows = text.lines().filter(|line| {
                line.contains(&format!("\"{word}\""))
                    || line.contains(&format!(",{word},"))
                    || line.contains(&format!("  {word}  "))
            });
            assert_eq!(rows.count(), times, "{format}: {text}");
        }
        if format == "ndjson" {
            let rows = lines(&exported);
            assert_eq!(rows.len(), 10);
            assert_eq!(rows[0]["hlc"], Value::Null);
            assert_eq!(rows[8]["hlc"], "x'00ff'");
            assert_eq!(rows[8]["data"], "x'fe'");
        }
    }
}

#[test]
fn an_export_is_whole_although_the_log_is_pruned_meanwhile() {
    const MANY: u64 = 1500;
    let folder = tempfile::tempdir().unwrap();
    let log = block_on(async {
        let log = open(folder.path()).await;
        log.register_peer(PHONE).await.unwrap();
        for start in (0..MANY).step_by(100) {
            let changes = (start..start + 100).map(|record| change(record.into()));
            log.record_many(changes.collect()).await.unwrap();
        }
        log
    });
    let mut command = Command::new(PROGRAM);
    let mut child = command
        .arg("export")
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut exported = vec![0];
    // It has begun, and waits for the pipe, which is smaller than the log.
    stdout.read_exact(&mut exported).unwrap();
    block_on(async {
        log.record_ack(PHONE, stamp(MANY - 1)).await.unwrap();
        log.prune_acked().await.unwrap();
        assert_eq!(log.status().await.unwrap().pending_entries, 0);
    });
    stdout.read_to_end(&mut exported).unwrap();
    assert!(child.wait().unwrap().success());
    let stamps = lines(&exported)
        .into_iter()
        .map(|entry| entry["hlc"].clone());
    let expected = (0..MANY).map(|counter| Value::from(stamp(counter).to_string()));
    assert!(stamps.eq(expected));
    block_on(log.close()).unwrap();
}

#[test]
fn another_database_is_said_to_be_no_sync_log() {
    let folder = tempfile::tempdir().unwrap();
    alter(folder.path(), "CREATE TABLE photos (id)");
    let before = fs::read(folder.path().join(FILE_NAME)).unwrap();
    for command in [
        "verify", "status", "peers", "explain", "tail", "export", "prune",
    ] {
        let output = run(&[command], folder.path());
        assert_eq!(
            output.status.code(),
            Some(4),
            "{command}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains("it is not a sync log"),
            "{command}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{command}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert!(fs::read(folder.path().join(FILE_NAME)).unwrap() == before);
}

/// A folder whose path has this many bytes.
#[cfg(unix)]
fn far_down(folder: &Path, bytes: usize) -> std::path::PathBuf {
    let mut path = fs::canonicalize(folder).unwrap();
    while path.as_os_str().len() < bytes {
        let missing = bytes - path.as_os_str().len();
        path.push("d".repeat(missing.clamp(2, 101) - 1));
    }
    fs::create_dir_all(&path).unwrap();
    path
}

#[cfg(unix)]
#[test]
fn a_path_that_sqlite_does_not_take_is_named() {
    let (folder, full) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(full.path());
    let far = far_down(folder.path(), 497);
    fs::copy(full.path().join(FILE_NAME), far.join(FILE_NAME)).unwrap();
    let (library, device) = (LIBRARY.to_string(), DEVICE.to_string());
    let old = tempfile::tempdir().unwrap();
    let made = rusqlite::Connection::open(old.path().join("sync_log.db")).unwrap();
    let row = "CREATE TABLE sync_log (sequence, device_id, timestamp, model_type, record_id, change_type, data);
               INSERT INTO sync_log VALUES (1, '00000000-0000-0000-0000-0000000000a0', '2018-02-10T03:27:15Z',
               'tag', '00000000-0000-0000-0000-000000000001', 'insert', '{}')";
    made.execute_batch(row).unwrap();
    let far_and_new = far_down(folder.path(), 498);
    let into = far_and_new.to_str().unwrap();
    let calls = [
        run(&["status"], &far),
        run(&["export"], &far),
        run(
            &[
                "import",
                "--library",
                &library,
                "--device",
                &device,
                "--into",
                into,
            ],
            old.path(),
        ),
    ];
    for ended in calls {
        assert_eq!(ended.status.code(), Some(3), "{}", stderr(&ended));
        assert!(
            stderr(&ended).contains("SQLite takes 504"),
            "{}",
            stderr(&ended)
        );
    }
    let near = far_down(folder.path(), 496);
    fs::copy(full.path().join(FILE_NAME), near.join(FILE_NAME)).unwrap();
    assert_eq!(run(&["status"], &near).status.code(), Some(1));
    assert_eq!(run(&["prune"], &near).status.code(), Some(0));
}

#[test]
fn a_temporary_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    alter(folder.path(), EARLIER_PROGRAM);
    let missing = folder.path().join("missing");
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let mut folders = vec![missing, file];
    // A folder in which nothing can be made, even by root.
    folders.extend(
        Path::new("/proc/self")
            .exists()
            .then(|| "/proc/self".into()),
    );
    // Folders whose paths SQLite does not take.
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let not_text = folder.path().join(std::ffi::OsStr::from_bytes(b"\xff"));
        fs::create_dir(&not_text).unwrap();
        folders.extend([not_text, far_down(folder.path(), 460)]);
    }
    for temporary in folders {
        let mut command = Command::new(PROGRAM);
        command.arg("adopt").arg(folder.path()).arg("--dry-run");
        command.args([
            "--library",
            &LIBRARY.to_string(),
            "--device",
            &DEVICE.to_string(),
        ]);
        let ended = command.env("TMPDIR", &temporary).output().unwrap();
        assert_eq!(ended.status.code(), Some(3), "{}", stderr(&ended));
        let named = format!("to {}", temporary.display());
        for text in [&named, "a folder for temporary files (TMPDIR)"] {
            assert!(stderr(&ended).contains(text), "{}", stderr(&ended));
        }
    }
}

/// A legacy log with one row of this device, of this time.
fn legacy(time: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = rusqlite::Connection::open(folder.path().join("sync_log.db")).unwrap();
    let rows = format!(
        "CREATE TABLE sync_log (sequence, device_id, timestamp, model_type, record_id, change_type, data);
         INSERT INTO sync_log VALUES (1, '{DEVICE}', '{time}', 'tag', '{PHONE}', 'insert', '{{}}')"
    );
    file.execute_batch(&rows).unwrap();
    folder
}

fn import(old: &Path, device: &str, into: &Path, more: &[&str]) -> Output {
    let (library, into) = (LIBRARY.to_string(), into.to_str().unwrap());
    let args = [
        "import",
        "--library",
        &library,
        "--device",
        device,
        "--into",
        into,
    ];
    run(&[&args[..], more].concat(), old)
}

#[test]
fn an_import_for_a_device_that_no_row_mentions_makes_nothing() {
    let (old, target) = (legacy("2018-02-10T03:27:15Z"), tempfile::tempdir().unwrap());
    let into = target.path().join("new");
    for more in [&[][..], &["--dry-run"]] {
        let ended = import(old.path(), &TABLET.to_string(), &into, more);
        assert_eq!(ended.status.code(), Some(2), "{}", stderr(&ended));
        assert!(
            stderr(&ended).contains(&format!("its rows are of {DEVICE}")),
            "{}",
            stderr(&ended)
        );
        assert!(!into.exists());
    }
}

#[test]
fn an_import_reads_times_as_sqlite_writes_them_and_names_a_row_without_one() {
    let cases = [
        ("2018-02-10T03:27:15Z", 0, "000001617dc0ae38-"),
        ("2018-02-10 03:27:15", 0, "000001617dc0ae38-"),
        ("2018-02-10 03:27:15.007", 0, "000001617dc0ae3f-"),
        ("some day", 1, "0000000000000001-"),
    ];
    for (time, code, start) in cases {
        let (old, target) = (legacy(time), tempfile::tempdir().unwrap());
        let into = target.path().join("new");
        for more in [&["--dry-run"][..], &[]] {
            let ended = import(old.path(), &DEVICE.to_string(), &into, more);
            assert_eq!(
                ended.status.code(),
                Some(code),
                "{time}: {}",
                stderr(&ended)
            );
        }
        let entries = lines(&run(&["export"], &into).stdout);
        let hlc = entries[0]["hlc"].as_str().unwrap();
        assert!(hlc.starts_with(start), "{time}: {hlc}");
    }
}
