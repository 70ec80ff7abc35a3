//! The commands that look into a log and that change one, as a user runs them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sync_log_sqlite::FILE_NAME;
use tempfile::TempDir;

use crate::common::{
    DEVICE, EARLIER_PROGRAM, LIBRARY, PHONE, PROGRAM, alter, block_on, change, fill, fill_alone,
    open, run, stamp, stderr,
};

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

/// Runs a command that has to end in `code`, and reads the JSON it prints.
fn json(args: &[&str], path: &Path, code: i32) -> Value {
    let output = run(&[args, &["--json"]].concat(), path);
    assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Five entries, of which the phone has three and the tablet none.
fn library() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    folder
}

#[test]
fn register_takes_all_or_none_and_solo_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    fill_alone(folder.path());
    json(&["solo"], folder.path(), 0);
    let (phone, own) = (PHONE.to_string(), DEVICE.to_string());
    let refused = run(&["register", &phone, &own], folder.path());
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    let peers = json(&["peers"], folder.path(), 0);
    assert_eq!(peers["peers"], serde_json::json!([]));
    json(&["register", &phone], folder.path(), 0);
    let status = json(&["status"], folder.path(), 1);
    assert_eq!(status["kept_by"][0], "never_acked");
}

#[test]
fn a_copy_of_a_log_in_use_is_named_as_one() {
    let library = library();
    let backup = library.path().join("copy.db");
    block_on(async {
        let log = open(library.path()).await;
        log.backup_to(&backup).await.unwrap();
        log.close().await.unwrap();
    });
    for name in ["status", "explain", "verify"] {
        let of_copy = run(&[name], &backup);
        assert!(stderr(&of_copy).contains("a copy that backup_to made"));
        assert_eq!(stderr(&run(&[name], library.path())), "", "{name}");
    }
}

#[test]
fn after_a_prune_that_finds_nothing_left_there_is_nothing_to_explain() {
    let folder = tempfile::tempdir().unwrap();
    fill_alone(folder.path());
    json(&["solo"], folder.path(), 0);
    let next = format!("next: sync-log status {}", folder.path().display());
    for entries in ["1", "0"] {
        let pruned = run(&["prune", "--json"], folder.path());
        assert!(stdout(&pruned).contains(&format!("\"entries\": \"{entries}\"")));
        assert_eq!(stderr(&pruned).trim_end(), next);
    }
}

#[test]
fn tail_follows_a_log_that_another_process_writes_to() {
    let library = library();
    let mut command = Command::new(PROGRAM);
    command
        .args(["tail", "-f", "-n", "1", "--format", "ndjson"])
        .arg(library.path());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines
            .next()
            .unwrap()
            .unwrap()
            .contains(&stamp(4).to_string())
    );
    block_on(async {
        let log = open(library.path()).await;
        log.record(change(6)).await.unwrap();
        // The command looks while the log is open, and sees what is committed.
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains(&stamp(5).to_string()), "{line}");
        assert_eq!(json(&["verify"], library.path(), 0)["sound"], true);
        log.close().await.unwrap();
    });
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn tail_of_no_entries_follows_from_the_end() {
    let library = library();
    let mut command = Command::new(PROGRAM);
    let ends = ["tail", "-f", "-n", "0", "--format", "csv"];
    command.args(ends).arg(library.path());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The names of the columns are printed once the end is known.
    assert!(lines.next().unwrap().unwrap().starts_with("hlc,"));
    block_on(async {
        let log = open(library.path()).await;
        log.record(change(6)).await.unwrap();
        log.close().await.unwrap();
    });
    let line = lines.next().unwrap().unwrap();
    assert!(line.contains(&stamp(5).to_string()), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn what_another_program_stored_is_exported_byte_for_byte() {
    let library = library();
    let odd = "t\u{1b}[31m\u{7f}\u{202e}";
    let sql = format!("UPDATE shared_changes SET model_type = '{odd}'");
    alter(library.path(), &sql);
    let output = run(&["export", "--format", "csv"], library.path());
    assert_eq!(stdout(&output).matches(odd).count(), 5);
}

#[test]
fn a_file_that_cannot_be_opened_sets_the_exit_code_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let looks = ["status", "peers", "explain", "tail", "verify", "export"];
    let changes = ["prune", "solo"];
    for command in looks.iter().chain(&changes) {
        let output = run(&[command], folder.path());
        assert_eq!(
            output.status.code(),
            Some(3),
            "{command}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let library = library();
    let newer = "INSERT INTO sync_log_migrations VALUES ('sync_log_9999_future', 0)";
    alter(library.path(), newer);
    let output = run(&["status"], library.path());
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
}

/// A legacy, leader-based log with these rows.
fn old_log(rows: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = rusqlite::Connection::open(folder.path().join("sync_log.db")).unwrap();
    let table = "CREATE TABLE sync_log (sequence, device_id, timestamp, model_type, record_id, \
                 change_type, data);";
    file.execute_batch(&format!("{table} {rows}")).unwrap();
    folder
}

#[test]
fn an_import_leaves_what_another_program_wrote_as_it_was() {
    let old = old_log("");
    let earlier = tempfile::tempdir().unwrap();
    alter(earlier.path(), EARLIER_PROGRAM);
    let altered = library();
    alter(altered.path(), "UPDATE shared_changes SET data = '[]'");
    let found = library();
    alter(
        found.path(),
        "UPDATE sync_log_state SET altered_at = head, altered = 'other_tag'",
    );
    let (library, device) = (LIBRARY.to_string(), DEVICE.to_string());
    for (folder, code) in [(earlier, 2), (altered, 2), (found, 4)] {
        let bytes = || std::fs::read(folder.path().join(FILE_NAME)).unwrap();
        let before = bytes();
        let into = folder.path().to_str().unwrap();
        let ids = ["--library", &library, "--device", &device];
        let import = [&["import", "--into", into][..], &ids].concat();
        for args in [import.clone(), [&import[..], &["--dry-run"]].concat()] {
            let output = run(&args, old.path());
            assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
            assert!(bytes() == before, "{args:?}");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        }
    }
}

#[test]
fn a_dry_run_of_an_import_ends_as_the_import_does() {
    let old = old_log(
        "INSERT INTO sync_log VALUES (1, '00000000-0000-0000-0000-0000000000a0', \
         '2018-02-10T03:27:15Z', 'tag', '00000000-0000-0000-0000-000000000001', 'insert', '{}')",
    );
    let (target, full) = (tempfile::tempdir().unwrap(), library());
    let make = |name: &str, bytes: &[u8]| {
        let folder = target.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(FILE_NAME), bytes).unwrap();
        folder
    };
    let (library, device) = (LIBRARY.to_string(), DEVICE.to_string());
    let other = PHONE.to_string();
    let new = target.path().join("new");
    let file = full.path().join(FILE_NAME);
    let cases = [
        (new.clone(), &device, 0),
        (new.clone(), &device, 0),
        (new, &other, 2),
        (make("empty", b""), &device, 0),
        (make("short", b"x"), &device, 3),
        (make("text", &[b'x'; 5000]), &device, 3),
        (full.path().to_owned(), &device, 2),
        (file, &device, 3),
    ];
    for (into, of, code) in cases {
        let into = into.to_str().unwrap();
        let import = [
            "import",
            "--into",
            into,
            "--library",
            &library,
            "--device",
            of,
        ];
        let dry = run(&[&import[..], &["--dry-run"]].concat(), old.path());
        let done = run(&import, old.path());
        assert_eq!(dry.status.code(), Some(code), "{into}: {}", stderr(&dry));
        assert_eq!(done.status.code(), Some(code), "{into}: {}", stderr(&done));
        assert_eq!(stdout(&dry), stdout(&done), "{into}");
    }
}

#[test]
fn every_command_has_completions_and_a_manual_page() {
    let print = |args: &[&str]| {
        let mut command = Command::new(PROGRAM);
        let output = command.args(args).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}: {}",
            stderr(&output)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let help = print(&["--help"]);
    let (_, list) = help.split_once("\nCommands:\n").unwrap();
    let listed = list.lines().take_while(|line| !line.is_empty());
    let listed = listed.filter_map(|line| line.split_whitespace().next());
    let commands: Vec<_> = listed.filter(|name| *name != "help").collect();
    assert!(commands.len() > 15, "{commands:?}");
    let (completions, manual) = (print(&["completions", "bash"]), print(&["man"]));
    for command in commands {
        assert!(completions.contains(command), "{command}");
        let named = format!("sync\\-log\\-{command}(1)");
        assert!(manual.contains(&named), "{command}: {manual}");
        let page = print(&["man", command]);
        assert!(
            page.contains(&format!("\n.TH sync-log-{command} 1 ")),
            "{page}"
        );
        assert!(
            page.contains(".SH SYNOPSIS") && page.contains(".SH DESCRIPTION"),
            "{page}"
        );
    }
    let mut command = Command::new(PROGRAM);
    let unknown = command.args(["man", "nothing"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}
